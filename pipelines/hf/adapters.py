"""LoRAs, IP-Adapters and ControlNets on a loaded pipeline of diffusers."""

import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass
from importlib.util import find_spec
from inspect import signature
from pathlib import Path
from typing import Any, NamedTuple

import diffusers
import numpy as np
import torch
import transformers
from PIL import Image
from torch import nn

from pipelines.base import Pixels, Request
from pipelines.hf.adapter_files import (
    CONTROLNET,
    IP_ADAPTER,
    LORA,
    AdapterFile,
    adapter_file,
    configuration,
    encoder_of,
)
from pipelines.hf.families import network_of
from pipelines.hf.folder import shapes
from pipelines.hf.hub import INSTALL

MOST_LORAS = 8  # kept loaded, as many as an edit may name
UNFIT = (ValueError, RuntimeError, KeyError, TypeError, AttributeError, IndexError, OSError, NotImplementedError)
SAME = ("cross_attention_dim", "block_out_channels", "joint_attention_dim", "num_attention_heads")
CONTROL_LORA = ("x_embedder.lora", "norm_q.weight", "norm_k.weight", "norm_added_q.weight", "norm_added_k.weight")


@dataclass(frozen=True)
class Control:
    """How a ControlNet that inpaints is asked.

    on: the class of pipeline it is added to. network: its own class. by: the class that has both. hole: what it is
    shown under the mask in a picture of 0 to 1; None where it is given the mask beside the picture. mode: the number of
    inpainting among the tasks of a network of several, None where it has one.
    """

    on: str
    network: str
    by: str
    hole: float | None
    mode: int | None = None


CONTROLS = (
    Control("StableDiffusionInpaintPipeline", "ControlNetModel", "StableDiffusionControlNetInpaintPipeline", -1),
    Control("StableDiffusionXLInpaintPipeline", "ControlNetModel", "StableDiffusionXLControlNetInpaintPipeline", 1),
    Control(
        "StableDiffusionXLInpaintPipeline", "ControlNetUnionModel",
        "StableDiffusionXLControlNetUnionInpaintPipeline", 0, mode=7,
    ),
    Control("FluxInpaintPipeline", "FluxControlNetModel", "FluxControlNetInpaintPipeline", 0),
    Control(
        "StableDiffusion3InpaintPipeline", "SD3ControlNetModel",
        "StableDiffusion3ControlNetInpaintingPipeline", None,
    ),
    Control("QwenImageInpaintPipeline", "QwenImageControlNetModel", "QwenImageControlNetInpaintPipeline", None),
)  # fmt: skip


class Attention(NamedTuple):
    """What an IP-Adapter exchanges in a network: the ways its layers attend, and what readies a picture for them."""

    processors: dict[str, Any]
    projections: dict[str, Any]
    kind: str | None

    @classmethod
    def of(cls, network: Any) -> "Attention":
        projections = {name: getattr(network, name, None) for name in ("encoder_hid_proj", "image_proj")}
        return cls(dict(network.attn_processors), projections, getattr(network.config, "encoder_hid_dim_type", None))

    def put(self, network: Any) -> None:
        for part in (*self.processors.values(), *self.projections.values()):
            if isinstance(part, nn.Module):  # it stayed where it was while it was no part of the network
                part.to(network.device, network.dtype)
        network.encoder_hid_proj = None  # which may attend itself, and is not meant below
        network.set_attn_processor(dict(self.processors))
        for name, part in self.projections.items():
            if part is not None or hasattr(network, name):
                setattr(network, name, part)
        network.config.encoder_hid_dim_type = self.kind


class Likeness(NamedTuple):
    """A loaded IP-Adapter. encoder, extractor: what looks at the reference, and what readies it for that."""

    attention: Attention
    encoder: Any
    extractor: Any


