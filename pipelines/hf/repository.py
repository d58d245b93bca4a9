"""Repositories of the Hugging Face hub: which files of them a pipeline needs, and downloading these into its cache.

The cache is laid out as the hub's own library does, which reads it too: `blobs/DIGEST`, and links to them in
`snapshots/COMMIT`. `refs/main` names the commit, and is written when all of it is there.
"""

import json
import os
import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event
from typing import NamedTuple

from pipelines.download import Interrupted, Progress, Refused, fetch, no_progress, part_of
from pipelines.errors import InvalidInput
from pipelines.hf.model_files import HALF, INDEX, PICKLES, UNUSED

SETTINGS = (".json", ".txt", ".model")  # endings of what says the sizes of networks and the words they read
FULL = re.compile(r"\w*model(-\d+-of-\d+)?\.safetensors")  # no mark of a precision, or of another set of weights
CONFIG, NETWORK = "config.json", "model.safetensors"  # of a single network
SPARE = 200 << 20  # bytes that a download leaves free on the disk


class Unavailable(InvalidInput):
    """A download that cannot be made.

    kind: "missing", "gated" (its owner has to give access), "token" (it is refused), "offline", "busy", "full" (the
        disk), "unusable" (its files are not ones that can be read here), "damaged" or "licence" (it is another than the
        one that was accepted).
    """

    def __init__(self, text: str, kind: str) -> None:
        super().__init__(text)
        self.kind = kind


class RemoteFile(NamedTuple):
    """A file of a repository."""

    path: str  # within it
    size: int  # bytes
    digest: str  # its name in the cache: the SHA-256 of a large file, or git's SHA-1


class Repository(NamedTuple):
    """What the hub says of a model."""

    model: str  # OWNER/MODEL
    commit: str
    files: tuple[RemoteFile, ...]
    licence: str  # as its card names it, '' if it names none
    gated: bool  # whether its owner has to give access
    licence_url: str = ""  # where its text is, '' if nobody knows

    def named(self, *paths: str) -> list[RemoteFile]:
        """Returns those files of these paths that it has."""
        return [file for file in self.files if file.path in paths]


def cache_folder(model: str) -> Path:
    """Returns where the hub's cache has a model."""
    from huggingface_hub import constants

    return Path(constants.HF_HUB_CACHE) / f"models--{model.replace('/', '--')}"


def snapshot(model: str) -> Path | None:
    """Returns the folder of OWNER/MODEL in the cache; None where it has none."""
    try:
        folder = cache_folder(model)
        return folder / "snapshots" / (folder / "refs" / "main").read_text().strip()
    except (ImportError, OSError):
        return None


def look_up(model: str) -> Repository:
    """Asks the hub for a model's files, licence and gate, in one request.

    Raises:
        Unavailable: it is not there, or the hub does not answer.
    """
    from huggingface_hub import HfApi

    with asking(model):
        info = HfApi().model_info(model, files_metadata=True, timeout=30)
    files = tuple(
        RemoteFile(each.rfilename, each.lfs.size, each.lfs.sha256)
        if each.lfs
        else RemoteFile(each.rfilename, each.size or 0, each.blob_id or "")
        for each in info.siblings or ()
    )
    card = info.card_data
    licence = "" if card is None else card.get("license_name") or card.get("license") or ""
    link = str((card.get("license_link") if card else "") or "")
    if not link.startswith("https://"):
        own = next((file.path for file in files if re.fullmatch(r"LICENSE[\w.]*", file.path)), "")
        link = f"{page_url(model)}/blob/main/{own}" if own else ""
    return Repository(model, info.sha or "", files, str(licence), bool(info.gated), link)


def page_url(model: str) -> str:
    """Returns where the hub shows a model."""
    from huggingface_hub import constants

    return f"{constants.ENDPOINT}/{model}"


def token_url() -> str:
    """Returns where a user of the hub makes a token."""
    return page_url("settings/tokens")


@contextmanager
def asking(model: str) -> Iterator[None]:
    """Words the errors of the hub's library.

    Args:
        model: what the hub is asked about.

    Raises:
        Unavailable: it is not there, or the hub does not answer.
    """
    from huggingface_hub.errors import (
        GatedRepoError,
        HfHubHTTPError,
        HFValidationError,
        HTTPError,
        OfflineModeIsEnabled,
        RepositoryNotFoundError,
    )

    try:
        yield
    except OfflineModeIsEnabled as error:
        raise Unavailable(_offline(), "offline") from error
    except GatedRepoError as error:  # a kind of the next
        raise Unavailable(_gated(model), "gated") from error
    except (RepositoryNotFoundError, HFValidationError) as error:
        raise Unavailable(
            f"The hub has no {model}, or only for those whom its owner lets in. Check how it is spelt.", "missing"
        ) from error
    except HfHubHTTPError as error:
        raise _refused(model, error.response.status_code, "") from error
    except (HTTPError, OSError) as error:
        raise Unavailable(
            "The hub cannot be reached: check the connection. What is here already can be added by its path.",
            "offline",
        ) from error


