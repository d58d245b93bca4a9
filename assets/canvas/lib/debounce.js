/** A function which runs `work` once its calls have rested for `ms`; its `now()` does not wait for that. */
export function rested(ms, work) {
  let timer = 0;
  const later = (...values) => {
    clearTimeout(timer);
    timer = setTimeout(() => work(...values), ms);
  };
  later.now = () => {
    clearTimeout(timer);
    work();
  };
  return later;
}