class Adapters:
    """What is added to a loaded pipeline of diffusers, one request after another.

    The networks are the pipeline's own, whoever else has them: a request's adapters are in force from `put` until the
    next. Files stay loaded: another weight or seed reads nothing. Without adapters everything is as if none had been.
    """

    def __init__(self, pipe: Any) -> None:
        self._pipe = pipe
        self._network = network_of(pipe)
        self._loras: dict[Path, str] = {}  # peft's names for them; what was used last is last
        self._loaded = 0
        self._plain: Attention | None = None  # the network's own, once another was put in
        self._likenesses: dict[Path, Likeness] = {}  # one at most, as of ControlNets
        self._controls: dict[Path, Any] = {}
        self._like: Likeness | None = None  # in force, as the two below
        self._control: tuple[Control, Any] | None = None
        self._share = 0.0  # of the ControlNet

    def put(self, request: Request) -> None:
        """Have exactly the request's adapters in force; a weight of 0 is none.

        ValueError with a sentence when one is not there, does not fit, or the request lacks what it needs.
        """
        files = [(adapter_file(adapter.name, False), adapter.weight) for adapter in request.adapters]
        of = {kind: [(file, weight) for file, weight in files if file.kind == kind] for kind in
              (LORA, IP_ADAPTER, CONTROLNET)}  # fmt: skip
        for kind in (IP_ADAPTER, CONTROLNET):
            if len(of[kind]) > 1:
                raise ValueError(f"one {kind} at a time is looked at, not {len(of[kind])}: leave the others out")
        if of[IP_ADAPTER] and request.reference is None:
            name = of[IP_ADAPTER][0][0].path.name
            raise ValueError(f"{name} is an IP-Adapter, which needs a reference picture: give one, or leave it out")
        if request.reference is not None and not of[IP_ADAPTER]:
            raise ValueError("only an IP-Adapter looks at a reference picture: name one as well, or leave it out")
        self._put_loras({file.path: weight for file, weight in of[LORA] if weight})
        self._put_likeness([each for each in of[IP_ADAPTER] if each[1]])
        self._put_control([each for each in of[CONTROLNET] if each[1]])
        takes = signature(self._kind().__call__).parameters
        if self._like is not None and "ip_adapter_image" not in takes:
            raise ValueError(f"{self._kind().__name__} has no IP-Adapter beside a ControlNet: leave one of them out")
        if self._control is not None and request.strength < 1 and "strength" not in takes:
            raise ValueError(
                f"with this ControlNet nothing of what is there is begun from: set the strength to 1, and mask no more "
                f"than {request.image.shape[1]} pixels a side"
            )

    def pipeline(self) -> Any:
        """A pipeline for one run with what is in force: the networks are shared, its other state is its own."""
        pipe = copy(self._pipe)
        if self._control is not None:
            with _quietly():
                pipe = self._with_control(pipe, *self._control)
        if self._like is not None:
            pipe.image_encoder, pipe.feature_extractor = self._like.encoder, self._like.extractor
        return pipe

    def arguments(self, request: Request) -> dict[str, Any]:
        """What that pipeline is called with beside all else, the same for each image of a run."""
        arguments: dict[str, Any] = {}
        if self._like is not None and request.reference is not None:
            arguments["ip_adapter_image"] = Image.fromarray(request.reference)
        if self._control is not None:
            control, _ = self._control
            arguments |= {"controlnet_conditioning_scale": float(self._share), **_condition(control, request)}
        return arguments

    def _kind(self) -> type:
        return type(self._pipe) if self._control is None else getattr(diffusers, self._control[0].by)

    # LoRA: layers of low rank beside the network's own (Hu et al. 2021)

    def _put_loras(self, wanted: Mapping[Path, float]) -> None:
        for file in wanted:
            self._loras[file] = self._loras.pop(file, None) or self._load_lora(file)
        for file in list(self._loras)[: max(0, len(self._loras) - max(MOST_LORAS, len(wanted)))]:
            self._forget(self._loras.pop(file))
        if wanted:
            self._pipe.enable_lora()
            self._pipe.set_adapters([self._loras[file] for file in wanted], list(wanted.values()))
        elif self._loras:
            self._pipe.disable_lora()

    def _load_lora(self, file: Path) -> str:
        kind = type(self._pipe).__name__
        if not hasattr(self._pipe, "load_lora_weights"):
            raise ValueError(f"{kind} takes no LoRA: leave {file.name} out, or take another model")
        if find_spec("peft") is None:
            raise ValueError(f"a LoRA needs the package peft: {INSTALL}")
        if any(mark in key for key in shapes(file) for mark in CONTROL_LORA):
            raise ValueError(f"{file} replaces layers of the model instead of adding to them: take a plain LoRA")
        self._loaded += 1
        name = f"lora{self._loaded}"
        try:
            with _quietly(), _unhooked(self._pipe):
                self._pipe.load_lora_weights(
                    str(file.parent), weight_name=file.name, adapter_name=name, use_safetensors=True,
                    local_files_only=True,
                )  # fmt: skip
        except UNFIT as error:
            self._forget(name)
            if isinstance(error, torch.OutOfMemoryError):  # which says nothing of the file
                raise
            raise ValueError(f"{file} does not fit {kind}: it is another model's LoRA ({_first(error)})") from error
        if not self._layers(name):
            self._forget(name)
            raise ValueError(f"{file} fits none of the layers of {kind}: it is another model's LoRA")
        return name

    def _layers(self, name: str) -> int:
        """How many layers a LoRA was laid beside."""
        parts = (part for part in self._pipe.components.values() if isinstance(part, nn.Module))
        return sum(
            name in module._modules
            for part in parts
            for where, module in part.named_modules()
            if where.endswith((".lora_A", ".lora_embedding_A", ".lokr_w1", ".lokr_w1_a"))
        )

    def _forget(self, name: str) -> None:
        with _quietly():
            self._pipe.delete_adapters(name)

    # IP-Adapter: attention to a picture beside that to the words (Ye et al. 2023)

    def _put_likeness(self, wanted: Sequence[tuple[AdapterFile, float]]) -> None:
        like = None
        for file, weight in wanted:
            if file.path not in self._likenesses:
                loaded = self._load_likeness(file.path)
                self._likenesses = {file.path: loaded}
            like = self._likenesses[file.path]
            self._attend(like)
            like.encoder.to(self._pipe._execution_device)
            self._pipe.set_ip_adapter_scale(weight)
        if like is None:
            self._attend(None)

    def _attend(self, like: Likeness | None) -> None:
        """Have the network attend as this IP-Adapter has it, or as it did by itself."""
        if like is self._like:
            return
        if self._like is not None:
            self._like.encoder.to("cpu")  # kept, but not where memory is dear
        own = self._plain if like is None else like.attention
        assert own is not None  # it was looked at before the first was loaded
        own.put(self._network)
        self._like = like

    def _load_likeness(self, file: Path) -> Likeness:
        kind = type(self._pipe).__name__
        if not hasattr(self._pipe, "load_ip_adapter"):
            raise ValueError(f"{kind} takes no IP-Adapter: leave {file.name} out, or take another model")
        folder = encoder_of(file)
        self._attend(None)
        self._plain = self._plain or Attention.of(self._network)
        pipe = copy(self._pipe)
        try:
            with _quietly():
                looks = transformers.SiglipVisionModel, transformers.SiglipImageProcessor
                if configuration(folder).get("model_type") != "siglip_vision_model":
                    looks = transformers.CLIPVisionModelWithProjection, transformers.CLIPImageProcessor
                encoder = looks[0].from_pretrained(
                    folder, dtype=pipe.dtype, use_safetensors=True, local_files_only=True
                )
                side = encoder.config.image_size
                square = {"size": {"height": side, "width": side}}
                if looks[0] is transformers.CLIPVisionModelWithProjection:  # its shorter side, and of that the middle
                    square = {"size": {"shortest_edge": side}, "crop_size": {"height": side, "width": side}}
                # an image encoder of the model's own is another's
                pipe.image_encoder, pipe.feature_extractor = encoder, looks[1](**square)
                pipe.load_ip_adapter(str(file.parent), subfolder="", weight_name=file.name, local_files_only=True)
        except UNFIT as error:
            self._plain.put(self._network)
            if isinstance(error, torch.OutOfMemoryError):
                raise
            raise ValueError(
                f"{file} does not fit {kind}: it is another model's IP-Adapter ({_first(error)})"
            ) from error
        loaded = Likeness(Attention.of(self._network), encoder.eval(), pipe.feature_extractor)
        self._plain.put(self._network)
        return loaded

    # ControlNet: a second network that sees a picture and adds to the first one's layers (Zhang et al. 2023)

    def _put_control(self, wanted: Sequence[tuple[AdapterFile, float]]) -> None:
        before, now = self._control, None
        for file, weight in wanted:
            control = self._control_for(file)
            if file.path not in self._controls:
                self._controls = {file.path: self._load_control(file)}
            now, self._share = (control, self._controls[file.path]), weight
        if before is not None and (now is None or now[1] is not before[1]):
            before[1].to("cpu")  # as an image encoder
        if now is not None:
            now[1].to(self._pipe._execution_device)
        self._control = now

    def _control_for(self, file: AdapterFile) -> Control:
        kind = type(self._pipe).__name__
        rows = [row for row in CONTROLS if row.on in {each.__name__ for each in type(self._pipe).__mro__}]
        if not rows:
            raise ValueError(f"{kind} takes no ControlNet: leave {file.path} out, or take another model")
        for row in rows:
            if row.network == file.named:
                return row
        raise ValueError(
            f"{file.path} is a {file.named}, {kind} takes {' or '.join(row.network for row in rows)}: it is another "
            "model's"
        )

    def _load_control(self, file: AdapterFile) -> Any:
        said = configuration(file.path)
        for key in SAME:
            own = self._network.config.get(key)
            if key in said and own is not None and _listed(said[key]) != _listed(own):
                raise ValueError(f"{file.path} is another model's ControlNet: its {key} is {said[key]}, not {own}")
        try:
            with _quietly():
                network = getattr(diffusers, file.named).from_pretrained(
                    file.path, dtype=self._pipe.dtype, use_safetensors=True, local_files_only=True
                )
        except UNFIT as error:
            raise ValueError(f"{file.path} cannot be read as a {file.named} ({_first(error)}); get it again") from error
        return network.eval()

    def _with_control(self, pipe: Any, control: Control, network: Any) -> Any:
        kind = getattr(diffusers, control.by)
        takes = signature(kind.__init__).parameters
        settings = {name: pipe.config[name] for name in takes if name in pipe.config and name not in pipe.components}
        parts = {name: part for name, part in pipe.components.items() if name in takes}
        built = kind(**settings, **parts, controlnet=network)
        # what memory plans and progress bars left on it
        vars(built).update({name: value for name, value in vars(pipe).items() if name not in vars(built)})
        if control.hole is None:
            built.vae = _sure(pipe.vae)
        return built


