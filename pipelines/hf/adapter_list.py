"""Which adapters there are on this machine, and which model takes which, as their files tell. Loads none."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from pipelines import HUB
from pipelines.errors import InvalidInput
from pipelines.hf.adapter_files import (
    CONTROLNET,
    ENCODER,
    IP_ADAPTER,
    LORA,
    WEIGHTS,
    AdapterFile,
    adapter_file,
    canonical_adapter,
    configuration,
    encoder_of,
)
from pipelines.hf.controls import CONTROLS, SAME, as_list
from pipelines.hf.families import family_of
from pipelines.hf.hub import ON_HUB
from pipelines.hf.model_files import INDEX, read_layout, shapes
from pipelines.hf.repository import snapshot
from pipelines.installed import Model
from pipelines.recommended import ADAPTER, recommended

FOLDER = "adapters"  # in the data folder: what lies here may be used
LOOK_AT_PICTURES = frozenset({  # classes with IP-Adapters
    "StableDiffusionInpaintPipeline", "StableDiffusionXLInpaintPipeline", "StableDiffusion3InpaintPipeline",
    "FluxInpaintPipeline", "FluxKontextInpaintPipeline", "ChromaInpaintPipeline",
})  # fmt: skip
DOWN = re.compile(
    r"(.+?)(?:\.lora_A(?:\.\w+)?|\.lora_down|\.lora\.down|_lora\.down)\.weight"
)  # the first half of a LoRA
OF_WORDS = ("lora_te", "text_encoder", "te_")  # how the names of a LoRA's layers begin that lie in text encoders
ATTENTION = re.compile(r"(attn\d)_(?:processor_)?(to_[qkv])$")  # of U-Nets
# what may stand before a layer's own name
NETWORKS = re.compile(r"^(?:base_model\.model\.)?(?:unet|transformer|diffusion_model|lora_unet|lora_transformer)[._]")


class InstalledAdapter(NamedTuple):
    """An adapter on this machine."""

    name: str  # as in an Edit
    title: str  # in a list
    file: AdapterFile
    settings: Mapping[str, float]  # the steps and the guidance that it was trained for, where that is known


class Network(NamedTuple):
    """What adapters change, as a model's files describe it."""

    classes: frozenset[str]  # of the pipelines that repaint with it; none where the files do not say
    config: Mapping[str, Any]
    layers: Mapping[str, int]  # how many numbers each layer takes, by its name with "_" for "."

    def widths(self, kind: str) -> frozenset[int]:
        """How many numbers its layers of a kind take, '' for all."""
        return frozenset(width for layer, width in self.layers.items() if not kind or _kind(layer) == kind)


def installed_adapters(models: Iterable[Model], folder: Path, named: Collection[str]) -> list[InstalledAdapter]:
    """Lists the adapters on this machine: the only ones that an edit may name.

    Args:
        models: what is installed, adapters among it.
        folder: the data folder, whose `adapters` may hold some.
        named: names that the user typed.
    """
    titles = {model.pipeline: model.title for model in models if model.use == ADAPTER and not model.trouble}
    names = [*(canonical_adapter(name) for name in named), *titles, *_in_folder(folder / FOLDER), *_cached()]
    found = []
    for name in dict.fromkeys(names):
        file = _file(name)
        if file is not None:
            id = "/".join(name.split("/")[:2])
            row = recommended().get(id)
            settings = {} if row is None or not name.startswith(f"{id}/") else dict(row.settings)
            found.append(InstalledAdapter(name, titles.get(name) or Path(name).stem, file, settings))
    return found


def why_not(adapter: InstalledAdapter, pipeline: str) -> str:
    """Says in a sentence why a model does not take an adapter, as far as their files tell; '' where it does.

    Args:
        adapter: the adapter.
        pipeline: the model's full name.
    """
    file, title = adapter.file, adapter.title
    if not pipeline.startswith(HUB):
        return "This model takes no adapters: choose one of diffusers (hf:)."
    try:
        network = _network(_place(pipeline.removeprefix(HUB)))
        if file.kind == LORA:
            fits = _lora_fits(file.path, network)
            return "" if fits else f"{title} was made for another model: its layers have other sizes."
        if file.kind == IP_ADAPTER:
            if network.classes and not network.classes & LOOK_AT_PICTURES:
                return "This model has no place for an IP-Adapter: choose Stable Diffusion, SDXL or FLUX."
            encoder_of(file.path)
            fits = _likeness_fits(file.path, network)
            return "" if fits else f"{title} was made for another model: its layers have other sizes."
        return _why_no_control(adapter, network)
    except (InvalidInput, OSError) as error:
        return str(error)


def _why_no_control(adapter: InstalledAdapter, network: Network) -> str:
    file, title = adapter.file, adapter.title
    rows = [row for row in CONTROLS if row.on in network.classes]
    if network.classes and not rows:
        return "This model has no place for a ControlNet: choose Stable Diffusion, SDXL, FLUX or Qwen-Image."
    if rows and file.class_name not in [row.network for row in rows]:
        return f"{title} is a {file.class_name}; this model takes {' or '.join(row.network for row in rows)}."
    config = configuration(file.path)
    for key in SAME:
        own = network.config.get(key)
        if key in config and own is not None and as_list(config[key]) != as_list(own):
            return f"{title} was made for another model: its {key.replace('_', ' ')} is another."
    return ""


