"""Classes of ours for parts of diffusers' families, which `families.FAMILIES` names where diffusers' own do not do."""

from collections.abc import Callable, Sequence
from copy import copy
from functools import wraps
from pathlib import Path
from typing import Any, Self

import diffusers
from PIL import Image
from torch import Tensor
from transformers import AutoTokenizer, BatchFeature, ProcessorMixin
from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import Qwen2VLImageProcessorPil

from pipelines.errors import InvalidInput

# for a type checker each of them is two classes, one of which has no members
_StableDiffusion3: Any = diffusers.StableDiffusion3InpaintPipeline
_Kandinsky: Any = diffusers.KandinskyV22InpaintCombinedPipeline

PICTURE = "<|image_pad|>"  # stands in the text where a picture is to be; once for each of its tokens


class StableDiffusion3(_StableDiffusion3):
    """Stable Diffusion 3's inpainting, which diffusers 0.42 decodes without the shift that its latents were coded with.

    The shift is added after the last step, so that only the result shows it.
    """

    @wraps(_StableDiffusion3.__call__)
    def __call__(self, *args: Any, callback_on_step_end: Callable[..., dict[str, Tensor]], **kwargs: Any) -> Any:
        def step_done(run: Any, index: int, timestep: Any, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
            tensors = callback_on_step_end(run, index, timestep, tensors)
            if index + 1 == self.num_timesteps:
                config = self.vae.config
                tensors["latents"] = tensors["latents"] + config.shift_factor * config.scaling_factor
            return tensors

        return super().__call__(*args, callback_on_step_end=step_done, **kwargs)


class KandinskyV22(_Kandinsky):
    """Kandinsky 2.2 as one pipeline like the others: from words to what CLIP would see, and from there to a picture.

    Diffusers' combined pipeline, except that it draws with the parts it has now, not with those it was made with.

    Raises:
        InvalidInput: the scheduler scales latents before the network sees them, which this pipeline does not do.
    """

    decoder_pipe: Any
    _load_connected_pipes = False  # by what a folder's README.md says; here by the family's row

    @property
    def vae(self) -> Any:
        return self.movq

    @wraps(_Kandinsky.__call__)
    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if self.scheduler.init_noise_sigma != 1:
            raise InvalidInput(
                "Kandinsky cannot draw with the sampler heun: take own, dpmpp_2m, dpmpp_sde, ddim or ddpm."
            )
        self.decoder_pipe = copy(self.decoder_pipe)
        self.decoder_pipe.scheduler, self.decoder_pipe.movq = self.scheduler, self.movq
        return super().__call__(*args, **kwargs)


class QwenProcessor(ProcessorMixin):  # which diffusers looks for; nothing of it is used
    """What Qwen-Image-Edit shows its language model: texts with one picture in each.

    Does without torchvision, which the usual class of this part asks for even where there are no films.
    """

    def __init__(self, pictures: Any, words: Any) -> None:
        self._pictures, self._words = pictures, words

    @classmethod
    def from_folder(cls, folder: Path) -> Self:
        """Reads the part from its folder in a pipeline's."""
        words = AutoTokenizer.from_pretrained(folder, local_files_only=True)
        return cls(Qwen2VLImageProcessorPil.from_pretrained(folder, local_files_only=True), words)

    def __call__(
        self, text: Sequence[str], images: Sequence[Image.Image], padding: bool, return_tensors: str
    ) -> BatchFeature:
        patches = self._pictures(images=images, return_tensors=return_tensors)
        tokens = patches["image_grid_thw"].prod(1) // self._pictures.merge_size**2  # of each picture
        whole = [each.replace(PICTURE, PICTURE * int(count)) for each, count in zip(text, tokens, strict=True)]
        words = self._words(whole, padding=padding, return_tensors=return_tensors)
        return BatchFeature({**words, **patches})
