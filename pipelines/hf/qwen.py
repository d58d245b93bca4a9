"""What Qwen-Image-Edit shows its language model: words with a picture among them. Without torchvision, which the usual
class of this part asks for even where there are no films.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

from PIL import Image
from transformers import AutoTokenizer, BatchFeature, ProcessorMixin
from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import Qwen2VLImageProcessorPil

PICTURE = "<|image_pad|>"  # stands in the text where a picture is to be; once for each of its tokens


class Processor(ProcessorMixin):  # which diffusers looks for; nothing of it is used
    """Reads texts with one picture each."""

    def __init__(self, pictures: Any, words: Any) -> None:
        self._pictures, self._words = pictures, words

    @classmethod
    def from_folder(cls, folder: Path) -> Self:
        words = AutoTokenizer.from_pretrained(folder, local_files_only=True)
        return cls(Qwen2VLImageProcessorPil.from_pretrained(folder, local_files_only=True), words)

    def __call__(
        self, text: Sequence[str], images: Sequence[Image.Image], padding: bool, return_tensors: str
    ) -> BatchFeature:
        seen = self._pictures(images=images, return_tensors=return_tensors)
        tokens = seen["image_grid_thw"].prod(1) // self._pictures.merge_size**2  # of each picture
        whole = [each.replace(PICTURE, PICTURE * int(count)) for each, count in zip(text, tokens, strict=True)]
        read = self._words(whole, padding=padding, return_tensors=return_tensors)
        return BatchFeature({**read, **seen})
