"""The edit form: the fields of the dock and of the settings, and what they do in the browser.

Gradio runs no function of ours: its events stay in the browser (`js=`), and the canvas speaks to the routes.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import gradio as gr

from editor.edits.edit import Blend, Edit
from editor.edits.intents import STRENGTHS
from editor.imaging.limits import MAX_FEATHER, MAX_GUIDANCE, MAX_IMAGES, MAX_PROMPT
from editor.web.i18n import FORM
from editor.web.modules import MODULES

INTENTS = ("fill", "remove", "refine", "expand", "sketch", "adjust")
MODEL_DEFAULTS = ("steps", "guidance", "sampler")  # of these each model has a default of its own
SLIDER_STEPS = 100  # on the slider; an edit may ask for more
STATUS = """
<button type="button" class="model-chip"></button>
<div class="line"><span class="hint" role="status" aria-live="polite"></span><span class="plan"></span>
<span class="advice" role="status" aria-live="polite"></span>
<span class="specks" role="status" aria-live="polite"></span>
<span class="status" role="status" aria-live="polite"></span>
<span class="steps"></span></div>
<span class="sent" role="status" aria-live="polite"></span>
<div class="progress" role="progressbar" aria-valuemin="0" hidden><i></i></div>
"""


class Form:
    """Lays out the form within the Blocks that are being built, and connects its events.

    Args:
        models: the names of the models to choose from, and how each is shown.
        default: the model that is chosen at first.
        i18n: the page's words.
    """

    def __init__(self, models: Mapping[str, str], default: str, i18n: gr.I18n) -> None:
        self.models, self.default, self.i18n = models, default, i18n
        self.fields: dict[str, Any] = {}  # by the names that the canvas calls their values by
        with gr.Column(elem_id="dock"):
            with gr.Row(elem_id="aim"):
                self._lay_out_intent()
            with gr.Row(elem_id="prompt-row", equal_height=True):
                self._lay_out_prompt()
            self.put = gr.Button("put", visible="hidden", elem_id="put")  # pressed by the canvas to fill in the form
            gr.HTML(STATUS, elem_id="status", apply_default_css=False)
        with gr.Column(elem_id="settings"):  # the canvas lays it into its side panel
            self._lay_out_model()
            self._lay_out_results()
            self._lay_out_finish()

    def connect(self, page: gr.Blocks) -> None:
        """Have the browser act on the form's events."""
        fields, names = list(self.fields.values()), json.dumps(list(self.fields))
        settings = f"Object.fromEntries({names}.map((name, i) => [name, values[i]]))"
        gr.on(
            [self.generate.click, self.apply.click, self.fields["prompt"].submit],
            fn=None,
            inputs=fields,
            outputs=self.fields["seed"],
            js=f"(...values) => window.palimpsest.generation.run({settings})",
        )
        self.again.click(fn=None, js="() => window.palimpsest.generation.again()")
        self.put.click(fn=None, outputs=fields, js=f"() => window.palimpsest.form.listed({names})")
        self.cancel.click(fn=None, js="() => window.palimpsest.generation.cancel()")
        changed = f"(...values) => {{ window.palimpsest?.settingsChanged({settings}); return []; }}"
        gr.on([field.change for field in fields], fn=None, inputs=fields, js=changed, trigger_mode="multiple")
        for name in MODEL_DEFAULTS:  # `input` is the user's own change; `change` the page's too
            own = f"(value) => {{ window.palimpsest?.form.set({json.dumps(name)}, value); return []; }}"
            self.fields[name].input(fn=None, inputs=self.fields[name], js=own)
        used = "(name) => { window.palimpsest?.form.useModel(name); return []; }"
        self.fields["pipeline"].input(fn=None, inputs=self.fields["pipeline"], js=used)
        page.load(fn=None, outputs=fields, js=self._restore())

    def _lay_out_intent(self) -> None:
        self.fields["intent"] = gr.Radio(
            [(self._word(name), name) for name in INTENTS],
            value=INTENTS[0],
            label=self._word("intent"),
            show_label=False,
            container=False,
            elem_id="intent",
        )
        for name in ("refine", "sketch"):
            self._slider(f"{name}_strength", 0, 1, STRENGTHS[name], 0.01)

    def _lay_out_prompt(self) -> None:
        self.fields["prompt"] = gr.Textbox(
            "",
            label=self._word("prompt"),
            show_label=False,
            container=False,
            placeholder=self._word("prompt_hint"),
            lines=1,
            max_lines=1,
            max_length=MAX_PROMPT,
            elem_id="prompt",
        )
        self.fields["variations"] = gr.Dropdown(
            [(f"{count}x", count) for count in range(1, MAX_IMAGES + 1)],
            value=1,
            label=self._word("variations"),
            show_label=False,
            container=False,
            filterable=False,
            min_width=64,
            scale=0,
            elem_id="variations",
        )
        self.generate = gr.Button(self._word("generate"), variant="primary", elem_id="generate", min_width=112, scale=0)
        self.apply = gr.Button(self._word("apply"), variant="primary", elem_id="apply", min_width=112, scale=0)
        self.again = gr.Button(self._word("again"), variant="secondary", elem_id="again", min_width=88, scale=0)
        self.cancel = gr.Button(self._word("cancel"), variant="secondary", elem_id="cancel", min_width=88, scale=0)

    def _lay_out_model(self) -> None:
        models = [(shown, name) for name, shown in self.models.items()]
        self._dropdown("pipeline", models, self.default, "model")
        self._slider("steps", 1, SLIDER_STEPS, Edit.steps, 1, helped=True)
        self._slider("guidance", 0, MAX_GUIDANCE, Edit.guidance, 0.1, helped=True)
        # shown for models that come with a CLIP
        self._slider("clip_guidance", 0, MAX_GUIDANCE, Edit.clip_guidance, 0.1, helped=True)

    def _lay_out_results(self) -> None:
        self.fields["negative_prompt"] = gr.Textbox(
            "",
            label=self._word("avoid"),
            info=self._word("avoid_help"),
            placeholder=self._word("avoid_hint"),
            max_lines=1,
            max_length=MAX_PROMPT,
            elem_id="avoid",
        )
        self.fields["seed"] = gr.Number(
            0,
            label=self._word("seed"),
            info=self._word("seed_help"),
            precision=0,
            minimum=0,
            maximum=2**32 - 1,
            elem_id="seed",
        )
        self.fields["new_seed"] = gr.Checkbox(True, label=self._word("new_seed"), elem_id="new-seed")

    def _lay_out_finish(self) -> None:
        self._dropdown("sampler", [Edit.sampler], Edit.sampler, "sampler")  # a model's own are known once it is
        self._slider("feather", 0, MAX_FEATHER, Blend.feather, 1, helped=True)
        self._slider("opacity", 0, 1, Blend.opacity, 0.01, helped=True)
        self.fields["colour_match"] = gr.Checkbox(True, label=self._word("colour_match"), elem_id="colour-match")

    def _word(self, key: str) -> Any:
        return self.i18n(FORM + key)

    def _dropdown(self, name: str, choices: Sequence[Any], value: str, word: str) -> None:
        """word: the key of its label, and of its line of help."""
        self.fields[name] = gr.Dropdown(
            choices,
            value=value,
            label=self._word(word),
            info=self._word(f"{word}_help"),
            filterable=False,
            elem_id=name,
        )

    def _slider(self, name: str, low: float, high: float, value: float, step: float, helped: bool = False) -> None:
        """helped: whether there is a line of help below its label."""
        info = self._word(f"{name}_help") if helped else None
        self.fields[name] = gr.Slider(
            low, high, value=value, step=step, label=self._word(name), info=info, elem_id=name, buttons=[]
        )

    def _restore(self) -> str:
        """What fills in the form as it was left at the last visit."""
        module = f'new URL("{MODULES}app/settings.js", document.baseURI)'
        fields = json.dumps([_field_json(name, field) for name, field in self.fields.items()])
        return f"async () => (await import({module})).restore({fields}, {json.dumps(dict(self.models))})"


def _field_json(name: str, field: Any) -> dict[str, Any]:
    """What the browser needs to check a value that it stored at an earlier visit."""
    described = {"name": name, "value": field.value}
    if isinstance(field, gr.Dropdown | gr.Radio):
        described["choices"] = [value for _, value in field.choices]
    if isinstance(field, gr.Slider | gr.Number):
        described |= {"min": field.minimum, "max": field.maximum}
    return described
