"""The page: what Gradio lays out, and how it is served.

Gradio runs no function of ours: its events stay in the browser (`js=`), and the canvas speaks to the routes.
"""

import json
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import gradio as gr
from starlette.middleware import Middleware

from editor.edit import LONGEST_PROMPT, STRONGEST_GUIDANCE, WIDEST_FEATHER, Blend, Edit
from editor.session import Session
from editor.store import MOST_AT_ONCE
from editor.ui.api import REFUSALS, publish
from editor.ui.canvas import MODULES, Canvas
from editor.ui.guard import Guard
from editor.ui.routes import routes
from editor.ui.theme import theme
from editor.worker import Worker
from pipelines.base import Pipeline

ICON = Path(__file__).parents[2] / "assets" / "canvas" / "icon.svg"
LOOPBACK = ("127.0.0.1", "localhost", "::1")
MOST_STEPS = 100  # on the slider; an edit may ask for more
STATUS = """
<div class="line"><span class="hint"></span><span class="status" role="status" aria-live="polite"></span>
<span class="steps"></span></div>
<div class="progress" role="progressbar" aria-label="Progress" aria-valuemin="0" hidden><i></i></div>
"""


def build(names: Sequence[str], default: str) -> gr.Blocks:
    """The page's Blocks. names: of the models to choose from; default: the one chosen at first."""
    page: gr.Blocks = gr.Blocks(title="Palimpsest", analytics_enabled=False, fill_width=True)
    with page:
        Canvas()
        with gr.Column(elem_id="dock"):
            with gr.Row(elem_id="wish", equal_height=True):
                prompt = gr.Textbox(
                    "",
                    label="What belongs there",
                    show_label=False,
                    container=False,
                    placeholder="What belongs there? Leave it empty to fill from the surroundings",
                    lines=1,
                    max_lines=1,
                    max_length=LONGEST_PROMPT,
                    elem_id="prompt",
                )
                generate = gr.Button("Generate", variant="primary", elem_id="generate", min_width=112, scale=0)
                cancel = gr.Button("Cancel", variant="secondary", elem_id="cancel", min_width=112, scale=0)
            gr.HTML(STATUS, elem_id="status", apply_default_css=False)
            with gr.Accordion("Settings", open=False, elem_id="settings"):
                with gr.Row():
                    pipeline = gr.Dropdown(
                        list(names), value=default, label="Model", filterable=False, elem_id="pipeline"
                    )
                    steps = gr.Slider(1, MOST_STEPS, value=Edit.steps, step=1, label="Steps", buttons=[])
                    guidance = gr.Slider(
                        0, STRONGEST_GUIDANCE, value=Edit.guidance, step=0.1, label="Guidance", buttons=[]
                    )
                with gr.Row():
                    negative = gr.Textbox(
                        "",
                        label="Avoid",
                        placeholder="What should not appear",
                        max_lines=1,
                        max_length=LONGEST_PROMPT,
                        elem_id="avoid",
                    )
                    feather = gr.Slider(
                        0, WIDEST_FEATHER, value=Blend.feather, step=1, label="Feather (pixels)", buttons=[]
                    )
                    with gr.Column(min_width=120):
                        seed = gr.Number(0, label="Seed", precision=0, minimum=0, maximum=2**32 - 1, elem_id="seed")
                        fresh = gr.Checkbox(True, label="New seed each time", elem_id="new-seed")
                with gr.Row():
                    variations = gr.Slider(1, MOST_AT_ONCE, value=1, step=1, label="Variations", buttons=[])
                    strength = gr.Slider(0, 1, value=Edit.strength, step=0.01, label="Strength", buttons=[])
                    opacity = gr.Slider(0, 1, value=Blend.opacity, step=0.01, label="Opacity", buttons=[])

        form: dict[str, Any] = {
            "prompt": prompt,
            "pipeline": pipeline,
            "steps": steps,
            "guidance": guidance,
            "new_seed": fresh,
            "seed": seed,
            "negative_prompt": negative,
            "feather": feather,
            "variations": variations,
            "strength": strength,
            "opacity": opacity,
        }
        fields = list(form.values())
        settings = f"Object.fromEntries({json.dumps(list(form))}.map((name, i) => [name, values[i]]))"
        gr.on(
            [generate.click, prompt.submit],
            fn=None,
            inputs=fields,
            outputs=seed,
            js=f"(...values) => window.palimpsest.generate({settings})",
        )
        cancel.click(fn=None, js="() => window.palimpsest.cancel()")
        changed = f"(...values) => {{ window.palimpsest?.settingsChanged({settings}); return []; }}"
        gr.on([field.change for field in fields], fn=None, inputs=fields, js=changed, trigger_mode="multiple")
        page.load(fn=None, outputs=fields, js=_restore([_known(name, field) for name, field in form.items()]))
    return page


def start(
    session: Session,
    worker: Worker,
    names: Sequence[str],
    load: Callable[[str], Pipeline],
    default: str,
    samples: Path,
    made_with: Callable[[], str],
    host: str,
    port: int,
    mcp: bool = False,
) -> gr.Blocks:
    """Serve the page in threads of its own; `close()` on what it returns ends it. OSError: the port is taken.

    names: of the models; load(name) gives one. samples: a folder of pictures to start from. made_with: what runs
    them, in words. mcp: whether the verbs are tools of MCP too; it needs the package `mcp`.
    """
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"  # Gradio asks here too
    os.environ["GRADIO_ANALYTICS_CACHE_FREQUENCY"] = str(10**9)  # calls after which it sums up all calls: never
    page = build(names, default)
    with page:
        publish(session, worker, names, load, default, host in LOOPBACK)
    # launch(), and never mount_gradio_app: without it Gradio hands out any file of this machine
    page.launch(
        server_name=host,
        server_port=port,
        prevent_thread_lock=True,
        quiet=True,
        share=False,
        mcp_server=mcp,
        ssr_mode=False,
        run_history=False,
        footer_links=[],
        show_error=False,
        max_file_size="1kb",  # no component takes files: pictures come by the routes, which check them
        theme=theme(),
        head=f'<link rel="stylesheet" href="{MODULES}canvas.css">',
        favicon_path=ICON,
        app_kwargs={
            "routes": routes(session, worker, names, load, samples, made_with),
            "middleware": [Middleware(Guard)],
            "exception_handlers": REFUSALS,
            "docs_url": None,
            "redoc_url": None,
            "openapi_url": None,
        },
    )
    return page


def _known(name: str, field: Any) -> dict[str, Any]:
    """What the browser needs to check a value it kept from an earlier visit."""
    known = {"name": name, "value": field.value}
    if isinstance(field, gr.Dropdown):
        known["choices"] = [value for _, value in field.choices]
    if isinstance(field, gr.Slider | gr.Number):
        known |= {"min": field.minimum, "max": field.maximum}
    return known


def _restore(known: list[dict[str, Any]]) -> str:
    module = f'new URL("{MODULES}settings.js", document.baseURI)'
    return f"async () => (await import({module})).restore({json.dumps(known)})"
