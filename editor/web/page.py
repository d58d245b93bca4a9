"""The page: what Gradio lays out, and how it is served.

Gradio runs no function of ours: its events stay in the browser (`js=`), and the canvas speaks to the routes.
"""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import gradio as gr
from starlette.middleware import Middleware

from editor.edits.edit import Blend, Edit
from editor.imaging.limits import MAX_FEATHER, MAX_GUIDANCE, MAX_IMAGES, MAX_PROMPT
from editor.web.api import REFUSALS, publish, refuse_objects
from editor.web.api_sessions import STATES, bound
from editor.web.canvas import MODULES, Canvas
from editor.web.context import AppContext
from editor.web.i18n import FORM, translations
from editor.web.security import Guard
from editor.web.server import routes
from editor.web.shown_files import Shown
from editor.web.theme import theme

CANVAS = Path(__file__).parents[2] / "assets" / "canvas"
INTENTS = ("fill", "remove", "refine", "expand", "sketch")
MODEL_DEFAULTS = ("steps", "guidance", "sampler")  # what each model has a usual of
SLIDER_STEPS = 100  # on the slider; an edit may ask for more
STATUS = """
<div class="line"><span class="hint" role="status" aria-live="polite"></span><span class="plan"></span>
<span class="specks" role="status" aria-live="polite"></span>
<span class="status" role="status" aria-live="polite"></span>
<span class="steps"></span></div>
<div class="progress" role="progressbar" aria-valuemin="0" hidden><i></i></div>
"""


