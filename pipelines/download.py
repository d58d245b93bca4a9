"""Downloading large files: resumed where they stopped, in this run or a later one, and checked when all has come."""

import hashlib
import os
import re
import ssl
from collections.abc import Callable, Mapping
from http.client import HTTPException
from pathlib import Path
from threading import Event
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

from tqdm import tqdm

from pipelines.errors import InvalidInput

TRIES = 5  # in a row
ANEW = 10 << 20  # bytes that have to come for the tries to be counted anew
CHUNK = 1 << 20  # bytes
SILENCE = 30.0  # seconds after which a connection counts as broken

# what may be better the next time; a full disk is none of them
INTERRUPTIONS = (URLError, HTTPException, ConnectionError, TimeoutError, ssl.SSLError)

Progress = Callable[[int, int], None]  # (bytes that are there, bytes in all)


class Refused(InvalidInput):
    """The server does not give the file. status: its HTTP status. code: the hub's own word for why, or ''."""

    def __init__(self, url: str, error: HTTPError) -> None:
        self.status, self.code = error.code, error.headers.get("X-Error-Code") or ""
        super().__init__(f"{url} cannot be had: the server answers {error.code} {error.reason}.")


class Interrupted(InvalidInput):
    """The connection broke off again and again; another download goes on from there."""


class Stopped(Exception):
    """The download was asked to stop."""


def no_progress(done: int, total: int) -> None:
    """Is called instead of a progress bar."""


def shown_in(bar: tqdm) -> Progress:
    """Returns what shows the progress in a bar."""

    def show(done: int, total: int) -> None:
        bar.total = total
        bar.update(done - bar.n)

    return show


def fetch(
    url: str,
    file: Path,
    *,
    headers: Mapping[str, str] | None = None,
    digest: str = "",
    progress: Progress = no_progress,
    stop: Event | None = None,
    pause: float = 2.0,
) -> None:
    """Downloads a file. Under its own name it is there only when it is whole.

    What came before an interruption waits beside it as NAME.part, and the next try goes on from there.

    Args:
        url: where it is.
        file: where it goes.
        headers: sent to the URL's own host and to none that it redirects to.
        digest: the file's SHA-256, or git's SHA-1 of it, in hexadecimal; '' if neither is known.
        progress: called when more has come.
        stop: set to end the download; its part stays.
        pause: seconds between an interruption and the next try.

    Raises:
        Refused: the server does not give it.
        Interrupted: it was interrupted `TRIES` times in a row, or is not the file of this digest.
        Stopped: it was asked to stop.
        OSError: the disk is full, or refuses.
    """
    stop, part = stop or Event(), part_of(file)
    tries, damaged = TRIES, False
    while True:
        before = part.stat().st_size if part.exists() else 0
        try:
            _fetch(url, file, bool(digest), headers or {}, progress, stop)
            if not digest or digest_of(part, len(digest)) == digest:
                part.replace(file)
                _tag_of(file).unlink(missing_ok=True)
                return
            part.unlink()
            if damaged:
                raise Interrupted(f"{url} came with wrong bytes twice: it was damaged on its way. Try again later.")
            damaged = True
            continue
        except HTTPError as error:
            error.close()
            if error.code == 416:  # what came is no beginning of what is there now
                part.unlink(missing_ok=True)
            elif error.code < 500 and error.code != 429:
                raise Refused(url, error) from error
            problem: Exception = error
        except INTERRUPTIONS as error:
            problem = error
        came = (part.stat().st_size if part.exists() else 0) - before
        tries = TRIES - 1 if came >= ANEW else tries - 1
        if not tries:
            if isinstance(problem, HTTPError) and problem.code != 416:
                raise Refused(url, problem) from problem
            raise Interrupted(
                f"{url} broke off {TRIES} times ({problem}): try again later, it goes on from there."
            ) from problem
        if stop.wait(pause):
            raise Stopped


def part_of(file: Path) -> Path:
    """Returns where the beginning of a file waits for the rest."""
    return file.with_name(f"{file.name}.part")


def _tag_of(file: Path) -> Path:
    return file.with_name(f"{file.name}.etag")


def digest_of(file: Path, length: int) -> str:
    """Returns a file's SHA-256, of 64 hexadecimal digits, or the SHA-1 that git gives it, of 40."""
    with file.open("rb") as opened:
        if length == 64:
            return hashlib.file_digest(opened, "sha256").hexdigest()
        sha1 = hashlib.sha1(f"blob {file.stat().st_size}\0".encode(), usedforsecurity=False)
        while data := opened.read(CHUNK):
            sha1.update(data)
        return sha1.hexdigest()


def _fetch(url: str, file: Path, checked: bool, own: Mapping[str, str], progress: Progress, stop: Event) -> None:
    """One try, from where the last one ended if the server has the same file still, by its ETag (RFC 9110, 13.1.5).

    checked: whether the whole file is compared with its digest afterwards, so that no ETag is needed.
    """
    part, tag = part_of(file), _tag_of(file)
    known = tag.exists()
    start = part.stat().st_size if part.exists() and (known or checked) else 0
    request = Request(url, headers={"Range": f"bytes={start}-"} if start else {})
    if start and known:
        request.add_header("If-Range", tag.read_text())
    for name, value in own.items():
        request.add_unredirected_header(name, value)
    if stop.is_set():
        raise Stopped
    with urlopen(request, timeout=SILENCE) as response:
        if response.status == 206:
            size = re.fullmatch(rf"bytes {start}-\d+/(\d+)", response.headers["Content-Range"] or "")
        else:  # all of it
            start, size = 0, re.fullmatch(r"(\d+)", response.headers["Content-Length"] or "")
        if size is None:
            raise InvalidInput(f"{url} cannot be checked: the server does not say how large it is.")
        total, etag = int(size[1]), response.headers["ETag"] or ""
        with part.open("ab" if start else "wb", buffering=0) as out:  # a killed process loses nothing
            if etag.startswith('"'):  # a weak one, W/"...", does not guarantee the same bytes
                tag.write_text(etag)
            else:
                tag.unlink(missing_ok=True)
            progress(start, total)
            while data := response.read1(CHUNK):
                out.write(data)
                progress(out.tell(), total)
                if stop.is_set():
                    raise Stopped
            if out.tell() != total:
                raise ConnectionError(f"{out.tell():,} of {total:,} bytes came")
            os.fsync(out.fileno())
