"""Any server that speaks OpenAI's images API, as a pipeline: it is sent the window, its hole cut out, and a prompt."""

import base64
import binascii
import json
from collections.abc import Collection, Generator, Mapping, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import numpy as np
from PIL import Image

from pipelines.base import NOT_ASKED, Pixels, Request, Run, Step
from pipelines.endpoint import KEYS, Endpoint, key_for, origin_of
from pipelines.errors import InvalidInput
from pipelines.http_call import Answer, call

FILL = "Fill the transparent area so that it continues what surrounds it. Add nothing new."
FORMATS = ("PNG", "JPEG", "WEBP")
MODERATED = ("moderation_blocked", "content_policy_violation", "content_filter")


class ImagesApi:
    """Draws whole pictures on another server. The same seed gives other pixels each time: the API knows none.

    Args:
        name: as in an Edit.
        endpoint: the server and its model.
        keys: the file of keys, see `key_for`; None where there is none.
    """

    largest = 0
    supports_strength = False
    soft = False
    faster_together = False
    vocabulary = None
    defaults: Mapping[str, Any] = {}
    live_steps = 0
    samplers: Sequence[str] = ()
    unsupported: Collection[str] = tuple(name for name in NOT_ASKED if name != "prompt")

    def __init__(self, name: str, endpoint: Endpoint, keys: Path | None) -> None:
        self.name, self._endpoint, self._keys = name, endpoint, keys
        self.host = endpoint.host
        self.size = endpoint.sizes[0][0]
        self.buckets = tuple((high, wide) for wide, high in endpoint.sizes[1:])
        self._as_text = True  # whether the server can be asked for pictures as base64

    def hint(self, prompt: str) -> str:
        return ""

    def inpaint(self, request: Request) -> Run:
        request.refuse_adapters(self.name)
        total = len(request.seeds)
        images = request.images.copy()
        for number, each in enumerate(zip(request.images, request.masks, request.prompts, strict=True)):
            drawing = self._drawn(*each)
            while True:
                try:
                    next(drawing)
                except StopIteration as done:
                    images[number] = done.value
                    break
                yield Step(number, total, None)  # so that it can be cancelled while the server draws
            yield Step(number + 1, total, images.copy())
        return images

    def _drawn(self, image: Pixels, mask: Pixels, prompt: str) -> Generator[None, None, Pixels]:
        """Has the server draw one picture.

        Args:
            image: uint8 (H, W, 3).
            mask: uint8 (H, W), above 0 = hole. What lies under it is not sent.
            prompt: what to draw.

        Returns:
            uint8 (H, W, 3).

        Raises:
            InvalidInput: the server refuses, fails, or answers with no such picture.
        """
        height, width = mask.shape
        alpha = np.where(mask > 0, np.uint8(0), np.uint8(255))
        seen = np.dstack([np.where(mask[..., None] > 0, np.uint8(0), image), alpha])  # (H, W, 4)
        size = f"{width}x{height}"
        fields = {"model": self._endpoint.model, "prompt": prompt.strip() or FILL, "n": "1", "size": size}
        files = {"image": _png(seen), "mask": _png(np.dstack([np.zeros_like(image), alpha]))}
        url, key = f"{self._endpoint.url}/images/edits", key_for(self._endpoint.origin, self._keys)
        asked = {"response_format": "b64_json"} if self._as_text else {}
        answer = yield from call(url, key, {**fields, **asked}, files)
        if self._as_text and answer.status == 400 and "response_format" in self._error(answer)[0]:
            self._as_text = False  # it has one form alone
            answer = yield from call(url, key, fields, files)
        if answer.status != 200:
            raise InvalidInput(self._refusal(answer, size, key))
        data = yield from self._picture(answer, key)
        return self._decoded(data, width, height)

    def _picture(self, answer: Answer, key: str) -> Generator[None, None, bytes]:
        """Finds the file of a picture in an answer, or where on the same server the answer says that it lies."""
        try:
            entry = json.loads(answer.body)["data"][0]
            text, url = entry.get("b64_json"), entry.get("url")
            if isinstance(text, str) and text:
                return base64.b64decode(text, validate=True)
            if not isinstance(url, str):
                raise ValueError
            url = urljoin(f"{self._endpoint.url}/", url)
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError, binascii.Error):
            raise InvalidInput(
                f"{self.host} answered with no picture. Check that {self._endpoint.url} is an images API's address."
            ) from None
        if origin_of(url) != self._endpoint.origin:
            raise InvalidInput(
                f"{self.host} keeps its picture on another server, which is not asked. Take a model there that answers "
                "with the picture itself (b64_json)."
            )
        file = yield from call(url, key)
        if file.status != 200:
            raise InvalidInput(f"{self.host} does not give the picture that it drew (status {file.status}). Try again.")
        return file.body

    def _decoded(self, data: bytes, width: int, height: int) -> Pixels:
        try:
            with Image.open(BytesIO(data), formats=FORMATS) as picture:
                size = picture.size
                if size == (width, height):
                    return np.asarray(picture.convert("RGB"))
        except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
            raise InvalidInput(
                f"{self.host} answered with a picture that is broken, or no PNG, JPEG or WebP. Try again."
            ) from None
        raise InvalidInput(
            f"{self.host} drew {size[0]}x{size[1]} pixels where {width}x{height} were asked for. {self._sizes_help}"
        )

    @property
    def _sizes_help(self) -> str:
        return (
            "Write the sizes that it draws after the model's name, the square first: "
            f"openai:{self._endpoint.url}#{self._endpoint.model};512x512,768x512."
        )

    def _error(self, answer: Answer) -> tuple[str, str]:
        """The message and the code of a refusal, '' where it has none."""
        try:
            error = json.loads(answer.body)["error"]
            if isinstance(error, str):
                return error, ""
            return str(error.get("message") or ""), str(error.get("code") or error.get("type") or "")
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
            return "", ""

    def _refusal(self, answer: Answer, size: str, key: str) -> str:
        """Says why a server did not draw, and what to do."""
        message, code = self._error(answer)
        if key:
            message = message.replace(key, "[the key]")  # servers like to repeat it
        words = " ".join("".join(each if each.isprintable() else " " for each in message).split())[:300].rstrip(".")
        said = f' It says: "{words}".' if words else ""
        host, status = self.host, answer.status
        if 300 <= status < 400:
            return f"{host} sends on to another address, which is not followed. Name the model by the address itself."
        if status == 401:
            whose = "does not take its key" if key else "wants a key"
            return f"{host} {whose}. Enter it in Settings, below the model, or in {KEYS} of the environment.{said}"
        if code in MODERATED:
            return f"{host} finds the picture or the prompt against its rules. Change the prompt or the mask.{said}"
        if status == 402 or code == "insufficient_quota":
            return f"The account at {host} has nothing left to pay with. Top it up, or take another model.{said}"
        if status == 403:
            return f"{host} does not let this key use {self._endpoint.model}. Ask its operator, or take another.{said}"
        if status in (404, 405):
            return (
                f"{host} has no model {self._endpoint.model} that edits, or no images API at {self._endpoint.url}. "
                f"Check both.{said}"
            )
        if status == 429:
            wait = f" in {int(answer.retry_after):,} seconds" if answer.retry_after.isdecimal() else " a little later"
            return f"{host} has too many requests at the moment. Try again{wait}.{said}"
        if status == 413:
            return f"{host} takes no picture of {size} pixels. {self._sizes_help}{said}"
        if status >= 500:
            return f"{host} failed while it drew (status {status}). Try again later.{said}"
        if "size" in words.lower():
            return f"{host} does not draw {size} pixels. {self._sizes_help}{said}"
        return f"{host} refused the request (status {status}).{said or ' It does not say why.'}"


def _png(pixels: Pixels) -> bytes:
    """Encodes uint8 (H, W, 4)."""
    file = BytesIO()
    Image.fromarray(pixels).save(file, "PNG", compress_level=1)
    return file.getvalue()
