"""A served editor in which people sign in: with the token, or by a proxy that names them."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx

from editor.session import Session
from editor.store.documents import Document
from editor.store.quota import Quota
from editor.store.store import Store
from editor.web.accounts import Accounts, UploadRate
from editor.web.addresses import Addresses
from editor.web.audit import AuditLog
from editor.web.credentials import Credentials
from editor.web.page import start
from editor.worker import Worker
from tests.fakes import PATIENCE, FailingPipeline, LocalModels, NoisePipeline, loader
from tests.samples import noise
from tests.server_process import free_port
from tests.wire import app_context

TOKEN = "a-token-that-nobody-guesses"
PROXY_SECRET = "a-secret-of-the-proxy-alone"
BEARER = {"Authorization": f"Bearer {TOKEN}"}


def by_proxy(name: str) -> dict[str, str]:
    """The headers of a request that a proxy passes on for a user."""
    return {"X-Forwarded-User": name, "Palimpsest-Proxy-Secret": PROXY_SECRET}


@contextmanager
def served_members(*arguments: Any, **options: Any) -> Iterator["Members"]:
    """A server with accounts, see `Members`, during the block."""
    members = Members(*arguments, **options)
    try:
        yield members
    finally:
        members.close()
        gc.collect()  # of what Gradio leaves, where it is expected


class Members:
    """A server with accounts, and clients of it."""

    def __init__(
        self,
        folder: Path,
        where: Path | str | None = None,
        quota: Quota | None = None,
        mcp: bool = False,
        root_path: str = "",
        prompts: bool = False,
    ) -> None:
        """folder: for its files. where: of its store; None: in the folder. prompts: whether the audit log has them."""
        quota = quota or Quota()
        self.store = Store(where or folder / "data", quota)
        self.session = Session(self.store)
        models = [NoisePipeline(), NoisePipeline(delay=0.05, name="slow"), FailingPipeline(at_step=2)]
        self.worker = Worker(self.store, loader(*models))
        self.worker.start()
        self.audit = AuditLog(folder / "audit.jsonl", prompts)
        credentials = Credentials(TOKEN, "X-Forwarded-User", PROXY_SECRET)
        self.accounts = Accounts(credentials, UploadRate(quota.uploads), self.audit)
        port = free_port()
        addresses = Addresses("127.0.0.1", root_path=root_path)
        context = app_context(self.session, LocalModels(self.worker), [each.name for each in models], folder, addresses)
        self.page = start(replace(context, accounts=self.accounts), "127.0.0.1", port, mcp)
        self.url, self.root = f"http://127.0.0.1:{port}", root_path
        self.http = httpx.Client(base_url=self.url, timeout=PATIENCE)

    def close(self) -> None:
        self.http.close()
        self.page.close(verbose=False)
        self.worker.stop()
        self.audit.close()
        self.store.close()

    def opened(self, owner: str | None, shared: str = "look") -> Document:
        """A new document of a user."""
        document = self.session.open(noise(90, 60), "Room", owner=owner)
        self.session.share(document.id, shared)
        return document

    def ask(self, method: str, path: str, user: str | None = None, **options: Any) -> httpx.Response:
        """The answer to a request of a user; None: of nobody."""
        headers = {**({} if user is None else by_proxy(user)), **options.pop("headers", {})}
        return self.http.request(method, f"{self.root}{path}", headers=headers, **options)

    def browser(self) -> httpx.Client:
        """A client of its own that keeps cookies, as a browser does."""
        return httpx.Client(base_url=self.url, timeout=PATIENCE, headers={"Accept": "text/html"})
