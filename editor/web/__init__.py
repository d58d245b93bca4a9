"""The page: Gradio for layout, controls and theme; an own canvas; own routes for all that is true."""