def _lora_fits(path: Path, network: Network) -> bool:
    """Tells whether the layers of a LoRA are a network's; True where its file has another layout."""
    layers = [
        (NETWORKS.sub("", match[1]).replace(".", "_"), shape[1])
        for key, shape in shapes(path).items()
        if (match := DOWN.fullmatch(key)) and not match[1].startswith(OF_WORDS) and len(shape) > 1
    ]
    if not layers or not network.layers:
        return True
    same = [network.layers[layer] == width for layer, width in layers if layer in network.layers]
    if same:
        return all(same) and 2 * len(same) >= len(layers)
    kinds = [(kind, width) for layer, width in layers if (kind := _kind(layer))]  # in another's spelling
    if kinds or network.widths("attn2_to_k"):
        return bool(kinds) and all(width in network.widths(kind) for kind, width in kinds)
    return any(width in network.widths("") for _, width in layers)


def _likeness_fits(path: Path, network: Network) -> bool:
    """Tells whether an IP-Adapter attends to vectors as wide as those of a network's words."""
    if not network.layers:
        return True
    numbers = shapes(path)
    flux = any("single_transformer_blocks" in layer for layer in network.layers)
    if flux != any(key.endswith("to_k_ip.bias") for key in numbers):  # which FLUX's alone have
        return False
    wanted = {shape[1] for key, shape in numbers.items() if key.endswith("to_k_ip.weight")}
    words = {network.config.get("joint_attention_dim")} if flux else network.widths("attn2_to_k")
    return not words or wanted <= words


def _kind(layer: str) -> str:
    """The kind of a layer of a U-Net's attention, by its name in whatever spelling: "attn2_to_k"; '' for any other."""
    match = ATTENTION.search(layer)
    return f"{match[1]}_{match[2]}" if match else ""


def _place(source: str) -> Path:
    """Where a model of diffusers lies on this machine.

    Raises:
        InvalidInput: it does not.
    """
    place = snapshot(source) if ON_HUB.fullmatch(source) and not Path(source).exists() else Path(source)
    if place is None or not place.exists():
        raise InvalidInput(f"{source} is not on this machine yet.")
    return place


def _network(place: Path) -> Network:
    stamp = (place / INDEX if place.is_dir() else place).stat().st_mtime_ns
    return _read_network(place, stamp)


@lru_cache(16)
def _read_network(place: Path, stamp: int) -> Network:
    """stamp: when it was changed last."""
    if place.is_file():
        start = "model.diffusion_model."
        keys = {key.removeprefix(start): shape for key, shape in shapes(place).items() if key.startswith(start)}
        return Network(frozenset(), {}, _layers(keys))
    layout = read_layout(place, weights=False)
    family = family_of(layout.class_name)
    part = place / ("unet" if "unet" in layout.parts else "transformer")
    files = sorted(part.glob(f"*{WEIGHTS}"))
    layers = _layers({key: shape for file in files for key, shape in shapes(file).items()})
    classes = {layout.class_name} if family is None else {family.repaints, *family.takes}
    return Network(frozenset(classes), configuration(part), layers)


def _layers(keys: Mapping[str, tuple[int, ...]]) -> dict[str, int]:
    return {
        key.removesuffix(".weight").replace(".", "_"): shape[1]
        for key, shape in keys.items()
        if key.endswith(".weight") and len(shape) > 1
    }


def _in_folder(folder: Path) -> Iterator[str]:
    """Yields the files and the folders in a folder that may be adapters."""
    for place in sorted(folder.iterdir()) if folder.is_dir() else ():
        if place.name == ENCODER:
            continue
        if (place / "config.json").is_file() or place.suffix == WEIGHTS:
            yield str(place.resolve())
        elif place.is_dir():
            yield from (str(file.resolve()) for file in sorted(place.glob(f"*{WEIGHTS}")))


def _cached() -> Iterator[str]:
    """Yields the names of what may be adapters in the hub's cache: what is no pipeline, and no model of the table."""
    try:
        from huggingface_hub import constants
    except ImportError:
        return
    for cached in sorted(Path(constants.HF_HUB_CACHE).glob("models--*--*")):
        id = "/".join(cached.name.split("--")[1:])
        row, place = recommended().get(id), snapshot(id) if ON_HUB.fullmatch(id) else None
        if place is None or (place / INDEX).exists() or (row is not None and row.use != ADAPTER):
            continue
        if "ControlNet" in str(configuration(place).get("_class_name", "")):
            yield id
            continue
        for file in sorted([*place.glob(f"*{WEIGHTS}"), *place.glob(f"*/*{WEIGHTS}")]):
            if file.parent.name != ENCODER:
                yield f"{id}/{file.relative_to(place).as_posix()}"


def _file(name: str) -> AdapterFile | None:
    """What a name leads to; None where that is no adapter, or not on this machine."""
    id = "/".join(name.split("/")[:2])
    place = Path(name)
    if not place.exists() and ON_HUB.fullmatch(id) and (cached := snapshot(id)) is not None:
        place = cached / name.removeprefix(id).removeprefix("/")
    try:
        return _read_file(name, place.stat().st_mtime_ns)
    except OSError:
        return None


@lru_cache(1024)
def _read_file(name: str, stamp: int) -> AdapterFile | None:
    """stamp: when it was changed last."""
    try:
        return adapter_file(name, fetch=False)
    except InvalidInput:
        return None


KINDS = {LORA: "lora", IP_ADAPTER: "ip-adapter", CONTROLNET: "controlnet"}  # as the routes call them
