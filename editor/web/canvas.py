"""The canvas as a Gradio component: an empty root which the ES modules in assets/canvas fill.

The template is constant and holds no value: Gradio never renders it anew, and no text of a user ever passes
through it.
"""

from typing import Any

import gradio as gr

MODULES = "palimpsest/canvas/"  # relative to the page, where assets/canvas is served


class Canvas(gr.HTML):
    """The stage, its bars and the start view. No value: the browser asks the server by the document's id."""

    def __init__(self) -> None:
        super().__init__(
            html_template='<div class="palimpsest"></div>',
            js_on_load=(
                'const editor = new URL(props.modules + "app/editor.js", document.baseURI);'
                "import(editor).then(({ mount }) => mount(element));"
            ),
            apply_default_css=False,
            elem_id="canvas",
            modules=MODULES,
        )

    def api_info(self) -> dict[str, Any]:
        return {"type": "null"}
