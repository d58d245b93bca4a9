/** Returns a function that runs `work` once it has not been called for `ms`; its `now()` runs it at once. */
export function debounce(ms, work) {
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
