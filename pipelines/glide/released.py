"""What OpenAI released, made ready for `glide:FOLDER` once."""

import hashlib
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from safetensors.torch import save_file
from torch import nn

from pipelines.errors import InvalidInput
from pipelines.glide.config import CLIP, PRESETS, ClipConfig, UNetConfig
from pipelines.glide.digests import record, unchanged
from pipelines.glide.download import HOW
from pipelines.glide.folder import makers_of, weights_file
from pipelines.glide.weights import load_network


def convert(folder: Path, configs: Mapping[str, UNetConfig] = PRESETS, clip_config: ClipConfig = CLIP) -> Iterator[str]:
    """Writes each released .pt in a folder as .safetensors beside it, whole or not at all.

    Reads back and compares what it wrote, notes the digests, and does not write again what is as it was then. Memory
    stays near the size of one file.

    Args:
        folder: with the released files.
        configs: the sizes of the networks.
        clip_config: the sizes of CLIP.

    Yields:
        A line about each file.

    Raises:
        InvalidInput: there are no such files, or one is not what was released.
    """
    makers = makers_of(configs, clip_config)
    if not any(weights_file(folder, name) for name in makers):
        raise InvalidInput(
            f"{folder} holds none of {', '.join(f'{name}.pt' for name in makers)}; {HOW.format(folder)}."
        )
    for name, make in makers.items():
        source, target = folder / f"{name}.pt", folder / f"{name}.safetensors"
        if not source.is_file():
            continue
        if unchanged(source) and unchanged(target):
            yield f"{target} is there already"
            continue
        _write_converted(make, source, target)
        record(source)
        yield f"{target}: {target.stat().st_size:,} bytes, SHA-256 {record(target)}"


def _write_converted(make: Callable[[], nn.Module], source: Path, target: Path) -> None:
    part = target.with_name(f"{target.stem}.part.safetensors")
    try:
        network = load_network(make, source)
        save_file(network.state_dict(), part)
        written = _contents(network)
        del network  # and with it the source's pages, before the part's come
        shutil.copymode(source, part)  # whoever may read the one may read the other
        with part.open("rb+") as file:
            os.fsync(file.fileno())
        if _contents(load_network(make, part)) != written:
            raise InvalidInput(f"{part} does not read back as it was written: is the disk failing?")
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)


def _contents(network: nn.Module) -> dict[str, bytes]:
    """A digest of each parameter."""
    return {name: hashlib.sha256(value.numpy()).digest() for name, value in network.state_dict().items()}
