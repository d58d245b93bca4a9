/** A function which runs `work` once its calls have rested for `ms`. */
export function rested(ms, work) {
  let timer = 0;
  return (...values) => {
    clearTimeout(timer);
    timer = setTimeout(() => work(...values), ms);
  };
}
