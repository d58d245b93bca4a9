"""Addresses: the names of this server, and the path that it is mounted at."""

import re
import socket
from collections.abc import Sequence
from ipaddress import ip_address
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import Scope

from pipelines.errors import InvalidInput

PREFIX = "/palimpsest"  # of the paths of all own routes
LOOPBACK = ("127.0.0.1", "localhost", "::1")
LOCAL_DOMAINS = (
    "local",
    "lan",
    "home",
    "home.arpa",
    "internal",
    "localdomain",
)  # nobody can register a name under these
ROOT_PATH = re.compile(r"(/[\w.~-]+)+", re.ASCII)
PLAIN = re.compile(r"[\w.:\[\]-]{1,255}", re.ASCII)


class Addresses:
    """The values of `Host` and `Origin` that are this server's own, and the root path of its routes.

    Another name may belong to a site that resolves it to this server's IP address, so that its pages get around the
    browser's same-origin policy (DNS rebinding). That cannot be done to an IP address.
    """

    def __init__(self, host: str = LOOPBACK[0], public: Sequence[str] = (), root_path: str = "") -> None:
        """Checks the values and collects the names.

        Args:
            host: the address that the server listens on.
            public: its names outside, `NAME` or `NAME:PORT`.
            root_path: such as `/pal`, when a proxy serves it below a path; "" otherwise.

        Raises:
            InvalidInput: one of them is invalid.
        """
        self.local = host in LOOPBACK
        self.public = tuple(each.lower() for each in public)
        for each in self.public:
            if _hostname(each) is None or not PLAIN.fullmatch(each):
                raise InvalidInput(
                    f"--public-host must be a name, or a name and a port such as editor.example:8080, not {each!r}."
                )
        if root_path and not ROOT_PATH.fullmatch(root_path):
            raise InvalidInput(
                f"--root-path must begin with a slash and not end with one, such as /pal, not {root_path!r}."
            )
        self.root_path = root_path
        self.names = {*LOOPBACK, *(name for each in self.public if (name := _hostname(each)))}
        if not self.local:
            machine = socket.gethostname().lower()
            short = machine.partition(".")[0]
            self.names |= {host.lower(), machine, short, *(f"{short}.{suffix}" for suffix in LOCAL_DOMAINS)}

    def refusal(self, host: str) -> str | None:
        """Returns an error message for a request's `Host`; None when it is a name of this server."""
        name = _hostname(host)
        if name is not None and (name.removesuffix(".") in self.names or (not self.local and _is_ip(name))):
            return None
        if self.local and not self.public:
            return (
                "Palimpsest was started for this machine only. To serve other machines, start it with --host 0.0.0.0;"
                " behind a proxy, with --public-host and the name that the browser shows."
            )
        option = f"--public-host {host}" if PLAIN.fullmatch(host) else "--public-host and that name"
        return (
            f"{'The name ' + host if PLAIN.fullmatch(host) else 'This name'} is not known to be this server's. If it"
            f" is, start Palimpsest with {option}; otherwise use its IP address."
        )

    def own(self, origin: str, host: str) -> bool:
        """Tells whether a browser's `Origin` is this server, given the request's `Host`."""
        name = origin.partition("://")[2].lower()
        return bool(name) and (name == host.lower() or name in self.public)

    def outside(self, host: str, pages: Sequence[str]) -> tuple[str, str]:
        """Finds the address at which a request was made, where a proxy may ask by another name.

        Args:
            host: the request's `Host`.
            pages: addresses of the page that made it, as `Origin` and `Referer` hold them, most trusted first.

        Returns:
            A scheme, "" where that is not known, and a name with its port.
        """
        for page in pages:
            scheme, _, rest = page.partition("://")
            if (name := rest.partition("/")[0].lower()) in (host.lower(), *self.public):
                return scheme, name
        return "", host if host.lower() in self.public or not self.public else self.public[0]


def name_for_others(host: str) -> str:
    """Returns an address, or else a name, at which other machines reach a server that listens on `host`.

    That is `host` itself, unless it stands for all addresses of this machine (0.0.0.0 or ::), which nobody can open.
    """
    if not (_is_ip(host) and ip_address(host).is_unspecified):
        return host
    family, other = (socket.AF_INET6, "2001:db8::1") if ":" in host else (socket.AF_INET, "192.0.2.1")
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as route:
            route.connect((other, 9))  # sends nothing: chooses the own address on the way there
            return str(route.getsockname()[0])
    except OSError:  # there is no network
        return socket.gethostname()


def foreign_origin_error(origin: str) -> str:
    """Returns the error message for a page of another origin, which may be a proxy that we do not know the name of."""
    name = origin.partition("://")[2]
    message = "This request came from another site, so it was refused. Open the editor itself and try again."
    if not PLAIN.fullmatch(name):
        return message
    return (
        f"{message} If {name} is the editor's own address, behind a proxy, start Palimpsest with --public-host {name}."
    )


def forwarded_prefix(scope: Scope) -> str:
    """Returns the path under which a proxy says, by a header, that it serves the server; "" where it says none."""
    prefix = Headers(scope=scope).get("x-forwarded-prefix", "").rstrip("/")
    return prefix if ROOT_PATH.fullmatch(prefix) else ""


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
