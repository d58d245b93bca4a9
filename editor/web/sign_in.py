"""The sign-in page: one field for the token. It has no script, and nothing of Gradio."""

import base64
import re
from collections.abc import Mapping
from functools import cache
from hashlib import sha256
from html import escape

from starlette.responses import HTMLResponse

from editor.web.i18n import languages
from editor.web.plain_page import plain_page

STYLE = """
:root { color-scheme: light dark; }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; font: 16px/1.5 system-ui, sans-serif;
  background: light-dark(#f4f4f5, #18181b); color: light-dark(#18181b, #f4f4f5); }
main { box-sizing: border-box; width: min(24rem, 100vw - 2rem); padding: 2rem; border-radius: 12px;
  background: light-dark(#fff, #27272a); }
h1 { margin: 0 0 1rem; font-size: 1.25rem; }
label, input, button { display: block; box-sizing: border-box; width: 100%; font: inherit; }
input { margin: .25rem 0 1rem; padding: .6rem; border: 1px solid light-dark(#71717a, #a1a1aa); border-radius: 8px;
  background: transparent; color: inherit; }
button { padding: .6rem; border: 0; border-radius: 8px; background: #4338ca; color: #fff; cursor: pointer; }
:focus-visible { outline: 3px solid #818cf8; outline-offset: 2px; }
.wrong { color: light-dark(#b91c1c, #fca5a5); }
"""
DIGEST = base64.b64encode(sha256(STYLE.encode()).digest()).decode()
POLICY = f"default-src 'none'; style-src 'sha256-{DIGEST}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
RANGE = re.compile(r"\s*([A-Za-z*]{1,8})(?:-[\w-]*)?\s*(?:;\s*q=([01](?:\.\d{0,3})?))?\s*")


def sign_in_page(
    accept_language: str, action: str, onward: str, wrong: bool = False, has_token: bool = True
) -> HTMLResponse:
    """Returns the page.

    Args:
        accept_language: the languages that the browser prefers, as its header says.
        action: the address that takes the form.
        onward: the path to go on to.
        wrong: whether somebody has just tried a wrong token.
        has_token: whether a token lets anybody in; else the page says to come by the proxy.
    """
    language = preferred(accept_language, _texts())
    texts = {key: escape(text) for key, text in _texts()[language].items()}
    alert = f'<p class="wrong" role="alert">{texts["sign_in_wrong"]}</p>' if wrong else ""
    form = f"""{alert}
<form method="post" action="{escape(action)}">
<input type="hidden" name="next" value="{escape(onward)}">
<label for="token">{texts["sign_in_token"]}</label>
<input id="token" name="token" type="password" autocomplete="current-password" required autofocus>
<button>{texts["sign_in_button"]}</button>
</form>"""
    body = f"""<main>
<h1>{texts["sign_in_title"]}</h1>
{form if has_token else f"<p>{texts['sign_in_proxy']}</p>"}
</main>"""
    title = _texts()[language]["sign_in_title"]
    return plain_page(language, title, f"<style>{STYLE}</style>", body, POLICY, 401)


def preferred(accept_language: str, known: Mapping[str, object]) -> str:
    """Returns the first known language of an Accept-Language header by its weights, else English."""
    weights: dict[str, float] = {}
    for part in accept_language[:500].split(","):
        if found := RANGE.fullmatch(part):
            weights.setdefault(found[1].lower(), float(found[2] or 1))
    choices = [language for language in weights if language in known and weights[language] > 0]
    return max(choices, key=lambda language: weights[language], default="en")


@cache
def _texts() -> dict[str, dict[str, str]]:
    return {
        language: {key: text for key, text in texts.items() if key.startswith("sign_in_")}
        for language, texts in languages().items()
    }
