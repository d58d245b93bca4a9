"""The page's words in every language there is a file of: assets/canvas/locales, which the canvas's modules read too."""

import json
from pathlib import Path

import gradio as gr

WORDS = Path(__file__).parents[2] / "assets" / "canvas" / "locales"
FORM = "form_"  # begins the keys of what Gradio shows itself


def languages() -> dict[str, dict[str, str]]:
    """All words by language and key."""
    return {file.stem: json.loads(file.read_text("utf-8")) for file in sorted(WORDS.glob("*.json"))}


def translations() -> gr.I18n:
    """What Gradio chooses from by the browser's language."""
    return gr.I18n(**{
        language: {key: text for key, text in words.items() if key.startswith(FORM)}
        for language, words in languages().items()
    })  # fmt: skip
