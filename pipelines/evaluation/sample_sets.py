"""Sets of pictures to be compared: a folder of PNG files with their prompts, or one of OpenAI's .npz files.

A folder holds 0001.png, 0002.png, ... and 0001.txt, ... of the same stems, or no prompts at all. Where the pictures are
fills, `holes/` has the masks under the same names. A folder that a model left has its settings in `settings.json`.
"""

import hashlib
import json
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np
from PIL import Image

from pipelines.base import Pixels
from pipelines.errors import InvalidInput, one_line
from pipelines.evaluation.metrics.estimates import Floats
from pipelines.glide.digests import sha256

SETTINGS, HOLES = "settings.json", "holes"
PICTURES = "arr_0"  # in an archive, as numpy names what has no name
STATISTICS = ("mu", "sigma", "mu_s", "sigma_s")  # in an archive of a reference: of pool3, and of the 7 channels
DEEP = ("I", "F")  # how Pillow names what has more than 8 bits and one channel: I, I;16, I;16B, F
UNREADABLE = (OSError, ValueError, SyntaxError, Image.DecompressionBombError)  # what Pillow raises


class Batch(NamedTuple):
    """Some pictures of a set, in its order."""

    images: Pixels  # (N, H, W, 3)
    holes: Pixels | None  # (N, H, W), 255 = the hole


class SampleSet(Protocol):
    """Pictures to be compared."""

    @property
    def name(self) -> str:
        """What to call it."""
        ...

    @property
    def shape(self) -> tuple[int, int]:
        """(height, width) of each picture."""
        ...

    @property
    def prompts(self) -> tuple[str, ...] | None:
        """One for each picture; None where none are known."""
        ...

    @property
    def holes(self) -> bool:
        """Whether the pictures are fills, whose holes are known."""
        ...

    @property
    def settings(self) -> dict[str, Any]:
        """What a model left them with; empty for others' pictures."""
        ...

    @property
    def digest(self) -> str:
        """SHA-256 of what it holds, in hexadecimal."""
        ...

    def __len__(self) -> int: ...

    def first(self, count: int) -> "SampleSet":
        """Returns the set of its first pictures alone."""
        ...

    def batches(self, size: int) -> Iterator[Batch]:
        """Reads the pictures, `size` at a time.

        Raises:
            InvalidInput: one is damaged, or of another size than the first.
        """
        ...

    def statistics(self) -> dict[str, Floats]:
        """Returns Inception's means and covariances under `STATISTICS`, where the set is a part of what they are of."""
        ...


def open_samples(path: Path) -> SampleSet:
    """Opens a folder or an .npz file of samples.

    Raises:
        InvalidInput: there is none, or it is not as it must be.
    """
    if path.is_dir():
        return SampleFolder.opened(path)
    if path.is_file() and path.suffix == ".npz":
        return SampleArchive.opened(path)
    raise InvalidInput(
        f"There is no folder {path} of samples, nor an .npz file or a model of that name: give a folder of PNG files, "
        "each with its prompt in a .txt of the same stem, or a file with arr_0."
    )


@dataclass(frozen=True)
class SampleFolder:
    """A folder of PNG files. See `SampleSet`; it checks names when it is opened, and pictures as they are read."""

    folder: Path
    stems: tuple[str, ...]
    shape: tuple[int, int]
    prompts: tuple[str, ...] | None
    holes: bool
    settings: dict[str, Any]

    @classmethod
    def opened(cls, folder: Path) -> "SampleFolder":
        """Opens a folder.

        Raises:
            InvalidInput: it has no pictures, or a picture, a prompt or a hole without the other.
        """
        stems = _stems(folder, "png")
        if not stems:
            raise InvalidInput(f"{folder} holds no PNG files: a folder of samples has 0001.png, 0001.txt and so on.")
        texts = _stems(folder, "txt")
        if texts:
            _match(folder, stems, texts, ".txt")
        prompts = tuple(_prompt(folder / f"{stem}.txt") for stem in stems) if texts else None
        holes = (folder / HOLES).is_dir()
        if holes:
            _match(folder, stems, _stems(folder / HOLES, "png"), f".png in {HOLES}")
        shape = _pixels(folder / f"{stems[0]}.png", "RGB").shape[:2]
        return cls(folder, stems, shape, prompts, holes, read_settings(folder))

    @property
    def name(self) -> str:
        return self.folder.name

    @cached_property
    def digest(self) -> str:
        whole = hashlib.sha256()
        for stem in self.stems:
            for part in (self.folder, self.folder / HOLES) if self.holes else (self.folder,):
                whole.update(f"{stem} {sha256(part / f'{stem}.png')}\n".encode())
        return whole.hexdigest()

    def __len__(self) -> int:
        return len(self.stems)

    def first(self, count: int) -> "SampleFolder":
        prompts = self.prompts and self.prompts[:count]
        return replace(self, stems=self.stems[:count], prompts=prompts)

    def batches(self, size: int) -> Iterator[Batch]:
        for at in range(0, len(self), size):
            stems = self.stems[at : at + size]
            images = [self._read(self.folder / f"{stem}.png", "RGB") for stem in stems]
            holes = [self._read(self.folder / HOLES / f"{stem}.png", "L") for stem in stems] if self.holes else None
            yield Batch(np.stack(images), None if holes is None else np.stack(holes))

    def _read(self, file: Path, mode: str) -> Pixels:
        pixels = _pixels(file, mode)
        if pixels.shape[:2] != self.shape:
            (height, width), (wanted_height, wanted_width) = pixels.shape[:2], self.shape
            raise InvalidInput(
                f"{file} is {width}x{height} pixels and {self.stems[0]}.png {wanted_width}x{wanted_height}: "
                "all samples of a set have one size."
            )
        return pixels

    def statistics(self) -> dict[str, Floats]:
        return {}


