"""OpenAI's released files, from where OpenAI published them; only `python app.py convert FOLDER --download` asks."""

import os
import re
import ssl
import time
from collections.abc import Mapping
from http.client import HTTPException
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

from tqdm import tqdm

from pipelines.errors import InvalidInput
from pipelines.glide.digests import record

HOW = "`python app.py convert {} --download` fetches what is missing"

_CHECKPOINTS = "https://openaipublic.blob.core.windows.net/diffusion/dec-2021"
_BYTE_PAIRS = "https://raw.githubusercontent.com/openai/glide-text2im/main/glide_text2im/tokenizer"

FILES = {
    "base.pt": f"{_CHECKPOINTS}/base.pt",
    "base_inpaint.pt": f"{_CHECKPOINTS}/base_inpaint.pt",
    "upsample.pt": f"{_CHECKPOINTS}/upsample.pt",
    "upsample_inpaint.pt": f"{_CHECKPOINTS}/upsample_inpaint.pt",
    "clip_image_enc.pt": f"{_CHECKPOINTS}/clip_image_enc.pt",
    "clip_text_enc.pt": f"{_CHECKPOINTS}/clip_text_enc.pt",
    "encoder.json.gz": f"{_BYTE_PAIRS}/encoder.json.gz",
    "vocab.bpe.gz": f"{_BYTE_PAIRS}/vocab.bpe.gz",
    "bpe_simple_vocab_16e6.txt.gz": f"{_BYTE_PAIRS}/bpe_simple_vocab_16e6.txt.gz",
}

TRIES = 5
CHUNK = 1 << 20  # bytes
SILENCE = 30.0  # seconds after which a connection counts as broken

# what may be better the next time; a full disk is none of them
INTERRUPTIONS = (URLError, HTTPException, ConnectionError, TimeoutError, ssl.SSLError)


def download(folder: Path, files: Mapping[str, str] = FILES, pause: float = 2.0) -> None:
    """Downloads what a folder lacks, with a progress bar, and notes the digests.

    A file is there under its own name only when it is whole. What came before an interruption waits beside it as
    NAME.part, and the next try goes on from there, in this run or a later one.

    Args:
        folder: where the files go; it is made where it is not there.
        files: their names and URLs.
        pause: seconds between an interruption and the next try.

    Raises:
        InvalidInput: the server refuses, or a file was interrupted `TRIES` times.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for name, url in files.items():
        file = folder / name
        if file.exists() or file.with_suffix(".safetensors").exists():
            continue
        for left in reversed(range(TRIES)):
            try:
                _fetch(url, file)
                break
            except HTTPError as error:
                error.close()
                if error.code == 416:  # what came is no beginning of what is there now
                    _part(file).unlink(missing_ok=True)
                elif error.code < 500 and error.code != 429:
                    raise InvalidInput(
                        f"{url} cannot be had: the server answers {error.code} {error.reason}."
                    ) from error
                problem: Exception = error
            except INTERRUPTIONS as error:
                problem = error
            if not left:
                raise InvalidInput(
                    f"{url} broke off {TRIES} times ({problem}): try again later, it goes on from there."
                )
            time.sleep(pause)
        record(file)


def _part(file: Path) -> Path:
    return file.with_name(f"{file.name}.part")


def _fetch(url: str, file: Path) -> None:
    """One try, from where the last one ended if the server has the same file still, by its ETag (RFC 9110, 13.1.5)."""
    part, tag = _part(file), file.with_name(f"{file.name}.etag")
    start = part.stat().st_size if part.exists() and tag.exists() else 0
    headers = {"Range": f"bytes={start}-", "If-Range": tag.read_text()} if start else {}
    with urlopen(Request(url, headers=headers), timeout=SILENCE) as response:
        if response.status == 206:
            size = re.fullmatch(rf"bytes {start}-\d+/(\d+)", response.headers["Content-Range"] or "")
        else:  # all of it
            start, size = 0, re.fullmatch(r"(\d+)", response.headers["Content-Length"] or "")
        if size is None:
            raise InvalidInput(f"{url} cannot be checked: the server does not say how large it is.")
        total, etag = int(size[1]), response.headers["ETag"] or ""
        bar = tqdm(desc=file.name, total=total, initial=start, unit="B", unit_scale=True)
        with part.open("ab" if start else "wb") as out, bar:
            if etag.startswith('"'):  # a weak one, W/"...", does not guarantee the same bytes
                tag.write_text(etag)
            else:
                tag.unlink(missing_ok=True)
            while data := response.read(CHUNK):
                out.write(data)
                bar.update(len(data))
            if out.tell() != total:
                raise ConnectionError(f"{out.tell():,} of {total:,} bytes came")
            out.flush()
            os.fsync(out.fileno())
    part.replace(file)
    tag.unlink(missing_ok=True)
