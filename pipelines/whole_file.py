"""Small files that are replaced at once: a reader, or a start after a kill, finds the old one or the new."""

import os
from pathlib import Path


def write_whole(file: Path, text: str, mode: int = 0o666) -> None:
    """Writes a text file in UTF-8, and the folder that it lies in.

    Args:
        file: which; one writer at a time in a process.
        text: what it holds then.
        mode: its permissions, less the process's umask; 0o600 for what only its owner may read.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_name(f"{file.name}.{os.getpid()}.part")
    part.unlink(missing_ok=True)
    with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "w", encoding="utf-8") as stream:
        stream.write(text)
    part.replace(file)