def _condition(control: Control, request: Request) -> dict[str, Any]:
    """The picture with its hole as a ControlNet wants it."""
    hole, image = request.mask > 0, request.image
    if control.hole is None:
        mask = Image.fromarray(hole.astype(np.uint8) * np.uint8(255))
        return {"control_image": Image.fromarray(image), "control_mask": mask}
    if control.hole < 0:  # beyond what a picture can hold
        shown = torch.from_numpy(np.where(hole[..., None], np.float32(control.hole), image.astype(np.float32) / 255))
        return {"control_image": shown.permute(2, 0, 1)[None]}
    seen: Pixels = np.where(hole[..., None], np.uint8(255 * control.hole), image)
    if control.mode is None:
        return {"control_image": Image.fromarray(seen)}
    return {"control_image": [Image.fromarray(seen)], "control_mode": [control.mode]}


def _sure(vae: Any) -> Any:
    """A decoder that shares all with another and encodes to the mean: these pipelines draw from the spread about it
    without their generators, so that the same seed gave other pixels.
    """
    sure, encode = copy(vae), vae.encode

    def to_the_mean(*args: Any, **kwargs: Any) -> Any:
        encoded = encode(*args, **kwargs)
        encoded.latent_dist.sample = lambda generator=None: encoded.latent_dist.mode()
        return encoded

    sure.encode = to_the_mean
    return sure


@contextmanager
def _quietly() -> Iterator[None]:
    """Without diffusers' remarks on what is as it should be: a second LoRA, text encoders that one says nothing of."""
    logging = diffusers.utils.logging
    before = logging.get_verbosity()
    logging.set_verbosity(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.set_verbosity(before)


@contextmanager
def _unhooked(pipe: Any) -> Iterator[None]:
    """Where its networks come to the device one at a time, without that: diffusers would see to it itself, but go on
    with the first card it finds, which need not be the device, nor there; and not at all after a failure."""
    offloaded = bool(getattr(pipe, "_all_hooks", ()))
    if offloaded:
        pipe.remove_all_hooks()
    try:
        yield
    finally:
        if offloaded:
            pipe.enable_model_cpu_offload(device=pipe._offload_device)


def _listed(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value]


def _first(error: BaseException) -> str:
    return " ".join(str(error).split())[:200]
