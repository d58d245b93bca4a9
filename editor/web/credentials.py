"""Credentials: how a request shows who makes it, by a shared token or by a proxy that has signed somebody in."""

import hmac
import re
import secrets
import time
from hashlib import sha256
from pathlib import Path

from starlette.requests import HTTPConnection

from editor.imaging.limits import MAX_NAME
from editor.web.users import User
from pipelines.errors import InvalidInput

MIN_SECRET = 16  # characters; shorter ones can be guessed
LIFETIME = 30 * 24 * 3600  # seconds that a browser stays signed in
SKEW = 300  # seconds by which clocks of two servers may differ
SECRET_HEADER = "palimpsest-proxy-secret"  # by which the proxy shows that it is the proxy
BEARER = "bearer "


class WrongSecret(InvalidInput):
    """A request has a secret, and it is not the right one."""


class Credentials:
    """The secrets of a server, and who is let in by them."""

    def __init__(self, token: str | None, user_header: str | None = None, proxy_secret: str | None = None) -> None:
        """Takes the secrets.

        Args:
            token: what everybody who may use the server knows; None: nobody is let in by one.
            user_header: the header in which a proxy says who asks.
            proxy_secret: the value of SECRET_HEADER, without which that header is not believed.
        """
        self.has_token = token is not None
        self._token = (token or "").encode()
        self._user_header, self._proxy_secret = user_header, proxy_secret
        # named by the secret: two servers on one machine share its cookies, whatever their ports
        self.cookie_name = f"palimpsest-{self._mac('name')[:8]}"

    def is_token(self, text: str) -> bool:
        """Tells whether a text is the token, in a time that says nothing of it."""
        return self.has_token and _same(text.strip().encode(errors="replace"), self._token)

    def new_cookie(self) -> str:
        """Returns the value of the cookie of a browser that has just signed in.

        Another token makes it worthless, so a new one signs everybody out.
        """
        session = f"{int(time.time())}.{secrets.token_hex(8)}"
        return f"{session}-{self._mac(session)}"

    def user(self, connection: HTTPConnection) -> User | None:
        """Returns who makes a request; None when it does not say.

        Raises:
            WrongSecret: it has the wrong token, or the wrong secret of the proxy.
        """
        headers = connection.headers
        if self._proxy_secret is not None and (sent := headers.getlist(SECRET_HEADER)):
            if len(sent) != 1 or not _same(sent[0].encode("latin-1"), self._proxy_secret.encode()):
                raise WrongSecret(f"The header {SECRET_HEADER} has the wrong secret.")
            return self._named(headers.getlist(self._user_header or ""))
        authorization = headers.get("authorization", "")
        if self.has_token and authorization.lower().startswith(BEARER):
            if not self.is_token(authorization[len(BEARER) :].strip()):
                raise WrongSecret("The token is wrong. Ask whoever runs this server for the right one.")
            return User(None)
        session = self._session(connection.cookies.get(self.cookie_name, "")) if self.has_token else None
        return None if session is None else User(None, session)

    def _named(self, names: list[str]) -> User:
        """Returns the user whom a proxy names.

        Raises:
            WrongSecret: it names nobody, or more than one.
        """
        name = names[0].strip() if len(names) == 1 else ""
        try:
            name = name.encode("latin-1").decode()  # a header's bytes, which most proxies write as UTF-8
        except UnicodeDecodeError:
            name = ""
        if not name or len(name) > MAX_NAME or not name.isprintable():
            raise WrongSecret(f"The proxy did not say in the header {self._user_header} who is signed in.")
        return User(name)

    def _session(self, cookie: str) -> str | None:
        """Returns the session that a cookie is of: when it was issued, and a random id; None if it is not valid."""
        session, _, mac = cookie.partition("-")
        issued = re.fullmatch(r"([0-9]{1,12})\.[0-9a-f]{16}", session)
        if issued is None or not _same(mac.encode(), self._mac(session).encode()):
            return None
        return session if -SKEW <= time.time() - int(issued[1]) <= LIFETIME else None

    def _mac(self, text: str) -> str:
        return hmac.new(self._token, f"palimpsest {text}".encode(), sha256).hexdigest()


def read_secret(file: Path, option: str) -> str:
    """Reads a secret from a file.

    Args:
        file: the file, with nothing else in it.
        option: the option that names it, for errors.

    Raises:
        InvalidInput: it cannot be read, or its content is no secret.
    """
    advice = "Write one with: python -c 'import secrets; print(secrets.token_urlsafe(32))'"
    try:
        secret = file.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not text"
        raise InvalidInput(f"The file of {option}, {file}, cannot be read ({reason}). {advice}") from None
    if not re.fullmatch(r"[!-~]*", secret):
        raise InvalidInput(f"The secret in {file} must be one line of ASCII characters without spaces. {advice}")
    if len(secret) < MIN_SECRET:
        raise InvalidInput(
            f"The secret in {file} has {len(secret)} characters; fewer than {MIN_SECRET} can be guessed. {advice}"
        )
    return secret


def _same(one: bytes, other: bytes) -> bool:
    """Compares secrets in a time that depends on neither, not even on their lengths."""
    return hmac.compare_digest(sha256(one).digest(), sha256(other).digest())
