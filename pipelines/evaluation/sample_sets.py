"""Sets of pictures to be compared: a folder of PNG files with their prompts, or one of OpenAI's .npz files.

A folder holds 0001.png, 0002.png, ... and 0001.txt, ... of the same stems, or no prompts at all. Where the pictures are
fills, `holes/` has the masks under the same names. A folder that a model left has its settings in `settings.json`.
Prompts are read by the rules of the editor's studies, which take the same folders.
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
OTHERS = (".jpg", ".jpeg", ".webp", ".avif", ".gif", ".bmp", ".tif", ".tiff", ".ppm", ".heic", ".heif")
MAX_PROMPT_BYTES = 2**14  # of a prompt's file
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
    pictures: tuple[Path, ...]
    masks: tuple[Path, ...]  # of the same stems; none where the pictures are no fills
    shape: tuple[int, int]
    prompts: tuple[str, ...] | None
    settings: dict[str, Any]

    @classmethod
    def opened(cls, folder: Path) -> "SampleFolder":
        """Opens a folder.

        Raises:
            InvalidInput: it has no pictures, pictures in other formats, or a picture, a prompt or a hole without the
                other.
        """
        pictures, texts = _files(folder, ".png"), _files(folder, ".txt")
        if other := next((file for file in sorted(folder.iterdir()) if file.suffix.lower() in OTHERS), None):
            raise InvalidInput(f"{other} is no PNG file: save it as one, from what it was before a format lost of it.")
        if not pictures:
            raise InvalidInput(f"{folder} holds no PNG files: a folder of samples has 0001.png, 0001.txt and so on.")
        if texts:
            _match(folder, {*pictures}, {*texts}, ".txt")
        prompts = tuple(_prompt(texts[stem]) for stem in pictures) if texts else None
        masks = _files(folder / HOLES, ".png") if (folder / HOLES).is_dir() else None
        if masks is not None:
            _match(folder, {*pictures}, {*masks}, f".png in {HOLES}")
        files = tuple(pictures.values())
        shape = _pixels(files[0], "RGB").shape[:2]
        return cls(folder, files, tuple((masks or {}).values()), shape, prompts, read_settings(folder))

    @property
    def name(self) -> str:
        return self.folder.name

    @property
    def holes(self) -> bool:
        return bool(self.masks)

    @cached_property
    def digest(self) -> str:
        whole = hashlib.sha256()
        for files in zip(self.pictures, self.masks, strict=True) if self.masks else zip(self.pictures, strict=True):
            for file in files:
                whole.update(f"{file.stem} {sha256(file)}\n".encode())
        return whole.hexdigest()

    def __len__(self) -> int:
        return len(self.pictures)

    def first(self, count: int) -> "SampleFolder":
        prompts = self.prompts and self.prompts[:count]
        return replace(self, pictures=self.pictures[:count], masks=self.masks[:count], prompts=prompts)

    def batches(self, size: int) -> Iterator[Batch]:
        for at in range(0, len(self), size):
            images = [self._read(file, "RGB") for file in self.pictures[at : at + size]]
            holes = [self._read(file, "L") for file in self.masks[at : at + size]]
            yield Batch(np.stack(images), np.stack(holes) if holes else None)

    def _read(self, file: Path, mode: str) -> Pixels:
        pixels = _pixels(file, mode)
        if pixels.shape[:2] != self.shape:
            (height, width), (wanted_height, wanted_width) = pixels.shape[:2], self.shape
            raise InvalidInput(
                f"{file} is {width}x{height} pixels and {self.pictures[0].name} {wanted_width}x{wanted_height}: "
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


def _files(folder: Path, ending: str) -> dict[str, Path]:
    """Finds the files of a folder with an ending, in either case, by their stems and in the order of these."""
    files = sorted((file for file in folder.iterdir() if file.suffix.lower() == ending), key=lambda file: file.stem)
    found = {file.stem: file for file in files}
    if len(found) < len(files):
        twice = next(file for file in files if found[file.stem] != file)
        raise InvalidInput(f"{folder} has several {ending} files of the same name: {twice.stem!r}. Leave one of each.")
    return found


def _match(folder: Path, stems: set[str], others: set[str], ending: str) -> None:
    """Refuses pictures that lack their counterpart, and counterparts that lack their picture."""
    if without := sorted(stems - others):
        raise InvalidInput(f"{folder} has {without[0]}.png, but no {without[0]}{ending}: add it, or take both out.")
    if without := sorted(others - stems):
        raise InvalidInput(f"{folder} has {without[0]}{ending}, but no {without[0]}.png: a picture is missing.")


def _prompt(file: Path) -> str:
    if file.stat().st_size > MAX_PROMPT_BYTES:
        raise InvalidInput(f"{file} is too long for a prompt: at most {MAX_PROMPT_BYTES:,} bytes.")
    try:
        return " ".join(file.read_text(encoding="utf-8-sig").split())
    except UnicodeDecodeError:
        raise InvalidInput(f"{file} is no text in UTF-8. Save it as UTF-8.") from None
    except OSError as error:
        raise InvalidInput(f"The prompt {file} cannot be read ({one_line(error)}).") from error


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
