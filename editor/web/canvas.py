"""The canvas as a Gradio component: an empty root element that the ES modules in assets/canvas fill.

The template is constant and has no value, so Gradio never renders it again, and no user's text ever passes through it.
"""

from hashlib import sha256
from pathlib import Path
from typing import Any

import gradio as gr

CANVAS = Path(__file__).parents[2] / "assets" / "canvas"


def _version() -> str:
    """Returns a digest of all the canvas's files."""
    digest = sha256()
    for file in sorted(file for file in CANVAS.rglob("*") if file.is_file()):
        digest.update(f"{file.relative_to(CANVAS).as_posix()} {file.stat().st_size}\n".encode())
        digest.update(file.read_bytes())
    return digest.hexdigest()[:16]


# relative to the page, where CANVAS is served: another address after each update, so that browsers need not ask whether
# a file has changed, and old and new modules never meet
MODULES = f"palimpsest/canvas/{_version()}/"


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
