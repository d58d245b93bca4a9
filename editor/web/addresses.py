"""Addresses: by which names this server is called, and under which path it lies."""

import re
import socket
from collections.abc import Sequence
from ipaddress import ip_address
from urllib.parse import urlsplit

from pipelines.errors import InvalidInput

LOOPBACK = ("127.0.0.1", "localhost", "::1")
AT_HOME = ("local", "lan", "home", "home.arpa", "internal", "localdomain")  # nobody can register a name under these
PLAIN = re.compile(r"[\w.:\[\]-]{1,255}", re.ASCII)


class Addresses:
    """Whose `Host` and `Origin` are this server's own, and which path its routes lie under.

    A name that is not its own may be another site's that points here: that is how a page of that site would get around
    the browser's rule of same origin (DNS rebinding). An IP address cannot be pointed elsewhere.
    """

    def __init__(self, host: str = LOOPBACK[0], public: Sequence[str] = (), root_path: str = "") -> None:
        """host: what it listens on. public: what it is called from outside, `NAME` or `NAME:PORT`. root_path: as
        `/pal`, where a proxy has it under a path; "" where not. InvalidInput when one of them is none.
        """
        self.local = host in LOOPBACK
        self.public = frozenset(each.lower() for each in public)
        for each in self.public:
            if _hostname(each) is None or not PLAIN.fullmatch(each):
                raise InvalidInput(
                    f"--public-host is a name, or a name and a port as editor.example:8080, not {each!r}."
                )
        if root_path and not re.fullmatch(r"(/[\w.~-]+)+", root_path, re.ASCII):
            raise InvalidInput(f"--root-path begins with a slash and has none at its end, as /pal, not {root_path!r}.")
        self.root_path = root_path
        self.names = {*LOOPBACK, *(name for each in self.public if (name := _hostname(each)))}
        if not self.local:
            machine = socket.gethostname().lower()
            short = machine.partition(".")[0]
            self.names |= {host.lower(), machine, short, *(f"{short}.{suffix}" for suffix in AT_HOME)}

    def refusal(self, host: str) -> str | None:
        """What is wrong with a request's `Host`, as a sentence; None when it is a name of this server."""
        name = _hostname(host)
        if name is not None and (name.removesuffix(".") in self.names or (not self.local and _is_ip(name))):
            return None
        if self.local and not self.public:
            return (
                "Palimpsest was started for this machine alone. To serve others, start it with --host 0.0.0.0;"
                " behind a proxy, with --public-host and the name that the browser shows."
            )
        option = f"--public-host {host}" if PLAIN.fullmatch(host) else "--public-host and that name"
        return (
            f"{'The name ' + host if PLAIN.fullmatch(host) else 'This name'} is not known to be this server's. If it"
            f" is, start Palimpsest with {option}; otherwise call it by its IP address."
        )

    def own(self, origin: str, host: str) -> bool:
        """Whether a browser's `Origin` is this server, which it calls `host`."""
        asking = origin.partition("://")[2].lower()
        return bool(asking) and (asking == host.lower() or asking in self.public)


def foreign(origin: str) -> str:
    """What is said to a page of another origin; that of a proxy without our name is one too."""
    asking = origin.partition("://")[2]
    sentence = "Another site asked for this, so it was not done. Open the editor itself and try again."
    if not PLAIN.fullmatch(asking):
        return sentence
    return (
        f"{sentence} If {asking} is the editor's own address, behind a proxy, start Palimpsest with"
        f" --public-host {asking}."
    )


def _hostname(host: str) -> str | None:
    try:
        return urlsplit(f"//{host}").hostname
    except ValueError:  # such as a bracket that nothing closes
        return None


def _is_ip(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True
