"""The canvas as a Gradio component: an empty root element that the ES modules in assets/canvas fill.

The template is constant and has no value, so Gradio never renders it again, and no user's text ever passes through it.
"""

from typing import Any

import gradio as gr

from editor.web.modules import MODULES


class Canvas(gr.HTML):
    """The viewport, its toolbars and the start view. It has no value: the browser loads documents by their ids."""

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
        """Returns the JSON schema of the component's value, which is always null."""
        return {"type": "null"}
