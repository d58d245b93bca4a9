"""The routes as the page speaks to them: a client with what stands behind it, and packets."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.testclient import TestClient

from editor.formats.images import encode_png, read_mask
from editor.imaging.geometry import Box
from editor.imaging.raster import Mask, Patch
from editor.models_process import Models
from editor.session import Session
from editor.store.store import Store
from editor.web.addresses import PREFIX, Addresses
from editor.web.context import AppContext
from editor.web.security import Guard
from editor.web.server import routes
from editor.worker import Worker
from pipelines.base import Pipeline
from tests.fakes import (
    FailingPipeline,
    FakeLibrary,
    FlatPipeline,
    LocalModels,
    NoisePipeline,
    PhotoPipeline,
    RefiningPipeline,
    loader,
)
from tests.samples import disc

HOST = "http://palimpsest.test"


def app_context(
    session: Session, models: Models, names: Sequence[str], samples: Path, addresses: Addresses | None = None
) -> AppContext:
    """Of a server that only this machine reaches, unless `addresses` says otherwise; its default is the first model."""
    library = FakeLibrary(samples.with_name(f"{samples.name}-models"), names)
    return AppContext(session, models, library, samples, addresses or Addresses())


class RouteClient:
    """A client, and what stands behind the routes.

    local: whether only this machine reaches the server. more: models beside its own.
    """

    def __init__(self, store: Store, samples: Path, local: bool = False, more: Sequence[Pipeline] = ()) -> None:
        self.noise, self.flat = NoisePipeline(), FlatPipeline((200, 60, 40))
        load = loader(self.noise, self.flat, RefiningPipeline(), FailingPipeline(at_step=2), PhotoPipeline(), *more)
        names = ["noise", "flat", "refining", "failing", "photo", "damaged", *(model.name for model in more)]
        self.session, self.worker = Session(store), Worker(store, load)
        self.models = LocalModels(self.worker)
        addresses = Addresses("palimpsest.test")
        context = app_context(self.session, self.models, names, samples, Addresses() if local else addresses)
        self.library = context.library
        app = Starlette(routes=routes(context), middleware=[Middleware(Guard, addresses=addresses)])
        self.http = TestClient(app, base_url=HOST)

    def get(self, path: str, **options: Any) -> Any:
        return self.http.get(f"{PREFIX}/{path}", **options)

    def post(self, path: str, **options: Any) -> Any:
        return self.http.post(f"{PREFIX}/{path}", **options)

    def opened(self) -> dict[str, Any]:
        state: dict[str, Any] = self.post("samples/living-room.png/open").json()
        return state

    def made(self, state: dict[str, Any], **settings: Any) -> dict[str, Any]:
        """The state after a settings, for a disc but for what is said, on what the document shows."""
        submitted = self.submit(self.state(state), **settings)
        assert submitted.status_code == 200, submitted.text
        while self.worker.run_one():
            pass
        return self.state(state)

    def state(self, state: dict[str, Any]) -> dict[str, Any]:
        """A document's state now."""
        now: dict[str, Any] = self.get(f"documents/{state['document']}").json()
        return now

    def edit_body(self, state: dict[str, Any], png: bytes | None = None, **settings: Any) -> bytes:
        """The packet of a settings for a disc on the document's head, but for what is said."""
        return edit_packet(state["head"], png, **settings)

    def submit(self, state: dict[str, Any], png: bytes | None = None, **settings: Any) -> Any:
        """Submit a settings for a disc, but for what is said."""
        return self.post(f"documents/{state['document']}/edits", content=self.edit_body(state, png, **settings))


def edit_packet(parent: str, png: bytes | None = None, /, **changes: Any) -> bytes:
    """The packet of an edit of a disc on a parent, by the fake pipeline, but for what is said. png: as in `sent`."""
    edit = {
        "parent": parent,
        "pipeline": "noise",
        "prompt": "a green couch",
        "negative_prompt": "",
        "steps": 3,
        "guidance": 3,
        "seed": 1,
        "strength": 1,
        "sampler": "dpmpp_2m",
        "feather": 8,
        "edge": 0,
        "opacity": 1,
        "colour_match": True,
        "variations": 1,
        "margins": [0, 0, 0, 0],
        "mask": disc(Box(40, 30, 60, 50)),
        "sketch": None,
    }
    return sent(edit | changes, png)


def sent(said: dict[str, Any], png: bytes | None = None) -> bytes:
    """The packet of what is said, its masks and sketches as files; png: the mask's, but for its box."""
    files = []
    for name, value in said.items():
        if isinstance(value, Mask | Patch):
            file = encode_png(value.alpha if isinstance(value, Mask) else value.pixels)
            files.append(png if png is not None and name == "mask" else file)
            said = said | {name: {"box": value.box, "bytes": len(files[-1])}}
    return b"\n".join([json.dumps(said).encode(), b"".join(files)])


def unpacked(answer: Any, name: str) -> tuple[dict[str, Any], Mask | None]:
    """What a packet says beside its mask, and that."""
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/octet-stream"
    line, _, png = answer.content.partition(b"\n")
    said = json.loads(line)
    entry = said.pop(name)
    if entry is None:
        assert png == b""
        return said, None
    assert entry["bytes"] == len(png)
    return said, Mask(Box(*entry["box"]), read_mask(png))


def unpacked_all(answer: Any, name: str) -> tuple[dict[str, Any], list[Mask]]:
    """What a packet says beside its masks, and those."""
    assert answer.status_code == 200, answer.text
    line, _, files = answer.content.partition(b"\n")
    said, masks = json.loads(line), []
    for placed in said.pop(name):
        masks.append(Mask(Box(*placed["box"]), read_mask(files[: placed["bytes"]])))
        files = files[placed["bytes"] :]
    assert files == b""
    return said, masks


def refused(answer: Any, status: int, *words: str) -> None:
    assert answer.status_code == status, answer.text
    sentence = answer.json()["error"]
    assert all(word in sentence for word in words), sentence
    assert sentence.endswith(".")
