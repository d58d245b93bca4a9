"""What a server answers about its models, as routes of the page in a test: several in each state that there is."""

import json
import re
from collections.abc import Callable
from typing import Any

GB = 10**9
HUB = "http://127.0.0.1:1"  # a page of the hub: nothing in a test goes there


def installed(name: str, title: str, use: str = "fill", **more: Any) -> dict[str, Any]:
    return {
        "name": name, "title": title, "use": use, "size": 144_000_000, "licence": "Apache-2.0", "needs": "no GPU",
        "good_for": "flat illustrations", "trouble": "", "removable": False, "frees": 0, "loaded": False,
        "style": "drawing",
        "offered": use in ("fill", "remove"), **more,
    }  # fmt: skip


def offered(model: str, title: str, **more: Any) -> dict[str, Any]:
    return {
        "id": model, "title": title, "use": "fill", "family": "SDXL inpaint", "good_for": "Photographs: fills and "
        "removals at 1024 pixels", "download": 69 * GB // 10, "memory": {"whole": 91 * GB // 10, "offloaded":
        57 * GB // 10}, "licence": "openrail++", "licence_url": f"{HUB}/{model}/licence", "url": f"{HUB}/{model}",
        "commercial": True, "gated": False, "steps": 25, "guidance": 7.5, "sampler": "dpmpp_2m", "fits": "whole",
        "best": False, "installed": False, **more,
    }  # fmt: skip


def download(model: str, title: str, state: str, **more: Any) -> dict[str, Any]:
    return {
        "model": model, "title": title, "state": state, "done": 0, "total": 0, "speed": 0.0, "seconds_left": None,
        "licence": "openrail++", "kind": "", "error": "", "name": "", "url": f"{HUB}/{model}",
        "licence_url": f"{HUB}/{model}/licence", **more,
    }  # fmt: skip


MINI = installed("noise", "glide-mini", loaded=True)
PATCHES = installed("flat", "PatchMatch", "remove", size=0, good_for="removing things")
BEST = offered("diffusers/stable-diffusion-xl-1.0-inpainting-0.1", "Stable Diffusion XL Inpainting", best=True)
GATED = offered(
    "black-forest-labs/FLUX.1-Fill-dev", "FLUX.1 Fill", gated=True, commercial=False,
    licence="flux-1-dev-non-commercial", fits="no", memory={"whole": 36 * GB, "offloaded": 24 * GB}, download=34 * GB,
    steps=28,
)  # fmt: skip
FEW = offered("black-forest-labs/FLUX.2-klein-4B", "FLUX.2 klein 4B", fits="offloaded", licence="apache-2.0", steps=4)
SELECTS = offered(
    "facebook/sam2.1-hiera-tiny", "SAM 2.1 tiny", use="select", steps=0, download=156_000_000, licence="apache-2.0",
    good_for="Selecting objects by a click", commercial=None,
)  # fmt: skip
LARGE = offered("Qwen/Qwen-Image-2512", "Qwen-Image", fits="disk", download=58 * GB, steps=4)
GATED_SENTENCE = (
    "black-forest-labs/FLUX.1-Fill-dev is gated: accept its terms on its page, then give a token of your account."
)


def listing(**changes: Any) -> dict[str, Any]:
    """As at the first visit: what comes with the program, and a table of which one is recommended."""
    return {
        "installed": [MINI, PATCHES], "recommended": [BEST, FEW, SELECTS, GATED, LARGE], "downloads": [],
        "defaults": {"fill": "noise", "remove": "", "refine": "noise"},
        "machine": {"gpu": "NVIDIA RTX 4070", "gpu_memory": 12 * GB, "memory": 32 * GB, "disk": 50 * GB},
        "token": False, "may_change": True, "token_url": f"{HUB}/settings/tokens", **changes,
    }  # fmt: skip


def busy() -> dict[str, Any]:
    """Downloads of every kind, and more models that are installed."""
    photo = installed(
        "photo", BEST["title"], style="photograph", removable=True, size=69 * GB // 10,
        frees=69 * GB // 10, licence="openrail++",
        good_for="photographs at 1024 pixels",
    )  # fmt: skip
    broken = installed(
        "hf:me/broken", "me/broken", trouble="its weights cannot be read", removable=True, offered=False, style=""
    )
    return listing(
        installed=[MINI, PATCHES, photo, broken],
        recommended=[{**BEST, "installed": True}, FEW, SELECTS, GATED, LARGE],
        downloads=[
            download(FEW["id"], FEW["title"], "running", done=4 * GB, total=16 * GB, speed=24e6, seconds_left=500.0),
            download("me/queued", "", "queued"),
            download("me/paused", "A paused one", "paused", done=GB, total=3 * GB),
            download(GATED["id"], GATED["title"], "failed", kind="gated", error=GATED_SENTENCE),
            download("me/busy", "", "failed", kind="busy", error="The hub answers 503: it is busy. Try again later."),
        ],
        defaults={"fill": photo["name"], "remove": "", "refine": "noise"}, token=True,
    )  # fmt: skip


class ModelRoutes:
    """The routes of the models, in the place of the server's.

    state: what they answer. asked: (action, body) of each change. does: what a change does to the state, by its action.
    found: what a look-up answers. refuses: the sentence for the next change, if it is to be refused.
    """

    def __init__(self, page: Any, state: dict[str, Any]) -> None:
        self.page, self.state = page, state
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.does: dict[str, Callable[[dict[str, Any]], None]] = {}
        self.found: dict[str, Any] = {}
        self.refuses = ""
        page.route(re.compile(r"/palimpsest/models(/|\?|$)"), self._answer)

    def load(self) -> None:
        """Have the page ask for them now."""
        self.page.evaluate("window.palimpsest.models.library.load()")

    def _answer(self, request: Any) -> None:
        action = request.request.url.partition("/models")[2].partition("?")[0].strip("/")
        if action == "look-up":
            return self._json(request, self.found)
        if action:
            body = json.loads(request.request.post_data)
            self.asked.append((action, body))
            if self.refuses:
                sentence, self.refuses = self.refuses, ""
                return self._json(request, {"error": sentence}, 400)
            self.does.get(action, lambda body: None)(body)
        return self._json(request, self.state)

    @staticmethod
    def _json(request: Any, body: dict[str, Any], status: int = 200) -> None:
        request.fulfill(status=status, body=json.dumps(body), content_type="application/json")