def build(names: Mapping[str, str], default: str, i18n: gr.I18n) -> gr.Blocks:
    """The page's Blocks. names: of the models to choose from, and what is shown for each; default: the one chosen at
    first.
    """

    def word(key: str) -> Any:
        return i18n(FORM + key)

    def number(key: str, low: float, high: float, value: float, step: float, **options: Any) -> gr.Slider:
        return gr.Slider(low, high, value=value, step=step, label=word(key), elem_id=key, buttons=[], **options)

    page: gr.Blocks = gr.Blocks(title="Palimpsest", analytics_enabled=False, fill_width=True)
    with page:
        Canvas()
        with gr.Column(elem_id="dock"):
            with gr.Row(elem_id="aim"):
                intent = gr.Radio(
                    [(word(name), name) for name in INTENTS],
                    value=INTENTS[0],
                    label=word("intent"),
                    show_label=False,
                    container=False,
                    elem_id="intent",
                )
                refine_strength = number("refine_strength", 0, 1, 0.5, 0.01)
                sketch_strength = number("sketch_strength", 0, 1, 0.7, 0.01)
            with gr.Row(elem_id="prompt-row", equal_height=True):
                prompt = gr.Textbox(
                    "",
                    label=word("prompt"),
                    show_label=False,
                    container=False,
                    placeholder=word("prompt_hint"),
                    lines=1,
                    max_lines=1,
                    max_length=MAX_PROMPT,
                    elem_id="prompt",
                )
                generate = gr.Button(word("generate"), variant="primary", elem_id="generate", min_width=112, scale=0)
                cancel = gr.Button(word("cancel"), variant="secondary", elem_id="cancel", min_width=88, scale=0)
            put = gr.Button("put", visible="hidden", elem_id="put")  # the canvas presses it to write into the form
            gr.HTML(STATUS, elem_id="status", apply_default_css=False)
            with gr.Accordion(word("settings"), open=False, elem_id="settings"):
                with gr.Row():
                    pipeline = gr.Dropdown(
                        [(shown, name) for name, shown in names.items()],
                        value=default,
                        label=word("model"),
                        info=word("model_help"),
                        filterable=False,
                        elem_id="pipeline",
                    )
                    steps = number("steps", 1, SLIDER_STEPS, Edit.steps, 1, info=word("steps_help"))
                    guidance = number("guidance", 0, MAX_GUIDANCE, Edit.guidance, 0.1, info=word("guidance_help"))
                with gr.Row():
                    negative = gr.Textbox(
                        "",
                        label=word("avoid"),
                        info=word("avoid_help"),
                        placeholder=word("avoid_hint"),
                        max_lines=1,
                        max_length=MAX_PROMPT,
                        elem_id="avoid",
                    )
                    variations = number("variations", 1, MAX_IMAGES, 1, 1, info=word("variations_help"))
                    with gr.Column(min_width=120):
                        seed = gr.Number(
                            0,
                            label=word("seed"),
                            info=word("seed_help"),
                            precision=0,
                            minimum=0,
                            maximum=2**32 - 1,
                            elem_id="seed",
                        )
                        fresh = gr.Checkbox(True, label=word("new_seed"), elem_id="new-seed")
                with gr.Row():
                    sampler = gr.Dropdown(
                        [Edit.sampler],  # those of a model are known once it is
                        value=Edit.sampler,
                        label=word("sampler"),
                        info=word("sampler_help"),
                        filterable=False,
                        elem_id="sampler",
                    )
                    feather = number("feather", 0, MAX_FEATHER, Blend.feather, 1, info=word("feather_help"))
                    with gr.Column(min_width=120):
                        opacity = number("opacity", 0, 1, Blend.opacity, 0.01, info=word("opacity_help"))
                        colour_match = gr.Checkbox(True, label=word("colour_match"), elem_id="colour-match")

        form: dict[str, Any] = {
            "intent": intent,
            "refine_strength": refine_strength,
            "sketch_strength": sketch_strength,
            "prompt": prompt,
            "pipeline": pipeline,
            "steps": steps,
            "guidance": guidance,
            "new_seed": fresh,
            "seed": seed,
            "negative_prompt": negative,
            "sampler": sampler,
            "feather": feather,
            "opacity": opacity,
            "colour_match": colour_match,
            "variations": variations,
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
        put.click(fn=None, outputs=fields, js=f"() => window.palimpsest.form.listed({json.dumps(list(form))})")
        cancel.click(fn=None, js="() => window.palimpsest.cancel()")
        changed = f"(...values) => {{ window.palimpsest?.settingsChanged({settings}); return []; }}"
        gr.on([field.change for field in fields], fn=None, inputs=fields, js=changed, trigger_mode="multiple")
        for name in MODEL_DEFAULTS:  # heard of when a hand moves it, and not when the page does
            own = f"(value) => {{ window.palimpsest?.form.set({json.dumps(name)}, value); return []; }}"
            form[name].input(fn=None, inputs=form[name], js=own)
        page.load(fn=None, outputs=fields, js=_restore([_known(name, field) for name, field in form.items()], names))
    return page


def start(context: AppContext, host: str, port: int, mcp: bool = False) -> gr.Blocks:
    """Serve the page in threads of its own; `close()` on what it returns ends it. OSError: it cannot listen there.

    mcp: whether the verbs are tools of MCP too; it needs the package `mcp`.
    """
    shown = Shown()
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"  # Gradio asks here too
    os.environ["GRADIO_ANALYTICS_CACHE_FREQUENCY"] = str(10**9)  # calls after which it sums up all calls: never
    i18n = translations()
    page = build(context.names, context.default, i18n)
    with page:
        publish(context, shown)
    bound(page)
    refuse_objects(page)
    # launch(), and never mount_gradio_app: without it Gradio hands out any file of this machine
    page.launch(
        server_name=f"[{host}]" if ":" in host else host,
        server_port=port,
        prevent_thread_lock=True,
        quiet=True,
        _frontend=False,  # or it asks its own page, and gives up where that takes 3 seconds or a proxy stands before it
        share=False,
        mcp_server=mcp,
        ssr_mode=False,
        run_history=False,
        footer_links=[],
        show_error=False,
        state_session_capacity=STATES,
        root_path=context.addresses.root_path,
        theme=theme(),
        i18n=i18n,
        head=_head(),
        favicon_path=CANVAS / "icon.svg",
        app_kwargs={
            "routes": routes(context),
            "middleware": [Middleware(Guard, addresses=context.addresses, shown=shown)],
            "exception_handlers": REFUSALS,
            "docs_url": None,
            "redoc_url": None,
            "openapi_url": None,
        },
    )
    return page


def _head() -> str:
    """The canvas's style and modules, asked for at once: each is found only in the one before it otherwise."""
    files = sorted(file.relative_to(CANVAS).as_posix() for file in CANVAS.rglob("*.js"))
    modules = "".join(f'<link rel="modulepreload" href="{MODULES}{file}">' for file in files)
    return f'<link rel="stylesheet" href="{MODULES}canvas.css">{modules}'


def _known(name: str, field: Any) -> dict[str, Any]:
    """What the browser needs to check a value it kept from an earlier visit."""
    known = {"name": name, "value": field.value}
    if isinstance(field, gr.Dropdown | gr.Radio):
        known["choices"] = [value for _, value in field.choices]
    if isinstance(field, gr.Slider | gr.Number):
        known |= {"min": field.minimum, "max": field.maximum}
    return known


def _restore(known: list[dict[str, Any]], called: Mapping[str, str]) -> str:
    module = f'new URL("{MODULES}app/settings.js", document.baseURI)'
    return f"async () => (await import({module})).restore({json.dumps(known)}, {json.dumps(dict(called))})"
