"""The page: the canvas and the edit form, and how Gradio serves them."""

import os
import secrets
from collections.abc import Mapping
from typing import Any

import gradio as gr
from gradio_client import Client
from starlette.middleware import Middleware

from editor.web.api import REFUSALS, publish, refuse_objects
from editor.web.api_sessions import STATES, bound, identify_users
from editor.web.calls import Calls
from editor.web.canvas import Canvas
from editor.web.context import AppContext
from editor.web.form import Form
from editor.web.gate import OWN_HEADER, Gate
from editor.web.health import Health
from editor.web.i18n import translations
from editor.web.modules import CANVAS, MODULES
from editor.web.readiness import Readiness
from editor.web.security import Guard
from editor.web.server import routes
from editor.web.shown_files import Shown
from editor.web.signed_out import SignedOut
from editor.web.theme import theme
from editor.web.traffic import TrafficWatch


def build(models: Mapping[str, str], default: str, i18n: gr.I18n) -> gr.Blocks:
    """The page's Blocks, see `Form`."""
    page: gr.Blocks = gr.Blocks(title="Palimpsest", analytics_enabled=False, fill_width=True)
    with page:
        Canvas()
        Form(models, default, i18n).connect(page)
    return page


def start(context: AppContext, host: str, port: int, mcp: bool = False) -> gr.Blocks:
    """Serves the page in threads of its own; `close()` on what it returns stops that.

    Args:
        host: the address to listen at. port: 1 to 65535.
        mcp: whether the API is offered as tools of MCP too; needs the package `mcp`.

    Raises:
        OSError: it cannot listen there.
    """
    shown = Shown()
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"  # Gradio asks here too
    os.environ["GRADIO_ANALYTICS_CACHE_FREQUENCY"] = str(10**9)  # calls after which it sums up all calls: never
    own, root = routes(context), context.addresses.root_path
    readiness = Readiness(context.session.store, context.models, context.ending)
    i18n = translations()
    page = build(context.listed, context.default, i18n)
    with page:
        publish(context, shown)
    bound(page)
    refuse_objects(page)
    middleware = [Middleware(Guard, addresses=context.addresses, shown=shown)]
    own_secret = secrets.token_urlsafe()
    if context.accounts is not None:
        identify_users(page)
        accounts, addresses = context.accounts, context.addresses
        signed_out = SignedOut(context.session.store.sign_outs)
        middleware.append(
            Middleware(
                Gate,
                accounts=accounts,
                signed_out=signed_out,
                addresses=addresses,
                own_secret=own_secret,
                calls=Calls(shown),
            )
        )
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
        root_path=root,
        theme=theme(),
        i18n=i18n,
        head=_head(),
        favicon_path=CANVAS / "icon.svg",
        app_kwargs={
            "routes": own,
            "middleware": [
                Middleware(TrafficWatch, traffic=context.traffic, routes=own, root_path=root),
                Middleware(Health, root_path=root, readiness=readiness),
                *middleware,
            ],
            "exception_handlers": REFUSALS,
            "docs_url": None,
            "redoc_url": None,
            "openapi_url": None,
        },
    )
    if mcp and context.accounts is not None:
        _let_mcp_in(page, own_secret)
    return page


def _let_mcp_in(page: gr.Blocks, own_secret: str) -> None:
    """Has the client through which Gradio's MCP server passes calls on show that it is this server's own.

    A call itself has the headers of its caller, and so the caller's user.
    """
    server: Any = page.mcp_server_obj
    made: list[Client] = []

    def client() -> Client:
        if not made:
            headers = {"x-gradio-user": "mcp", OWN_HEADER: own_secret}
            made.append(
                Client(
                    server.local_url, download_files=False, verbose=False, analytics_enabled=False, ssl_verify=False,
                    _skip_components=False, headers=headers,
                )
            )  # fmt: skip
        return made[0]

    server._get_or_create_client = client


def _head() -> str:
    """The canvas's style and modules, asked for at once: each is found only in the one before it otherwise."""
    files = sorted(file.relative_to(CANVAS).as_posix() for file in CANVAS.rglob("*.js") if file.parent.name != "study")
    modules = "".join(f'<link rel="modulepreload" href="{MODULES}{file}">' for file in files)
    return f'<link rel="stylesheet" href="{MODULES}canvas.css">{modules}'
