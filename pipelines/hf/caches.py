"""What a run need not work out again: prompts that were read before, pictures that were coded before."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from hashlib import blake2b
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

MOST = 32  # prompts, or pictures: some megabytes each at most


class Cache:
    """The last `MOST` results by their keys."""

    def __init__(self) -> None:
        self._kept: OrderedDict[Hashable, Any] = OrderedDict()

    def get(self, key: Hashable, made: Callable[[], Any]) -> Any:
        if key not in self._kept:
            self._kept[key] = made()
        self._kept.move_to_end(key)
        if len(self._kept) > MOST:
            self._kept.popitem(last=False)
        return self._kept[key]


def remembered(function: Callable[..., Any], cache: Cache, beside: Hashable) -> Callable[..., Any]:
    """A function that reads prompts, asked once for the same. beside: what else decides its answer.

    Where an argument is nothing that can be compared by its content, it is asked each time.
    """

    def asked(*args: Any, **named: Any) -> Any:
        try:
            key = (beside, _content(args), _content(sorted(named.items())))
        except TypeError:
            return function(*args, **named)
        return cache.get(key, lambda: function(*args, **named))

    return asked


def coded_once(encode: Callable[..., Any], cache: Cache) -> Callable[..., Any]:
    """A `vae.encode` that codes each picture of a batch by itself, and one that it saw before not again.

    What is remembered is the distribution of its latents: from that each run draws with a generator of its own. An
    encoder of another kind is asked each time.
    """

    def coded(row: Tensor) -> Any:
        return cache.get(_content(row), lambda: encode(row))

    def encoded(x: Tensor, return_dict: bool = True) -> Any:
        if not return_dict:
            return encode(x, return_dict=False)
        if not hasattr(getattr(coded(x[:1]), "latent_dist", None), "parameters"):
            return encode(x)
        outputs = [coded(row) for row in x.split(1)]
        distributions = [output.latent_dist for output in outputs]
        parameters = torch.cat([each.parameters for each in distributions])
        return type(outputs[0])(latent_dist=type(distributions[0])(parameters))

    return encoded


def _content(value: Any) -> Hashable:
    """Equal for equal content. TypeError for what has none that can be compared."""
    if value is None or isinstance(value, bool | int | float | str | torch.dtype | torch.device):
        return value
    if isinstance(value, list | tuple):
        return tuple(map(_content, value))
    if isinstance(value, Tensor):
        numbers = value.detach().cpu().contiguous().flatten().view(torch.uint8).numpy()
        return ("tensor", tuple(value.shape), value.dtype, value.device, _digest(numbers))
    if isinstance(value, np.ndarray | Image.Image):
        array = np.ascontiguousarray(value)
        return ("array", array.shape, array.dtype.str, _digest(array))
    raise TypeError(type(value).__name__)


def _digest(array: np.ndarray) -> bytes:
    return blake2b(array.data, digest_size=16).digest()