@dataclass(frozen=True)
class SampleArchive:
    """An .npz file with arr_0, uint8 (N, H, W, 3), which may be larger than memory. See `SampleSet`."""

    file: Path
    count: int
    shape: tuple[int, int]
    prompts: None = None
    holes: bool = False
    settings: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def opened(cls, file: Path) -> "SampleArchive":
        """Opens an archive.

        Raises:
            InvalidInput: it is damaged, or has no such array.
        """
        with _reading(file), zipfile.ZipFile(file) as archive:
            entry = _entry(archive)
            held = ", ".join(name.removesuffix(".npy") for name in archive.namelist()) or "nothing"
            if entry:
                with archive.open(entry) as array:
                    shape, fortran, dtype = _header(array)
        if not entry:
            raise InvalidInput(f"{file} holds {held}, but no {PICTURES}: that is where the samples must be.")
        if dtype != np.uint8 or len(shape) != 4 or shape[3] != 3 or fortran or not shape[0]:
            raise InvalidInput(f"{PICTURES} of {file} is {dtype} {shape}; samples are uint8 (N, height, width, 3).")
        return cls(file, shape[0], (shape[1], shape[2]))

    @property
    def name(self) -> str:
        return self.file.stem

    @cached_property
    def digest(self) -> str:
        return hashlib.sha256(f"{self.count} {sha256(self.file)}".encode()).hexdigest()

    def __len__(self) -> int:
        return self.count

    def first(self, count: int) -> "SampleArchive":
        return replace(self, count=min(count, self.count))

    def batches(self, size: int) -> Iterator[Batch]:
        shape = (*self.shape, 3)
        with _reading(self.file), zipfile.ZipFile(self.file) as archive, archive.open(_entry(archive)) as array:
            _header(array)
            for at in range(0, self.count, size):
                count = min(size, self.count - at)
                data = array.read(count * int(np.prod(shape)))
                yield Batch(np.frombuffer(data, np.uint8).reshape(count, *shape), None)

    def statistics(self) -> dict[str, Floats]:
        with _reading(self.file), np.load(self.file, allow_pickle=False) as archive:
            if not {*STATISTICS} <= {*archive.files}:
                return {}
            return {name: archive[name].astype(np.float64) for name in STATISTICS}


def _entry(archive: zipfile.ZipFile) -> str:
    """Finds the entry with the pictures, which numpy reads with and without an ending; '' where there is none."""
    return next((name for name in archive.namelist() if name.removesuffix(".npy") == PICTURES), "")


@contextmanager
def _reading(file: Path) -> Iterator[None]:
    """Words what goes wrong while an archive is read."""
    try:
        yield
    # a RuntimeError is of what is encrypted, or packed in another way
    except (OSError, ValueError, EOFError, RuntimeError, zipfile.BadZipFile, zlib.error) as error:
        raise InvalidInput(f"{file} cannot be read ({one_line(error)}): it is damaged, get it again.") from error


def read_settings(folder: Path) -> dict[str, Any]:
    """Reads the settings that a model left a folder with; empty where it left none.

    Raises:
        InvalidInput: they are damaged.
    """
    try:
        settings = json.loads((folder / SETTINGS).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except ValueError as error:
        raise InvalidInput(f"{folder / SETTINGS} is damaged ({error}): delete the folder, it is made again.") from error
    if not isinstance(settings, dict):
        raise InvalidInput(f"{folder / SETTINGS} is damaged (no JSON object): delete the folder, it is made again.")
    return settings


def _stems(folder: Path, ending: str) -> tuple[str, ...]:
    return tuple(sorted(file.stem for file in folder.glob(f"*.{ending}")))


def _match(folder: Path, stems: tuple[str, ...], others: tuple[str, ...], ending: str) -> None:
    """Refuses pictures that lack their counterpart, and counterparts that lack their picture."""
    if without := sorted({*stems} - {*others}):
        raise InvalidInput(f"{folder} has {without[0]}.png, but no {without[0]}{ending}: add it, or take both out.")
    if without := sorted({*others} - {*stems}):
        raise InvalidInput(f"{folder} has {without[0]}{ending}, but no {without[0]}.png: a picture is missing.")


def _prompt(file: Path) -> str:
    try:
        return " ".join(file.read_text(encoding="utf-8").split())
    except (OSError, ValueError) as error:
        raise InvalidInput(f"The prompt {file} cannot be read ({one_line(error)}): save it as UTF-8.") from error


def _pixels(file: Path, mode: str) -> Pixels:
    """Reads a picture; what is transparent is refused, since no colour of it is certain."""
    try:
        with Image.open(file) as image:
            clear, deep = image.has_transparency_data, image.mode.startswith(DEEP)
            pixels = np.asarray(image.convert(mode))
    except UNREADABLE as error:
        raise InvalidInput(f"The sample {file} cannot be read ({one_line(error)}): make it again.") from error
    if deep:  # Pillow would cut each number off at 255: almost all would be white
        raise InvalidInput(f"{file} has 16 bits or more a pixel and one channel: save it with 8, or as RGB.")
    if clear:
        raise InvalidInput(f"{file} has transparent pixels: lay it on a background, and save it without.")
    return pixels


def _header(array: Any) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """Reads the header of a .npy file: shape, whether columns come first, dtype."""
    version = np.lib.format.read_magic(array)
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    return read(array)
