"""Removal by LaMa (Suvorov et al. 2022): Fourier convolutions carry the surroundings into a hole."""

from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from pipelines.base import NOT_ASKED, Pixels, Request, Run, Step, filled
from pipelines.errors import InvalidInput, one_line
from pipelines.exclusive import exclusive
from pipelines.machine import best_device
from pipelines.torchscript import limited_memory, load_network

MULTIPLE = 8  # of which its network wants sides


def load_lama(file: Path, name: str) -> "Lama":
    """Loads LaMa from a TorchScript file.

    Raises:
        InvalidInput: the file is missing, or no network of tensors alone.
    """
    device = best_device()
    return Lama(name, load_network(file, device), device)


class Lama:
    """Reads no words and takes no seed: every image of a request is the same.

    Args:
        name: as in an Edit.
        network: image float32 (1, 3, H, W) RGB in [0, 1], mask float32 (1, 1, H, W), 1 = hole -> image like the first.
        device: where the network is.
    """

    size = 512
    buckets: Sequence[tuple[int, int]] = ()
    largest = 0
    host = ""
    supports_strength = False
    soft = False
    faster_together = False
    vocabulary = None
    defaults: Mapping[str, Any] = {}
    live_steps = 1
    samplers: Sequence[str] = ()
    unsupported: Collection[str] = NOT_ASKED

    def __init__(self, name: str, network: Callable[..., Tensor], device: torch.device) -> None:
        self.name, self._network, self._device = name, network, device

    def hint(self, prompt: str) -> str:
        return "LaMa fills from the surroundings and reads no words." if prompt.strip() else ""

    @exclusive
    def inpaint(self, request: Request) -> Run:
        request.refuse_adapters(self.name)
        images = filled(request, self._filled)
        yield Step(1, 1, images)
        return images

    def _filled(self, image: Pixels, mask: Pixels) -> Pixels:
        """Fills the hole of one picture.

        Args:
            image: uint8 (H, W, 3).
            mask: uint8 (H, W), above 0 = hole.

        Returns:
            uint8 (H, W, 3), all of it as the network draws it.

        Raises:
            InvalidInput: the network cannot run, or gives no picture.
        """
        height, width = mask.shape
        sides = ((0, -height % MULTIPLE), (0, -width % MULTIPLE))
        # any touch of the brush means unknown
        hole = np.pad((mask > 0).astype(np.float32), sides, "symmetric")[None, None]  # (1, 1, H, W)
        padded = np.pad(image, (*sides, (0, 0)), "symmetric").astype(np.float32) / 255  # (H, W, 3)
        try:
            # as written, from the first run on: what is optimised later rounds otherwise
            with limited_memory(self._device), torch.inference_mode(), torch.jit.optimized_execution(False):
                result = self._network(
                    torch.from_numpy(padded).permute(2, 0, 1)[None].contiguous().to(self._device),
                    torch.from_numpy(hole).to(self._device),
                )
        except (RuntimeError, MemoryError) as error:
            why = one_line(error)[-200:]
            raise InvalidInput(f"{self.name} cannot fill a picture of {width}x{height} ({why}).") from error
        if not (isinstance(result, Tensor) and result.shape == (1, 3, *hole.shape[2:]) and result.is_floating_point()):
            form = f"{result.dtype} {tuple(result.shape)}" if isinstance(result, Tensor) else type(result).__name__
            raise InvalidInput(f"{self.name} gives {form} where a picture was wanted: it is no LaMa; get another file.")
        if not result.isfinite().all():
            raise InvalidInput(f"{self.name} gives numbers that are not finite: get the file again.")
        colours = (result[0].float().clamp(0, 1) * 255).round().byte().permute(1, 2, 0)
        return colours[:height, :width].cpu().numpy().copy()
