// What the section Adapters does with the form and the picture.

import { t } from "../lib/locale.js";

/** editor: the Editor. Returns the actions of `adaptersPanel`. */
export function adapterActions(editor) {
  const report = (error) => editor.notifications.note(error.message, "adapters");
  return {
    refresh: () => editor.form.adapters.choose(editor.form.adapters.pipeline),
    set: (name, weight) => editor.form.adapters.set(name, weight),
    useSettings: (settings) => editor.form.useSettings(settings),
    setReference: (picture) => editor.form.adapters.setReference(picture).catch(report),
    /** Takes what is selected of the picture on show as the reference. */
    async fromSelection() {
      const { doc, form, server } = editor;
      const box = doc?.mask?.bounds();
      if (!box) return editor.notifications.status(t("adapters.select_first"));
      try {
        const cut = await server.cutOut(doc.id, doc.picture.revision, { box, values: doc.mask.crop(box) });
        await form.adapters.setReference(cut);
      } catch (error) {
        report(error);
      }
    },
  };
}
