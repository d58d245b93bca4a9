"""LoRAs, IP-Adapters and ControlNets on a loaded pipeline of diffusers."""

import os
from collections.abc import Callable, Collection
from copy import copy
from inspect import signature
from typing import Any

from PIL import Image

from pipelines.base import Request
from pipelines.errors import InvalidInput
from pipelines.hf.adapter_files import CONTROLNET, IP_ADAPTER, LORA, adapter_file, canonical_adapter
from pipelines.hf.controlnets import ControlNets
from pipelines.hf.families import network_of
from pipelines.hf.ip_adapters import IpAdapters
from pipelines.hf.loras import Loras


class Adapters:
    """What is added to a loaded pipeline of diffusers, one request after another.

    The networks are the pipeline's own, whoever else has them: a request's adapters are in force from `put` until the
    next. Files stay loaded: another weight or seed reads nothing. Without adapters everything is as if none had been.

    Args:
        pipe: the pipeline of diffusers.
        allowed_names: returns the names of the adapters that may be added by now; None for any.
    """

    def __init__(self, pipe: Any, allowed_names: Callable[[], Collection[str]] | None = None) -> None:
        self._allowed_names = allowed_names
        network = network_of(pipe)
        self._pipe, self._loras = pipe, Loras(pipe)
        self._likenesses, self._controls = IpAdapters(pipe, network), ControlNets(pipe, network)

    def put(self, request: Request) -> None:
        """Puts exactly the request's adapters in force; one of weight 0 is left out.

        Raises:
            InvalidInput: an adapter is not there or does not fit, or the request lacks what it needs.
        """
        if self._allowed_names is not None and request.adapters:
            names = {*self._allowed_names()}
            allowed = names | {canonical_adapter(name) for name in names}
            for adapter in request.adapters:
                # compared as text: a stranger's document may name any path, of another machine too, which is not to be
                # asked for even whether it is there
                if not allowed & {adapter.name, os.path.abspath(os.path.expanduser(adapter.name))}:
                    raise InvalidInput(
                        f"The adapter {adapter.name} is none of those offered here: lay it into the folder adapters in "
                        "the data folder, or name it with --adapter."
                    )
        files = [(adapter_file(adapter.name, False), adapter.weight) for adapter in request.adapters]
        of = {kind: [(file, weight) for file, weight in files if file.kind == kind] for kind in
              (LORA, IP_ADAPTER, CONTROLNET)}  # fmt: skip
        for kind in (IP_ADAPTER, CONTROLNET):
            if len(of[kind]) > 1:
                raise InvalidInput(f"One {kind} at a time is looked at, not {len(of[kind])}: leave the others out.")
        if of[IP_ADAPTER] and request.reference is None:
            name = of[IP_ADAPTER][0][0].path.name
            raise InvalidInput(f"{name} is an IP-Adapter, which needs a reference picture: give one, or leave it out.")
        if request.reference is not None and not of[IP_ADAPTER]:
            raise InvalidInput("Only an IP-Adapter looks at a reference picture: name one as well, or leave it out.")
        self._loras.put({file.path: weight for file, weight in of[LORA] if weight})
        self._likenesses.put([each for each in of[IP_ADAPTER] if each[1]])
        self._controls.put([each for each in of[CONTROLNET] if each[1]])
        pipeline = self._controls.kind()
        takes = signature(pipeline.__call__).parameters
        if self._likenesses.like is not None and "ip_adapter_image" not in takes:
            raise InvalidInput(f"{pipeline.__name__} has no IP-Adapter beside a ControlNet: leave one of them out.")
        if self._controls and request.strength < 1 and "strength" not in takes:
            raise InvalidInput(
                f"With this ControlNet nothing of what is there is begun from: set the strength to 1, and mask no more "
                f"than {request.shape[1]} pixels a side."
            )

    def pipeline(self) -> Any:
        """Makes a pipeline for one run with what is in force; it shares the networks, its other state is its own."""
        pipe = self._controls.pipeline_from(copy(self._pipe))
        if like := self._likenesses.like:
            pipe.image_encoder, pipe.feature_extractor = like.encoder, like.extractor
        return pipe

    def arguments(self, request: Request) -> dict[str, Any]:
        """The further arguments that this pipeline is called with, the same for each image of a run."""
        arguments = self._controls.arguments(request)
        if self._likenesses.like is not None and request.reference is not None:
            arguments["ip_adapter_image"] = Image.fromarray(request.reference)
        return arguments
