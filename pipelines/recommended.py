"""The models worth having, as a table, and which of them this machine can run. Imports nothing heavy."""

import shutil
import tomllib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any

from pipelines.base import Machine
from pipelines.hf.model_files import INDEX
from pipelines.hf.repository import SPARE, RemoteFile, Repository, Unavailable, pipeline_files, snapshot

FILE = Path(__file__).with_name("recommended.toml")
USES = FILL, REMOVE, SELECT, RANK, ADAPTER = ("fill", "remove", "select", "rank", "adapter")
WHOLE, OFFLOADED, NO, DISK = ("whole", "offloaded", "no", "disk")  # how a model fits on a machine
DECODING = 2 << 30  # bytes that a decoder works in at 1024 pixels, as pipelines/hf/memory.py reckons it
HALF_WIDTH = 2  # bytes of a number of the weights that the table counts
SETTINGS = ("steps", "guidance", "sampler")  # of a Request, that an entry may have
# licences by what they say of earning money with results; of all others somebody has to read
COMMERCIAL = ("apache-2.0", "mit", "bsd", "cc0-", "cc-by-4.0", "cc-by-sa-", "openrail", "creativeml-openrail")
NOT_COMMERCIAL = ("non-commercial", "noncommercial", "cc-by-nc", "research")


@dataclass(frozen=True)
class Recommended:
    """A row of the table; its fields as the comments at the head of the TOML say."""

    id: str  # OWNER/MODEL
    title: str
    use: str  # one of USES
    family: str
    download: int
    memory: int
    memory_offloaded: int
    licence: str
    commercial: bool
    good_for: str
    gated: bool = False
    steps: int | None = None
    guidance: float | None = None
    sampler: str | None = None
    files: tuple[str, ...] = ()

    @property
    def settings(self) -> dict[str, Any]:
        """Its own settings, by the names of a Request."""
        return {name: value for name, value in asdict(self).items() if name in SETTINGS and value is not None}

    @property
    def place(self) -> Path | None:
        """The folder in which all of it is on this machine; None where it is not."""
        folder = snapshot(self.id)
        if folder is None or not all(any(folder.glob(pattern)) for pattern in self.files or (INDEX,)):
            return None
        return folder

    def fits(self, machine: Machine, free: int) -> str:
        """Tells how it fits on a machine: WHOLE, OFFLOADED, NO, or DISK where there is no room to download it.

        Args:
            machine: where it is to run.
            free: bytes of the disk that it is to lie on.
        """
        if self.place is None and self.download + SPARE > free:
            return DISK
        return fitting(self.memory, self.memory_offloaded, machine)


def fitting(whole: int, offloaded: int, machine: Machine) -> str:
    """Tells how a model fits into a machine's memory.

    Args:
        whole: bytes that it takes in half precision with everything on the device.
        offloaded: the same with one network at a time on a graphics card.
        machine: where it is to run.
    """
    if not machine.gpu:
        return WHOLE if memory_on(machine, whole) <= machine.memory else NO
    if whole <= machine.gpu_memory:
        return WHOLE
    return OFFLOADED if offloaded <= machine.gpu_memory and whole <= machine.memory else NO


def memory_on(machine: Machine, memory: int) -> int:
    """Returns the bytes that a model takes on a machine, of those that it takes in half precision."""
    return memory if machine.gpu else memory * machine.width // HALF_WIDTH


def fits_by_size(files: Sequence[RemoteFile], machine: Machine, free: int) -> str:
    """Tells how a model that is not in the table fits on a machine, by the sizes of its files alone.

    Args:
        files: those to download.
        machine: where it is to run.
        free: bytes of the disk that it is to lie on.
    """
    networks = Counter[str]()
    for file in files:
        networks[file.path.rpartition("/")[0]] += file.size
    if networks.total() + SPARE > free:
        return DISK
    return fitting(networks.total() + DECODING, max(networks.values()) + DECODING // 4, machine)


@cache
def recommended() -> Mapping[str, Recommended]:
    """Reads the table: its rows by their ids, in its order."""
    tables = tomllib.loads(FILE.read_text(encoding="utf-8"))
    return {id: Recommended(id, **{**row, "files": tuple(row.get("files", ()))}) for id, row in tables.items()}


def best(machine: Machine, free: int) -> set[str]:
    """Returns the ids of the models to recommend on a machine, one to fill and one to remove, where any fits.

    It is the first of its use that lies on the device whole, or else the first that fits at all; none that its owner
    has to give access to, or that may not be used commercially. Without a graphics card it is the smallest.
    """
    chosen = set[str]()
    for use in (FILL, REMOVE):
        rows = [row for row in recommended().values() if row.use == use and row.commercial and not row.gated]
        if not machine.gpu:
            rows.sort(key=lambda row: row.memory)
        for wanted in (WHOLE, OFFLOADED):
            fit = [row.id for row in rows if row.fits(machine, free) == wanted]
            if fit:
                chosen.add(fit[0])
                break
    return chosen


def files_to_download(repository: Repository) -> list[RemoteFile]:
    """Chooses the files of a repository: those that its row of the table names, or else those that a pipeline needs.

    Raises:
        Unavailable: it has none of them, or is nothing that can be used here.
    """
    row = recommended().get(repository.model)
    if row is None or not row.files:
        return pipeline_files(repository)
    chosen = []
    for pattern in row.files:
        if not (files := [file for file in repository.files if fnmatchcase(file.path, pattern)]):
            raise Unavailable(f"{repository.model} has no {pattern} any more. Choose another model.", "unusable")
        chosen += files
    return chosen


def commercial(licence: str) -> bool | None:
    """Tells whether a licence allows to earn money with results; None where somebody has to read it.

    Args:
        licence: its id on the hub.
    """
    name = licence.lower()
    if any(each in name for each in NOT_COMMERCIAL):
        return False
    return True if name.startswith(COMMERCIAL) else None


def free_disk(folder: Path) -> int:
    """Returns the free bytes of the disk that a folder lies on, or will lie on."""
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return shutil.disk_usage(folder).free