def pipeline_files(repository: Repository, weights: bool = True) -> list[RemoteFile]:
    """Chooses the files that a pipeline needs, the weights of all networks in one precision.

    Half precision is taken where all have it: it is half as large, and what most machines run. A single network, as
    transformers saves it, is a repository of its own kind: see `_network_files`.

    Args:
        repository: what the hub says.
        weights: whether the weights are needed, not only the small files that say how networks work together.

    Raises:
        Unavailable: it is no pipeline of diffusers, or has no weights that can be read here.
    """
    index = repository.named(INDEX)
    if not index:
        return _network_files(repository)
    parts = _parts(json.loads(_file(repository, index[0]).read_text(encoding="utf-8")))
    chosen = [file for file in repository.files if re.fullmatch(rf"{INDEX}|README\.md|LICENSE[\w.]*", file.path)]
    networks: dict[str, tuple[list[RemoteFile], list[RemoteFile]]] = {}
    for part in parts:
        inside = [file for file in repository.files if file.path.rpartition("/")[0] == part]
        chosen += [file for file in inside if file.path.endswith(SETTINGS) and ".safetensors.index" not in file.path]
        full = [file for file in inside if FULL.fullmatch(file.path.rpartition("/")[2])]
        half = [file for file in inside if file.path.endswith(".safetensors") and f".{HALF}" in file.path]
        pickled = any(file.path.endswith(PICKLES) for file in inside)
        if pickled and not full and not half:
            raise Unavailable(
                f"{repository.model} has the weights of its {part} as pickles only, which can run code and are never "
                "read. Choose a model with .safetensors files.",
                "unusable",
            )
        if full or half:
            networks[part] = full, half
    if not weights:
        return chosen
    halved = all(half for _, half in networks.values())
    if lacking := [part for part, (full, half) in networks.items() if not (half if halved else full)]:
        raise Unavailable(
            f"{repository.model} has no single precision for all of its networks: {', '.join(lacking)} has only "
            f"{HALF}. Choose another model, or save it anew by save_pretrained.",
            "unusable",
        )
    for full, half in networks.values():
        used = half if halved else full
        chosen += used
        sharded = any("-of-" in file.path for file in used)
        folder = used[0].path.rpartition("/")[0]
        chosen += [
            file
            for file in repository.files
            if sharded
            and file.path.startswith(f"{folder}/")
            and ".safetensors.index" in file.path
            and (f".{HALF}" in file.path) == halved
        ]
    return chosen


def _network_files(repository: Repository) -> list[RemoteFile]:
    """Chooses the files of a single network, as transformers saves it: a selection model, with its vocabulary."""
    if not repository.named(CONFIG):
        raise Unavailable(f"{repository.model} has no {INDEX}: it is no pipeline of diffusers.", "unusable")
    if not repository.named(NETWORK):
        raise Unavailable(
            f"{repository.model} has no {NETWORK}, and files of other kinds are never read. Choose another model.",
            "unusable",
        )
    vocabulary = r"vocab\.json|merges\.txt|tokenizer(_config)?\.json|special_tokens_map\.json"
    beside = rf"{CONFIG}|{NETWORK}|\w*processor_config\.json|{vocabulary}|README\.md|LICENSE[\w.]*"
    return [file for file in repository.files if re.fullmatch(beside, file.path)]


def _parts(index: Mapping[str, object]) -> list[str]:
    """Returns the folders that a pipeline's index names."""
    return [
        name
        for name, entry in index.items()
        if not name.startswith("_") and isinstance(entry, list) and len(entry) == 2 and entry[1] and name != UNUSED
    ]


def download(
    repository: Repository, files: Sequence[RemoteFile], progress: Progress = no_progress, stop: Event | None = None
) -> Path:
    """Downloads files of a repository into the cache; what is there already is not asked for again.

    Args:
        repository: what the hub says.
        files: those of its files to have.
        progress: called with the bytes of these files that are there, and those in all.
        stop: set to end it; what has come stays for another time.

    Returns:
        The folder of the snapshot.

    Raises:
        Unavailable: it cannot be had.
        Stopped: it was asked to stop.
    """
    total, done = sum(file.size for file in files), 0
    _check_disk(repository, files)
    for file in files:

        def shown(came: int, _: int, before: int = done) -> None:
            progress(before + came, total)

        _file(repository, file, shown, stop)
        done += file.size
        progress(done, total)
    reference = cache_folder(repository.model) / "refs" / "main"
    reference.parent.mkdir(parents=True, exist_ok=True)
    part = part_of(reference)
    part.write_text(repository.commit)
    part.replace(reference)
    return _snapshot_of(repository)


