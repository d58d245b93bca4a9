"""ControlNets that inpaint, on a loaded pipeline of diffusers: a second network that sees a picture and adds to the
first one's layers (Zhang et al. 2023).
"""

from collections.abc import Sequence
from copy import copy
from inspect import signature
from pathlib import Path
from typing import Any

import diffusers
import numpy as np
import torch
from PIL import Image

from pipelines.base import Pixels, Request
from pipelines.errors import InvalidInput
from pipelines.hf.adapter_files import UNFIT, AdapterFile, configuration, error_text, quietly
from pipelines.hf.controls import CONTROLS, SAME, Control, as_list


class ControlNets:
    """The ControlNet of one pipeline."""

    def __init__(self, pipe: Any, network: Any) -> None:
        self._pipe, self._network = pipe, network
        self._loaded: dict[Path, Any] = {}  # one at most: they are large
        self._control: tuple[Control, Any] | None = None  # in force
        self._share = 0.0  # of it

    def __bool__(self) -> bool:
        """Whether one is in force."""
        return self._control is not None

    def put(self, adapters: Sequence[tuple[AdapterFile, float]]) -> None:
        """Puts a ControlNet in force, or none.

        Args:
            adapters: at most one, and its weight.

        Raises:
            InvalidInput: the ControlNet does not fit the pipeline.
        """
        before, now = self._control, None
        for file, weight in adapters:
            control = self._control_for(file)
            if file.path not in self._loaded:
                self._loaded = {file.path: self._load(file)}
            now, self._share = (control, self._loaded[file.path]), weight
        if before is not None and (now is None or now[1] is not before[1]):
            before[1].to("cpu")  # kept, but not where memory is dear
        if now is not None:
            now[1].to(self._pipe._execution_device)
        self._control = now

    def _control_for(self, file: AdapterFile) -> Control:
        kind = type(self._pipe).__name__
        rows = [row for row in CONTROLS if row.on in {each.__name__ for each in type(self._pipe).__mro__}]
        if not rows:
            raise InvalidInput(f"{kind} takes no ControlNet: leave {file.path} out, or take another model.")
        for row in rows:
            if row.network == file.class_name:
                return row
        raise InvalidInput(
            f"{file.path} is a {file.class_name}, {kind} takes {' or '.join(row.network for row in rows)}: it is "
            "another model's."
        )

    def _load(self, file: AdapterFile) -> Any:
        config = configuration(file.path)
        for key in SAME:
            own = self._network.config.get(key)
            if key in config and own is not None and as_list(config[key]) != as_list(own):
                raise InvalidInput(f"{file.path} is another model's ControlNet: its {key} is {config[key]}, not {own}.")
        try:
            with quietly():
                network = getattr(diffusers, file.class_name).from_pretrained(
                    file.path, dtype=self._pipe.dtype, use_safetensors=True, local_files_only=True
                )
        except UNFIT as error:
            raise InvalidInput(
                f"{file.path} cannot be read as a {file.class_name} ({error_text(error)}); get it again."
            ) from error
        return network.eval()

    def kind(self) -> Any:
        """The class of a pipeline that has what is in force."""
        return type(self._pipe) if self._control is None else getattr(diffusers, self._control[0].by)

    def pipeline_from(self, pipe: Any) -> Any:
        """Makes a pipeline with what is in force from the networks of another, and from all that was left on that."""
        if self._control is None:
            return pipe
        kind, (control, network) = self.kind(), self._control
        takes = signature(kind.__init__).parameters
        settings = {name: pipe.config[name] for name in takes if name in pipe.config and name not in pipe.components}
        parts = {name: part for name, part in pipe.components.items() if name in takes}
        with quietly():
            built = kind(**settings, **parts, controlnet=network)
        # what memory plans and progress bars left on it
        vars(built).update({name: value for name, value in vars(pipe).items() if name not in vars(built)})
        if control.hole is None:
            built.vae = _encoding_to_mean(pipe.vae)
        return built

    def arguments(self, request: Request) -> dict[str, Any]:
        """The further arguments that this pipeline is called with."""
        if self._control is None:
            return {}
        return {"controlnet_conditioning_scale": float(self._share), **_condition(self._control[0], request)}


def _condition(control: Control, request: Request) -> dict[str, Any]:
    """The arguments that show a ControlNet the picture with its hole."""
    hole, image = request.mask > 0, request.image
    if control.hole is None:
        mask = Image.fromarray(hole.astype(np.uint8) * np.uint8(255))
        return {"control_image": Image.fromarray(image), "control_mask": mask}
    if control.hole < 0:  # beyond what a picture can hold
        shown = torch.from_numpy(np.where(hole[..., None], np.float32(control.hole), image.astype(np.float32) / 255))
        return {"control_image": shown.permute(2, 0, 1)[None]}
    picture: Pixels = np.where(hole[..., None], np.uint8(255 * control.hole), image)
    if control.mode is None:
        return {"control_image": Image.fromarray(picture)}
    return {"control_image": [Image.fromarray(picture)], "control_mode": [control.mode]}


def _encoding_to_mean(vae: Any) -> Any:
    """Makes a VAE that shares all with another and encodes to the mean of its latents' distribution.

    These pipelines sample from the distribution without their generators, so that the same seed would give other
    pixels.
    """
    copied, encode = copy(vae), vae.encode

    def to_the_mean(*args: Any, **kwargs: Any) -> Any:
        encoded = encode(*args, **kwargs)
        encoded.latent_dist.sample = lambda generator=None: encoded.latent_dist.mode()
        return encoded

    copied.encode = to_the_mean
    return copied
