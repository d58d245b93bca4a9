"""A page that has nothing of Gradio."""

from html import escape

from starlette.responses import HTMLResponse

from editor.web.wire import NEVER


def plain_page(language: str, title: str, head: str, body: str, policy: str, status: int = 200) -> HTMLResponse:
    """Returns the page, which no browser keeps and no search engine lists.

    Args:
        language: of its texts.
        title: its title, as text.
        head: what else is in its head, as HTML.
        body: its body, as HTML.
        policy: its content security policy.
        status: of the response.
    """
    page = f"""<!doctype html>
<html lang="{language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>{escape(title)}</title>
{head}
</head>
<body>{body}</body>
</html>
"""
    return HTMLResponse(page, status, {**NEVER, "Content-Security-Policy": policy})
