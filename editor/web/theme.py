"""The look of Gradio's controls: neutral greys, one accent. Colours are those of assets/canvas/canvas.css."""

import gradio as gr

FONT = ("ui-sans-serif", "system-ui", "-apple-system", "Segoe UI", "Roboto", "Helvetica Neue", "sans-serif")
MONO = ("ui-monospace", "SFMono-Regular", "Menlo", "Consolas", "monospace")

# light and dark alike: the variables of canvas.css know which it is
COLOURS = {
    "body_background_fill": "var(--desk)",
    "body_text_color": "var(--ink)",
    "body_text_color_subdued": "var(--ink-soft)",
    "background_fill_primary": "var(--paper)",
    "background_fill_secondary": "var(--paper-sunk)",
    "border_color_primary": "var(--line)",
    "border_color_accent": "var(--accent)",
    "color_accent_soft": "var(--accent-soft)",
    "block_background_fill": "transparent",
    "block_border_color": "transparent",
    "block_label_text_color": "var(--ink-soft)",
    "block_title_text_color": "var(--ink-soft)",
    "block_info_text_color": "var(--ink-soft)",
    "panel_background_fill": "transparent",
    "input_background_fill": "var(--paper-sunk)",
    "input_background_fill_focus": "var(--paper-sunk)",
    "input_border_color": "var(--line)",
    "input_border_color_focus": "var(--accent)",
    "input_placeholder_color": "var(--ink-faint)",
    "slider_color": "var(--accent)",
    "checkbox_background_color": "var(--paper-sunk)",
    "checkbox_background_color_selected": "var(--accent)",
    "checkbox_border_color": "var(--line-strong)",
    "checkbox_border_color_selected": "var(--accent)",
    "checkbox_border_color_focus": "var(--accent)",
    "checkbox_label_background_fill": "transparent",
    "checkbox_label_background_fill_hover": "transparent",
    "checkbox_label_background_fill_selected": "transparent",
    "checkbox_label_text_color": "var(--ink)",
    "checkbox_label_text_color_selected": "var(--ink)",
    "button_primary_background_fill": "var(--accent)",
    "button_primary_background_fill_hover": "var(--accent-hover)",
    "button_primary_text_color": "#ffffff",
    "button_secondary_background_fill": "var(--paper-raised)",
    "button_secondary_background_fill_hover": "var(--paper-sunk)",
    "button_secondary_text_color": "var(--ink)",
}


def theme() -> gr.themes.Base:
    """The theme; system fonts only, so that no font is ever asked for."""
    colours = COLOURS | {f"{name}_dark": value for name, value in COLOURS.items()}
    base = gr.themes.Base(
        primary_hue="indigo",
        neutral_hue="neutral",
        radius_size="md",
        spacing_size="sm",
        text_size="sm",
        font=FONT,
        font_mono=MONO,
    )
    return base.set(
        **colours,
        color_accent="var(--accent)",  # has no dark form; canvas.css gives it one
        block_border_width="0px",
        block_padding="0px",
        block_shadow="none",
        input_shadow="none",
        input_shadow_dark="none",
        input_shadow_focus="0 0 0 3px var(--accent-soft)",
        input_shadow_focus_dark="0 0 0 3px var(--accent-soft)",
        button_primary_shadow="none",
        button_secondary_shadow="none",
        checkbox_label_padding="0px",
        checkbox_label_border_width="0px",
    )
