"""A GLIDE as the files of a folder: what OpenAI released, or what this project trained (`pipelines.training`).

The second has its networks' sizes in `CONFIG`, its own byte pairs in `BYTE_PAIRS`, and in `WORDS` the words that it
was trained on.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from functools import cache, partial
from pathlib import Path

from torch import nn

from pipelines.calibration import read_calibration
from pipelines.errors import InvalidInput
from pipelines.glide.clip import Clip, ClipImage, ClipText
from pipelines.glide.config import CLIP, PRESETS, ClipConfig, UNetConfig
from pipelines.glide.download import HOW
from pipelines.glide.pipeline import DRAWING, EDITING, Glide
from pipelines.glide.sized import frozen, read_sizes
from pipelines.glide.tokenizer import (
    CLIP_FILE,
    GPT2_FILES,
    ClipTokenizer,
    EndedTokenizer,
    Tokenizer,
    byte_pair_file,
    gpt2_tokenizer,
    mini_tokenizer,
)
from pipelines.glide.unet import UNet
from pipelines.glide.weights import load_network, load_unet
from pipelines.machine import keep_freed_memory

PAIRS = (EDITING, DRAWING)  # drawn with together
CLIP_HALVES = ("clip_text_enc", "clip_image_enc")
CONFIG, BYTE_PAIRS, WORDS = "config.json", "tokenizer.json", "words.txt"
CLIP_SIZES = "clip.json"  # the sizes of a folder's own noised CLIP


def load_glide(
    folder: Path,
    name: str,
    compiled: bool = False,
    configs: Mapping[str, UNetConfig] = PRESETS,
    clip_config: ClipConfig = CLIP,
) -> Glide:
    """Loads GLIDE from whichever of its files are in a folder: what edits now, the rest when needed.

    There must be base_inpaint and upsample_inpaint, or base and upsample, as .safetensors or .pt, and byte pairs; with
    both halves of the noised CLIP, and `CLIP_FILE` or `CLIP_SIZES`, it has CLIP guidance.

    Args:
        folder: the folder.
        name: what the pipeline is called.
        compiled: whether its networks run by torch.compile, whose first runs take minutes.
        configs: the networks' sizes where the folder has no `CONFIG`: those that were released.
        clip_config: the sizes of CLIP where the folder has no `CLIP_SIZES`.

    Raises:
        InvalidInput: something is missing or damaged, which the message names.
    """
    if not folder.is_dir():
        raise InvalidInput(f"There is no folder {folder}; {HOW.format(folder)}.")
    own = (folder / CONFIG).is_file()
    configs = read_configs(folder) if own else configs
    files = {name: file for pair in (*PAIRS, CLIP_HALVES) for name in pair if (file := weights_file(folder, name))}
    pairs = [pair for pair in PAIRS if files.keys() & configs.keys() >= set(pair)]
    missing = [] if pairs else [" and ".join(PAIRS[0]) + f" (or {' and '.join(PAIRS[1])})"]
    if not (own and (folder / BYTE_PAIRS).is_file()):
        missing += [name for name in GPT2_FILES if byte_pair_file(folder, name) is None]
    if missing:
        how = "train them with `python -m pipelines.training`, or copy them again" if own else HOW.format(folder)
        raise InvalidInput(f"{folder} lacks {', '.join(missing)}; {how}.")

    networks = {name: partial(load_unet, configs[name], files[name]) for pair in pairs for name in pair}
    config = configs[pairs[0][0]]
    tokenizer = folder_tokenizer(folder, config)

    own_clip = (folder / CLIP_SIZES).is_file()
    has_clip = files.keys() >= set(CLIP_HALVES) and (own_clip or byte_pair_file(folder, CLIP_FILE) is not None)
    vocabulary = frozenset((folder / WORDS).read_text().split()) if (folder / WORDS).is_file() else None
    keep_freed_memory()
    # eight steps of a small base are as good as twenty, two of its upsampler as eight, and to paint live four will do;
    # of those released nothing is known
    upsample_steps, defaults, live_steps = (2, {"steps": 8}, 4) if own else (8, {}, 0)
    return Glide(
        name,
        networks,
        tokenizer,
        vocabulary,
        upsample_steps,
        partial(load_clip, folder, clip_config) if has_clip else None,
        compiled,
        defaults,
        live_steps,
        cache(lambda: read_calibration(folder, clip_files(folder))),  # once: it reads all of CLIP's files
    )


def load_clip(folder: Path, released: ClipConfig = CLIP) -> Clip:
    """Loads the noised CLIP of a folder.

    Args:
        folder: with both halves, and `CLIP_SIZES` or the byte pairs that OpenAI published.
        released: the sizes of CLIP where the folder has no `CLIP_SIZES`.

    Raises:
        InvalidInput: something is missing or damaged.
    """
    own = (folder / CLIP_SIZES).is_file()
    config = read_clip_config(folder) if own else released
    makers = makers_of({}, config)
    text, image = (load_network(makers[name], file) for name, file in zip(CLIP_HALVES, clip_files(folder), strict=True))
    assert isinstance(text, ClipText) and isinstance(image, ClipImage)
    tokenizer = (
        EndedTokenizer(mini_tokenizer(folder / BYTE_PAIRS, config.context - 1))
        if own
        else ClipTokenizer(folder, config.context)
    )
    return Clip(text, image, tokenizer, config.scale)


def clip_files(folder: Path) -> list[Path]:
    """Finds both halves of the noised CLIP of a folder, in the order of `CLIP_HALVES`.

    Raises:
        InvalidInput: one is missing.
    """
    found = []
    for name in CLIP_HALVES:
        if (file := weights_file(folder, name)) is None:
            raise InvalidInput(f"{folder} lacks {name}.safetensors: train it with `python -m pipelines.training clip`.")
        found.append(file)
    return found


def read_clip_config(folder: Path) -> ClipConfig:
    """Reads the sizes of a folder's own noised CLIP.

    Raises:
        InvalidInput: they cannot be read.
    """
    return read_sizes(folder / CLIP_SIZES, ClipConfig)


def folder_tokenizer(folder: Path, config: UNetConfig) -> Tokenizer:
    """Reads the byte pairs of a folder, for networks of this size.

    Raises:
        InvalidInput: they cannot be read, or do not belong to these networks.
    """
    own = (folder / BYTE_PAIRS).is_file()
    tokenizer = (mini_tokenizer if own else gpt2_tokenizer)(folder / BYTE_PAIRS if own else folder, config.context)
    if tokenizer.vocabulary > config.vocabulary if own else tokenizer.vocabulary != config.vocabulary:
        counts = f"{tokenizer.vocabulary:,} tokens, where the networks know {config.vocabulary:,}"
        raise InvalidInput(f"The byte pairs in {folder} have {counts}: they belong to another model.")
    return tokenizer


def read_configs(folder: Path) -> dict[str, UNetConfig]:
    """Reads the sizes of a folder's networks, by their names.

    Raises:
        InvalidInput: they cannot be read.
    """
    try:
        rows = json.loads((folder / CONFIG).read_text())
        return {name: UNetConfig(**{key: frozen(value) for key, value in row.items()}) for name, row in rows.items()}
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise InvalidInput(f"The sizes of the networks in {folder / CONFIG} cannot be read ({error}).") from error


def write_config(folder: Path, name: str, config: UNetConfig) -> None:
    """Writes a network's size into the folder, beside those that are there."""
    rows = json.loads((folder / CONFIG).read_text()) if (folder / CONFIG).exists() else {}
    (folder / CONFIG).write_text(json.dumps({**rows, name: asdict(config)}, indent=1) + "\n")


def makers_of(configs: Mapping[str, UNetConfig], clip_config: ClipConfig) -> dict[str, Callable[[], nn.Module]]:
    """Returns how to make each network, by the name of its file, without weights yet."""
    return {
        **{name: partial(UNet, configs[name]) for pair in PAIRS for name in pair if name in configs},
        "clip_text_enc": partial(ClipText, clip_config),
        "clip_image_enc": partial(ClipImage, clip_config),
    }


def weights_file(folder: Path, name: str) -> Path | None:
    """Finds a network's file, the converted one first; None where there is neither."""
    files = folder / f"{name}.safetensors", folder / f"{name}.pt"
    return next((file for file in files if file.is_file()), None)
