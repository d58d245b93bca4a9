"""Kandinsky 2.2 as one pipeline like the others: from words to what CLIP would see, and from there to a picture."""

from copy import copy
from functools import wraps
from typing import Any

from diffusers import KandinskyV22InpaintCombinedPipeline

from pipelines.errors import InvalidInput


class KandinskyV22(KandinskyV22InpaintCombinedPipeline):
    """Diffusers' combined pipeline, which draws with the parts it has now, not with those it was made with.

    InvalidInput with a sentence for a scheduler whose latents are to be scaled before the network sees them, which this
    pipeline does not do.
    """

    _load_connected_pipes = False  # by what a folder's README.md says; here by the family's row

    @property
    def vae(self) -> Any:
        return self.movq

    @wraps(KandinskyV22InpaintCombinedPipeline.__call__)
    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if self.scheduler.init_noise_sigma != 1:
            raise InvalidInput(
                "Kandinsky cannot draw with the sampler heun: take own, dpmpp_2m, dpmpp_sde, ddim or ddpm."
            )
        self.decoder_pipe = copy(self.decoder_pipe)
        self.decoder_pipe.scheduler, self.decoder_pipe.movq = self.scheduler, self.movq
        return super().__call__(*args, **kwargs)
