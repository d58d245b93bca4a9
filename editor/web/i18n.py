"""Translations of the page's texts, from assets/canvas/locales, which the canvas's modules read too."""

import json
from pathlib import Path

import gradio as gr

LOCALES = Path(__file__).parents[2] / "assets" / "canvas" / "locales"
FORM = "form_"  # prefix of the keys of texts that Gradio itself shows


def languages() -> dict[str, dict[str, str]]:
    """Returns all texts by language and key."""
    return {file.stem: json.loads(file.read_text("utf-8")) for file in sorted(LOCALES.glob("*.json"))}


def translations() -> gr.I18n:
    """Returns the texts that Gradio shows, in all languages; it chooses by the browser's language."""
    return gr.I18n(**{
        language: {key: text for key, text in texts.items() if key.startswith(FORM)}
        for language, texts in languages().items()
    })  # fmt: skip