def check_licence(repository: Repository, accepted: str) -> None:
    """Raises Unavailable unless a licence that was accepted is the one that the hub has."""
    if repository.licence != accepted:
        raise Unavailable(
            f"{repository.model} has the licence {repository.licence or 'of no name'}, not {accepted or 'none'}: read "
            "it, and accept that one.",
            "licence",
        )


def discard_parts(model: str) -> None:
    """Deletes what has come of a model that is not whole: all of it, if no snapshot is."""
    if snapshot(model) is None:
        shutil.rmtree(cache_folder(model), ignore_errors=True)
    for part in (cache_folder(model) / "blobs").glob("*.part"):
        part.unlink(missing_ok=True)


def delete(model: str) -> int:
    """Deletes a model from the cache; returns the bytes that this frees."""
    folder = cache_folder(model)
    files = {each.resolve() for each in folder.rglob("*") if each.is_file()}  # what several links lead to once
    size = sum(file.stat().st_size for file in files)
    shutil.rmtree(folder)
    return size


def _snapshot_of(repository: Repository) -> Path:
    return cache_folder(repository.model) / "snapshots" / repository.commit


def _blob(repository: Repository, file: RemoteFile) -> Path:
    return cache_folder(repository.model) / "blobs" / file.digest


def _check_disk(repository: Repository, files: Sequence[RemoteFile]) -> None:
    """Refuses a download for which the disk has no room."""
    blobs = [(file, _blob(repository, file)) for file in files]
    there = sum(part.stat().st_size for _, blob in blobs if (part := part_of(blob)).exists())
    missing = sum(file.size for file, blob in blobs if not blob.exists()) - there
    folder = cache_folder(repository.model)
    folder.mkdir(parents=True, exist_ok=True)
    if missing > 0 and missing + SPARE > (free := shutil.disk_usage(folder).free):
        raise Unavailable(
            f"{repository.model} needs {(missing + SPARE) / 1e9:.1f} GB on the disk of {folder.parent}, which has "
            f"{free / 1e9:.1f} GB free. Make room, then try again.",
            "full",
        )


def _file(
    repository: Repository, file: RemoteFile, progress: Progress = no_progress, stop: Event | None = None
) -> Path:
    """Downloads a file, unless it is there, and links to it in the snapshot; returns the link."""
    from huggingface_hub import constants, get_token, hf_hub_url

    blob = _blob(repository, file)
    link = _snapshot_of(repository) / file.path
    if not blob.exists():
        if constants.HF_HUB_OFFLINE:
            raise Unavailable(_offline(), "offline")
        blob.parent.mkdir(parents=True, exist_ok=True)
        token = get_token()
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        url = hf_hub_url(repository.model, file.path, revision=repository.commit)
        try:
            fetch(url, blob, headers=headers, digest=file.digest, progress=progress, stop=stop)
        except Refused as error:
            raise _refused(repository.model, error.status, error.code) from error
        except Interrupted as error:
            raise Unavailable(str(error), "damaged" if "wrong bytes" in str(error) else "offline") from error
        except OSError as error:
            raise Unavailable(f"{blob.parent} cannot be written ({error.strerror or error}).", "full") from error
    if not link.exists():
        link.parent.mkdir(parents=True, exist_ok=True)
        with suppress(FileNotFoundError):
            link.unlink()  # it led nowhere
        _link(blob, link)
    return link


def _link(blob: Path, link: Path) -> None:
    """Links to a file in the cache, or copies it where the system allows neither kind of link."""
    with suppress(OSError):
        link.symlink_to(os.path.relpath(blob, link.parent))
        return
    with suppress(OSError):
        os.link(blob, link)
        return
    shutil.copyfile(blob, link)


def _offline() -> str:
    return "HF_HUB_OFFLINE is set, so nothing is asked of the hub. Unset it to download."


def _gated(model: str) -> str:
    return (
        f"{model} is gated: accept its terms at {page_url(model)}, then give a token of your account ({token_url()})."
    )


def _refused(model: str, status: int, code: str) -> Unavailable:
    """Returns the error for an answer of the hub."""
    if code == "GatedRepo":
        return Unavailable(_gated(model), "gated")
    if status == 401:
        return Unavailable("The hub refuses the token that is set here. Make another one in your account.", "token")
    if status == 403:
        return Unavailable(_gated(model), "gated")
    if status == 404:
        return Unavailable(f"The hub has no such file of {model} any more. Try again to have the newest.", "missing")
    return Unavailable(
        f"The hub answers {status}: it is busy. Try again in a few minutes; it goes on from there.", "busy"
    )
