"""CLIPSeg (Lueddecke and Ecker 2022): finds what words name in a picture, coarsely.

transformers' own image processor needs torchvision, so the steps around the network are here.
"""

from math import log
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from pipelines.base import Pixels
from pipelines.errors import InvalidInput, one_line
from pipelines.selection.installed import VOCABULARIES, WEIGHTS, WORDS_KIND, is_words_model
from pipelines.selection.loading import load_network
from pipelines.selection.segmenter import normalised

SIDE = 352  # pixels of the square that it was trained on: 22 x 22 patches
# The authors measure at 0.3, by which their table of PhraseCut binarises: the network is less sure than right.
LIKELY = 0.3


def load_word_segmenter(folder: Path) -> "WordSegmenter":
    """Loads a CLIPSeg from a folder as transformers saves it: safetensors, every weight, and the tokenizer's files.

    Raises:
        InvalidInput: the folder holds none, or a damaged one.
    """
    if not is_words_model(folder):
        vocabulary = ", or ".join(" and ".join(names) for names in VOCABULARIES)
        raise InvalidInput(
            f"{folder} has no {WEIGHTS} beside a config.json of {WORDS_KIND}, or no vocabulary ({vocabulary}); get the "
            "folder again."
        )
    model = load_network(folder, "CLIPSegForImageSegmentation", "CLIPSeg")
    from transformers import CLIPTokenizer

    try:
        tokenizer = CLIPTokenizer.from_pretrained(folder, local_files_only=True)
    except Exception as error:  # the tokenizer's library raises nothing narrower
        raise InvalidInput(f"The vocabulary in {folder} is damaged ({one_line(error)[:200]}); get it again.") from error
    return WordSegmenter(model, tokenizer)


class WordSegmenter:
    """Finds what words name. Holds no lock while it works, as `Segmenter`.

    Args:
        model: transformers' CLIPSegForImageSegmentation.
        tokenizer: its CLIPTokenizer.
    """

    def __init__(self, model: Any, tokenizer: Any) -> None:
        self._model, self._tokenizer = model, tokenizer
        self._context: int = model.config.text_config.max_position_embeddings

    def logits(self, pixels: Pixels, words: str) -> NDArray[np.float32]:
        """Finds what the words name, which takes about a second; words beyond the network's context are not read.

        Args:
            pixels: uint8 (H, W, 3).
            words: in English, for the network has read little else.

        Returns:
            float32 (H, W), above 0 where the network thinks it LIKELY. It covers the whole picture; the published
            networks answer in SIDE x SIDE.
        """
        device = self._model.device
        said = self._tokenizer([words], truncation=True, max_length=self._context, return_tensors="pt").to(device)
        with torch.inference_mode():
            answer = self._model(pixel_values=normalised(pixels, SIDE).to(device), **said)
        logits = answer.logits.reshape(answer.logits.shape[-2:]) - log(LIKELY / (1 - LIKELY))
        return np.ascontiguousarray(logits.float().cpu().numpy())
