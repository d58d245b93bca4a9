
// The first script of the page, before Gradio's. The address bar knows best where the page lies: what the server was
// set for a proxy before it may be wrong, and Gradio would ask for its style there.
{
  const folder = new URL(".", location.href).href.slice(0, -1);
  let config;
  Object.defineProperty(window, "gradio_config", {
    get: () => config,
    set(value) {
      config = { ...value, root: folder };
    },
  });
  // Where scripts are refused, the server says why: most often, a proxy calls it by another name than the browser does.
  addEventListener(
    "error",
    async ({ target }) => {
      if (target.type !== "module") return;
      const answer = await fetch(folder + "/", { method: "POST" });
      if (answer.status !== 403) return;
      const { error } = await answer.json();
      document.body.textContent = error;
    },
    true,
  );
}
