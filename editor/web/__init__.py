"""The page: Gradio for layout, controls and theme; our own canvas; our own routes for documents and edits."""
