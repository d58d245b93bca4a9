"""IP-Adapters on a loaded pipeline of diffusers: attention to a picture beside that to words (Ye et al. 2023)."""

from collections.abc import Sequence
from copy import copy
from pathlib import Path
from typing import Any, NamedTuple

import torch
import transformers
from torch import nn

from pipelines.errors import InvalidInput
from pipelines.hf.adapter_files import UNFIT, AdapterFile, configuration, encoder_of, error_text, quietly


class Attention(NamedTuple):
    """What an IP-Adapter exchanges in a network."""

    processors: dict[str, Any]  # how its layers attend, by their names
    projections: dict[str, Any]  # what readies a picture for them, by the network's attribute; None where it has none
    kind: str | None  # `encoder_hid_dim_type` of the network's configuration

    @classmethod
    def of(cls, network: Any) -> "Attention":
        """The attention that a network has now."""
        projections = {name: getattr(network, name, None) for name in ("encoder_hid_proj", "image_proj")}
        return cls(dict(network.attn_processors), projections, getattr(network.config, "encoder_hid_dim_type", None))

    def put(self, network: Any) -> None:
        """Has a network attend like this."""
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
    """A loaded IP-Adapter."""

    attention: Attention
    encoder: Any  # looks at the reference picture
    extractor: Any  # readies the picture for the encoder


class IpAdapters:
    """The IP-Adapter of one pipeline.

    Attributes:
        like: the one in force, if any.
    """

    def __init__(self, pipe: Any, network: Any) -> None:
        self.like: Likeness | None = None
        self._pipe, self._network = pipe, network
        self._plain: Attention | None = None  # the network's own, once another was put in
        self._loaded: dict[Path, Likeness] = {}  # one at most: they are large

    def put(self, adapters: Sequence[tuple[AdapterFile, float]]) -> None:
        """Has the network attend to an IP-Adapter, or as it does by itself.

        Args:
            adapters: at most one, and its weight.

        Raises:
            InvalidInput: the adapter does not fit the pipeline.
        """
        like = None
        for file, weight in adapters:
            if file.path not in self._loaded:
                loaded = self._load(file.path)
                self._loaded = {file.path: loaded}
            like = self._loaded[file.path]
            self._attend(like)
            like.encoder.to(self._pipe._execution_device)
            self._pipe.set_ip_adapter_scale(weight)
        if like is None:
            self._attend(None)

    def _attend(self, like: Likeness | None) -> None:
        """Has the network attend as this IP-Adapter does, or, for None, as it did by itself."""
        if like is self.like:
            return
        if self.like is not None:
            self.like.encoder.to("cpu")  # kept, but not where memory is dear
        own = self._plain if like is None else like.attention
        assert own is not None  # it was looked at before the first was loaded
        own.put(self._network)
        self.like = like

    def _load(self, file: Path) -> Likeness:
        kind = type(self._pipe).__name__
        if not hasattr(self._pipe, "load_ip_adapter"):
            raise InvalidInput(f"{kind} takes no IP-Adapter: leave {file.name} out, or take another model.")
        folder = encoder_of(file)
        self._attend(None)
        self._plain = self._plain or Attention.of(self._network)
        pipe = copy(self._pipe)
        try:
            with quietly():
                classes: tuple[Any, Any] = transformers.SiglipVisionModel, transformers.SiglipImageProcessor
                if configuration(folder).get("model_type") != "siglip_vision_model":
                    classes = transformers.CLIPVisionModelWithProjection, transformers.CLIPImageProcessor
                encoder = classes[0].from_pretrained(
                    folder, dtype=pipe.dtype, use_safetensors=True, local_files_only=True
                )
                side = encoder.config.image_size
                square: dict[str, Any] = {"size": {"height": side, "width": side}}
                if classes[0] is transformers.CLIPVisionModelWithProjection:  # its shorter side, and of that the middle
                    square = {"size": {"shortest_edge": side}, "crop_size": {"height": side, "width": side}}
                # an image encoder of the model's own is another's
                pipe.image_encoder, pipe.feature_extractor = encoder, classes[1](**square)
                pipe.load_ip_adapter(str(file.parent), subfolder="", weight_name=file.name, local_files_only=True)
        except UNFIT as error:
            self._plain.put(self._network)
            if isinstance(error, torch.OutOfMemoryError):
                raise
            raise InvalidInput(
                f"{file} does not fit {kind}: it is another model's IP-Adapter ({error_text(error)})."
            ) from error
        likeness = Likeness(Attention.of(self._network), encoder.eval(), pipe.feature_extractor)
        self._plain.put(self._network)
        return likeness
