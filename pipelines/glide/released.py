"""What OpenAI released, from the files of a folder: `glide:FOLDER`, and making them ready for it once."""

import hashlib
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path

from safetensors.torch import save_file
from torch import nn

from pipelines.glide.clip import Clip, ClipImage, ClipText
from pipelines.glide.config import CLIP, PRESETS, ClipConfig, UNetConfig
from pipelines.glide.digests import record, unchanged
from pipelines.glide.pipeline import DRAWING, EDITING, Glide
from pipelines.glide.tokenizer import CLIP_FILE, GPT2_FILES, ClipTokenizer, byte_pair_file, gpt2_tokenizer
from pipelines.glide.unet import UNet
from pipelines.glide.weights import load_network
from pipelines.machine import keep_freed_memory

PAIRS = (EDITING, DRAWING)  # drawn with together
CLIP_HALVES = ("clip_text_enc", "clip_image_enc")
HOW = "`python app.py convert {} --download` fetches what is missing"


def load_glide(
    folder: Path,
    name: str,
    compiled: bool = False,
    configs: Mapping[str, UNetConfig] = PRESETS,
    clip_config: ClipConfig = CLIP,
) -> Glide:
    """GLIDE with whichever of the released files lie in `folder`: what edits is read now, the rest when needed.

    At least base_inpaint and upsample_inpaint, or base and upsample, as .safetensors or .pt, and `GPT2_FILES`; the
    noised CLIP if both its halves and `CLIP_FILE` are there. configs, clip_config: the sizes they were trained at.
    Raises ValueError with a sentence that names what is missing.
    """
    if not folder.is_dir():
        raise ValueError(f"there is no folder {folder}; {HOW.format(folder)}")
    files = {name: file for pair in (*PAIRS, CLIP_HALVES) for name in pair if (file := _weights_file(folder, name))}
    pairs = [pair for pair in PAIRS if files.keys() >= set(pair)]
    missing = [] if pairs else [" and ".join(PAIRS[0]) + f" (or {' and '.join(PAIRS[1])})"]
    missing += [name for name in GPT2_FILES if byte_pair_file(folder, name) is None]
    if missing:
        raise ValueError(f"{folder} lacks {', '.join(missing)}; {HOW.format(folder)}")

    makers = _makers(configs, clip_config)
    networks = {name: partial(load_network, makers[name], files[name]) for pair in pairs for name in pair}
    config = configs[pairs[0][0]]
    tokenizer = gpt2_tokenizer(folder, config.context)
    if tokenizer.vocabulary != config.vocabulary:
        counts = f"{tokenizer.vocabulary:,} tokens, where the networks know {config.vocabulary:,}"
        raise ValueError(f"the byte pairs in {folder} have {counts}: they belong to another model")

    def clip() -> Clip:
        halves = (load_network(makers[name], files[name]) for name in CLIP_HALVES)
        return Clip(*halves, ClipTokenizer(folder, clip_config.context))

    has_clip = files.keys() >= set(CLIP_HALVES) and byte_pair_file(folder, CLIP_FILE) is not None
    keep_freed_memory()
    return Glide(name, networks, tokenizer, None, 8, clip if has_clip else None, compiled)


def convert(folder: Path, configs: Mapping[str, UNetConfig] = PRESETS, clip_config: ClipConfig = CLIP) -> Iterator[str]:
    """Write each released .pt in `folder` as .safetensors beside it, whole or not at all; yields a line about each.

    What was written is read back and compared; one that is as it was then is not written again. Digests are recorded.
    Memory stays near the size of one file. Raises ValueError with a sentence when a file is not what was released.
    """
    makers = _makers(configs, clip_config)
    if not any(_weights_file(folder, name) for name in makers):
        raise ValueError(f"{folder} holds none of {', '.join(f'{name}.pt' for name in makers)}; {HOW.format(folder)}")
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
            raise ValueError(f"{part} does not read back as it was written: is the disk failing?")
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)


def _contents(network: nn.Module) -> dict[str, bytes]:
    """A digest of each parameter."""
    return {name: hashlib.sha256(value.numpy()).digest() for name, value in network.state_dict().items()}


def _makers(configs: Mapping[str, UNetConfig], clip_config: ClipConfig) -> dict[str, Callable[[], nn.Module]]:
    """The networks that were released, by the names of their files."""
    return {
        **{name: partial(UNet, configs[name]) for pair in PAIRS for name in pair},
        "clip_text_enc": partial(ClipText, clip_config),
        "clip_image_enc": partial(ClipImage, clip_config),
    }


def _weights_file(folder: Path, name: str) -> Path | None:
    files = folder / f"{name}.safetensors", folder / f"{name}.pt"
    return next((file for file in files if file.is_file()), None)
