"""Files that are written whole or not at all."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory


@contextmanager
def replacing(file: Path) -> Iterator[Path]:
    """A path beside a file; what was written there takes the file's place at the end, and goes on an error."""
    if not file.parent.is_dir():
        raise FileNotFoundError(f"There is no folder {file.parent} to write {file.name} into: make it first.")
    with TemporaryDirectory(dir=file.parent, prefix=f".{file.name[:40]}.") as folder:
        part = Path(folder) / "part"
        yield part
        part.replace(file)
