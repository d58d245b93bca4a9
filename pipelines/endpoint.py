"""Servers that speak OpenAI's images API: how one is named, and which key it is shown."""

import json
import os
import re
from collections.abc import Mapping
from ipaddress import ip_address
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from pipelines.errors import InvalidInput
from pipelines.whole_file import write_whole

# (width, height) in pixels that the hosted models draw, the square first
HOSTED_SIZES = ((1024, 1024), (1536, 1024), (1024, 1536))
MOST_PIXELS = 4096 * 4096
HOSTED = "https://api.openai.com"  # alone is shown OPENAI_API_KEY
KEYS = "PALIMPSEST_API_KEYS"  # in the environment: ORIGIN=KEY, several separated by spaces
# names of machines on one's own network, which have no certificates
LOCAL_NAMES = (".local", ".lan", ".internal", ".home.arpa", ".localhost")
FORM = "openai:URL#MODEL"


class Endpoint(NamedTuple):
    """A model on a server."""

    url: str  # what the API's paths follow on, without a slash at its end
    model: str  # as the server calls it
    sizes: tuple[tuple[int, int], ...]  # (width, height) in pixels of the pictures it draws; the first is square

    @property
    def origin(self) -> str:
        """Scheme, host and port: whom a key is shown to."""
        return origin_of(self.url)

    @property
    def host(self) -> str:
        """The server's name, with its port if that is unusual."""
        return urlsplit(self.url).netloc

    @property
    def name(self) -> str:
        """The one way to write it, after "openai:"."""
        sizes = "" if self.sizes == HOSTED_SIZES else ";" + ",".join(f"{wide}x{high}" for wide, high in self.sizes)
        return f"{self.url}#{self.model}{sizes}"


def read_endpoint(text: str) -> Endpoint:
    """Reads URL#MODEL, or URL#MODEL;SIZES for a server that draws other sizes, such as 512x512,768x512.

    Raises:
        InvalidInput: it is no such name, holds a key, or would send pictures in the clear over an open network.
    """
    url, _, fragment = text.partition("#")
    model, _, sizes = fragment.partition(";")
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").lower(), parts.port
    except ValueError:
        host, port = "", None
    if not host or parts.scheme.lower() not in ("http", "https") or not url.isprintable() or " " in url:
        raise InvalidInput(f"{text!r} is no address of a server; a model there is named {FORM}.")
    if parts.username is not None or parts.query:
        raise InvalidInput(
            f"A key or a query cannot stand in the address of {host}, since recipes keep it: give the address alone, "
            f"and the key in the environment, {KEYS}={parts.scheme}://{host}=KEY."
        )
    if not model.strip() or not model.isprintable() or len(model) > 200:
        raise InvalidInput(f"The address of {host} names no model; write {FORM}.")
    scheme = parts.scheme.lower()
    if scheme == "http" and not is_local(host):
        raise InvalidInput(
            f"Pictures are sent to {host} by https only: http, which anybody on the way can read, is for this machine "
            "and the local network. Write https:// in its address."
        )
    shown = f"[{host}]" if ":" in host else host
    if port is not None and port != {"http": 80, "https": 443}[scheme]:
        shown += f":{port}"
    return Endpoint(f"{scheme}://{shown}{parts.path.rstrip('/')}", model.strip(), _sizes(sizes))


def origin_of(url: str) -> str:
    """Scheme, host and port of an address."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}".lower()


def is_local(host: str) -> bool:
    """Whether a name, or an address, is this machine's or one of the local network."""
    try:
        address = ip_address(host)
    except ValueError:
        return "." not in host or host.endswith(LOCAL_NAMES)
    return address.is_loopback or address.is_link_local or address.is_private


def key_for(origin: str, file: Path | None, environment: Mapping[str, str] = os.environ) -> str:
    """Returns the key that was given for one server, '' where none was: no other server's is ever taken.

    Those of the environment come first, as with the hub's token.

    Args:
        origin: scheme, host and port.
        file: where `save_key` keeps keys; None for nowhere.
        environment: the process's.

    Raises:
        InvalidInput: the keys cannot be read.
    """
    for entry in environment.get(KEYS, "").split():
        whose, _, key = entry.partition("=")
        if origin_of(whose) == origin and key:
            return _checked(key, origin)
    if origin == HOSTED and (key := environment.get("OPENAI_API_KEY", "").strip()):
        return _checked(key, origin)
    return _checked(key, origin) if (key := _kept(file).get(origin, "")) else ""


def save_key(endpoint: Endpoint, key: str, file: Path) -> None:
    """Keeps a key for a server, in a file that only its owner can read.

    Args:
        endpoint: whose origin alone the key is for.
        key: '' to forget it.
        file: where the keys are.

    Raises:
        InvalidInput: it is no key, or the file there holds none.
    """
    keys = _kept(file)
    keys.pop(endpoint.origin, None)
    if key.strip():
        keys[endpoint.origin] = _checked(key.strip(), endpoint.origin)
    write_whole(file, json.dumps(keys), 0o600)


def _kept(file: Path | None) -> dict[str, str]:
    try:
        keys = {} if file is None else json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise InvalidInput(f"The keys in {file} cannot be read. Delete the file, and enter them again.") from error
    if not isinstance(keys, dict) or not all(isinstance(each, str) for each in keys.values()):
        raise InvalidInput(f"The keys in {file} cannot be read. Delete the file, and enter them again.")
    return keys


def _checked(key: str, origin: str) -> str:
    if not re.fullmatch(r"[!-~]{1,500}", key):
        raise InvalidInput(f"The key for {origin} must be at most 500 letters, digits and signs without spaces.")
    return key


def _sizes(text: str) -> tuple[tuple[int, int], ...]:
    if not text:
        return HOSTED_SIZES
    sizes = [tuple(map(int, each.groups())) for each in re.finditer(r"(?:^|,)(\d{1,5})x(\d{1,5})(?=,|$)", text)]
    well = len(sizes) == text.count(",") + 1 and all(64 <= side for size in sizes for side in size)
    if not well or sizes[0][0] != sizes[0][1] or any(wide * high > MOST_PIXELS for wide, high in sizes):
        raise InvalidInput(
            f"The sizes {text!r} must be written as 512x512,768x512: width x height in pixels, a square first, each "
            f"side at least 64 and no picture larger than {MOST_PIXELS:,} pixels."
        )
    return tuple((wide, high) for wide, high in sizes)
