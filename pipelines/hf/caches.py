"""Caches of what a run need not work out again: the encoded prompts and pictures of earlier runs."""

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
        self._results: OrderedDict[Hashable, Any] = OrderedDict()

    def get(self, key: Hashable, make: Callable[[], Any]) -> Any:
        """The result of a key; `make` makes it where it is not in the cache."""
        if key not in self._results:
            self._results[key] = make()
        self._results.move_to_end(key)
        if len(self._results) > MOST:
            self._results.popitem(last=False)
        return self._results[key]


def memoize(function: Callable[..., Any], cache: Cache, context: Hashable) -> Callable[..., Any]:
    """Wraps a function that reads prompts, so that it is called once for equal arguments.

    Where an argument cannot be compared by its content, the function is called each time.

    Args:
        function: what to wrap.
        cache: where its results stay.
        context: what decides the results beside the arguments.
    """

    def call(*args: Any, **named: Any) -> Any:
        try:
            key = (context, _content(args), _content(sorted(named.items())))
        except TypeError:
            return function(*args, **named)
        return cache.get(key, lambda: function(*args, **named))

    return call


def encode_once(encode: Callable[..., Any], cache: Cache) -> Callable[..., Any]:
    """Wraps a `vae.encode`, so that it encodes each picture of a batch by itself, and an equal one not again.

    The cache has the distribution of a picture's latents: from that each run samples with a generator of its own. An
    encoder of another kind is called each time.
    """

    def encode_row(row: Tensor) -> Any:
        return cache.get(_content(row), lambda: encode(row))

    def encode_batch(x: Tensor, return_dict: bool = True) -> Any:
        if not return_dict:
            return encode(x, return_dict=False)
        if not hasattr(getattr(encode_row(x[:1]), "latent_dist", None), "parameters"):
            return encode(x)
        outputs = [encode_row(row) for row in x.split(1)]
        distributions = [output.latent_dist for output in outputs]
        parameters = torch.cat([each.parameters for each in distributions])
        return type(outputs[0])(latent_dist=type(distributions[0])(parameters))

    return encode_batch


def _content(value: Any) -> Hashable:
    """A key that is equal for equal content.

    Raises:
        TypeError: the value cannot be compared by its content.
    """
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
