"""One request to a server, as a generator that can be closed while the server thinks."""

import secrets
import socket
import ssl
import time
from collections.abc import Generator, Mapping
from contextlib import suppress
from http.client import HTTPConnection, HTTPSConnection
from threading import Event, Thread
from typing import NamedTuple
from urllib.parse import urlsplit

from pipelines.errors import InvalidInput, one_line

CONNECT_TIMEOUT = 10.0  # seconds
ANSWER_TIMEOUT = 300.0  # seconds from the request's end to the answer's
BEAT = 0.2  # seconds between two looks at whether the answer is there
MOST_BYTES = 64 << 20  # of an answer
CHUNK = 1 << 16


class Answer(NamedTuple):
    """What a server answered."""

    status: int
    retry_after: str  # the header, '' where there is none
    body: bytes


class _TooLarge(Exception):
    """The answer has more than MOST_BYTES."""


def call(
    url: str, key: str, fields: Mapping[str, str] | None = None, files: Mapping[str, bytes] | None = None
) -> Generator[None, None, Answer]:
    """Sends one request; follows no redirect. Closing the generator ends it at once.

    Args:
        url: http or https, whose certificate is verified.
        key: shown as a bearer's token; '' for none.
        fields: text fields to post, with `files`; None to get.
        files: PNG files to post, by their fields.

    Yields:
        None, every BEAT seconds until the answer is there.

    Returns:
        The answer, whatever its status.

    Raises:
        InvalidInput: the server cannot be reached, is not who it claims to be, says nothing, or far too much.
    """
    exchange = _Exchange(url, key, fields, files or {})
    host, ends = urlsplit(url).netloc, time.monotonic() + CONNECT_TIMEOUT + ANSWER_TIMEOUT
    Thread(target=exchange.run, name="http", daemon=True).start()
    try:
        while not exchange.done.wait(BEAT):
            if time.monotonic() > ends:
                raise InvalidInput(f"{host} did not answer within {ANSWER_TIMEOUT:g} seconds. Try again later.")
            yield
    finally:
        exchange.end()
    if exchange.error is not None:
        raise InvalidInput(_in_words(exchange.error, host)) from exchange.error
    assert exchange.answer is not None
    return exchange.answer


class _Exchange:
    """A request and its answer, in a thread of their own.

    Attributes:
        done: set when there is an answer or an error.
    """

    def __init__(self, url: str, key: str, fields: Mapping[str, str] | None, files: Mapping[str, bytes]) -> None:
        parts = urlsplit(url)
        kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
        assert parts.hostname is not None
        self._connection = kind(parts.hostname, parts.port, timeout=CONNECT_TIMEOUT)
        self._path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        self._headers = {"Accept": "application/json, image/*", "User-Agent": "Palimpsest"}
        if key:
            self._headers["Authorization"] = f"Bearer {key}"
        self._body: bytes | None = None
        if fields is not None:
            self._body, self._headers["Content-Type"] = _multipart(fields, files)
        self._socket: socket.socket | None = None
        self._ended = False
        self.done = Event()
        self.answer: Answer | None = None
        self.error: Exception | None = None

    def run(self) -> None:
        try:
            self.answer = self._exchanged()
        except Exception as error:  # whatever it is, it is the caller's
            self.error = error
        finally:
            self._connection.close()
            self.done.set()

    def end(self) -> None:
        """Ends the connection, in whatever it is; what has not begun to be sent is never sent."""
        self._ended = True
        if self._socket is not None:
            with suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)

    def _exchanged(self) -> Answer:
        self._connection.connect()
        self._socket = self._connection.sock
        if self._ended:
            raise ConnectionAbortedError
        self._socket.settimeout(ANSWER_TIMEOUT)
        self._connection.request("GET" if self._body is None else "POST", self._path, self._body, self._headers)
        with self._connection.getresponse() as response:
            chunks, size = [], 0
            if (response.length or 0) > MOST_BYTES:
                raise _TooLarge
            while chunk := response.read(CHUNK):
                size += len(chunk)
                if size > MOST_BYTES:
                    raise _TooLarge
                chunks.append(chunk)
            if response.length:
                raise ConnectionResetError("the answer ended too early")
            return Answer(response.status, (response.getheader("Retry-After") or "").strip(), b"".join(chunks))


def _multipart(fields: Mapping[str, str], files: Mapping[str, bytes]) -> tuple[bytes, str]:
    """The body of a form (RFC 7578), and its type."""
    boundary = secrets.token_hex(16)
    parts = [f'name="{name}"\r\n\r\n'.encode() + value.encode() for name, value in fields.items()]
    parts += [
        f'name="{name}"; filename="{name}.png"\r\nContent-Type: image/png\r\n\r\n'.encode() + data
        for name, data in files.items()
    ]
    start = f"--{boundary}\r\nContent-Disposition: form-data; ".encode()
    body = b"".join(start + part + b"\r\n" for part in parts) + f"--{boundary}--\r\n".encode()
    return body, f"multipart/form-data; boundary={boundary}"


def _in_words(error: Exception, host: str) -> str:
    match error:
        case _TooLarge():
            return f"{host} answered with more than {MOST_BYTES >> 20} MB, far more than a picture needs."
        case socket.gaierror():
            return f"There is no server {host} to be found. Check its address and the connection to the network."
        case ssl.SSLCertVerificationError():
            return (
                f"{host} could not prove who it is ({error.verify_message}), so nothing was sent to it. "
                "Check its address."
            )
        case ssl.SSLError():
            return f"{host} does not speak https as it should ({error.reason}), so nothing was sent. Check its address."
        case ConnectionRefusedError():
            return f"Nothing listens at {host}. Start the server there, or check its address."
        case TimeoutError():
            return f"{host} did not answer in time. Check its address, or try again later."
    return f"The connection to {host} broke ({one_line(error) or 'it says no more'}). Try again."
