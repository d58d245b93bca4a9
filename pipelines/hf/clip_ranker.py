"""Ranking by a photographic CLIP (Radford et al. 2021) or SigLIP (Zhai et al. 2023), as transformers saves them.

transformers' own image processors need torchvision, so the steps around the networks are here.
"""

import json
import string
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from pipelines.base import Pixels
from pipelines.calibration import Calibration, read_calibration
from pipelines.errors import InvalidInput, one_line
from pipelines.hf.clip_files import CLIP, SIGLIP, is_ranking_model
from pipelines.ranking import Probabilities
from pipelines.selection.installed import WEIGHTS, kind_of
from pipelines.selection.loading import load_network

NETWORKS = {CLIP: ("CLIPModel", "CLIP"), SIGLIP: ("SiglipModel", "SigLIP")}  # their classes, and what users call them
# mean and deviation of the channels in [0, 1], where the folder does not say them
COLOURS = {
    CLIP: ((0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)),
    SIGLIP: ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5)),
}
AROUND = 0.25  # of a hole's longest side, how much of the picture is seen on each side of it
NO_PUNCTUATION = str.maketrans("", "", string.punctuation)  # SigLIP reads no punctuation, and lower case alone


def load_clip_ranker(folder: Path) -> "PhotoRanker":
    """Loads a CLIP or a SigLIP: safetensors, every weight, and the tokenizer's files.

    Raises:
        InvalidInput: the folder holds none, or a damaged one.
    """
    if not is_ranking_model(folder):
        kinds = " or ".join(NETWORKS)
        raise InvalidInput(
            f"{folder} has no {WEIGHTS} beside a config.json of {kinds}, or no vocabulary (tokenizer.json, or for CLIP "
            "vocab.json and merges.txt); get the folder again."
        )
    kind = kind_of(folder)
    model = load_network(folder, *NETWORKS[kind])
    from transformers import CLIPTokenizer, PreTrainedTokenizerFast

    try:
        reader = CLIPTokenizer if kind == CLIP else PreTrainedTokenizerFast
        tokenizer = reader.from_pretrained(folder, local_files_only=True)
    except Exception as error:  # the tokenizer's library raises nothing narrower
        raise InvalidInput(f"The vocabulary in {folder} is damaged ({one_line(error)[:200]}); get it again.") from error
    return PhotoRanker(model, tokenizer, kind, _colours(folder, kind), read_calibration(folder, [folder / WEIGHTS]))


def _colours(folder: Path, kind: str) -> tuple[list[float], list[float]]:
    """Returns mean and deviation of the channels, as the folder says them, else as usual."""
    try:
        said = json.loads((folder / "preprocessor_config.json").read_text(encoding="utf-8"))
        mean, std = ([float(each) for each in said[name]] for name in ("image_mean", "image_std"))
    except (OSError, ValueError, LookupError, TypeError):
        mean, std = ([*each] for each in COLOURS[kind])
    if not len(mean) == len(std) == 3 or min(std) <= 0:
        raise InvalidInput(f"{folder} scales colours by {mean} and {std}, which cannot be; get it again.")
    return mean, std


class PhotoRanker:
    """Ranks windows by how near the network puts them to the prompt. Holds no lock while it works.

    Args:
        model: transformers' CLIPModel or SiglipModel.
        tokenizer: its tokenizer.
        kind: CLIP or SIGLIP.
        colours: mean and deviation of the channels in [0, 1].
        calibration: of its logits; None for an order without words.
    """

    photographs = True

    def __init__(
        self,
        model: Any,
        tokenizer: Any,
        kind: str,
        colours: tuple[list[float], list[float]],
        calibration: Calibration | None,
    ) -> None:
        self._model, self._tokenizer, self._kind, self._calibration = model, tokenizer, kind, calibration
        self._mean, self._std = (torch.tensor(each, dtype=torch.float32)[:, None, None] for each in colours)
        self._side: int = model.config.vision_config.image_size
        self._context: int = model.config.text_config.max_position_embeddings

    def probabilities(self, windows: Pixels, holes: Pixels, prompt: str) -> Probabilities | None:
        """Returns probabilities; without a calibration, (1 + cosine) / 2, which orders and says no more.

        None where the prompt is longer than the network reads.
        """
        tokens = self._tokens(prompt)
        if tokens is None:
            return None
        cosines = np.empty(len(windows))
        for n, (window, hole) in enumerate(zip(windows, holes, strict=True)):  # one at a time: the same in any batch
            with torch.inference_mode():
                out = self._model(pixel_values=self._pixels(around_hole(window, hole)), **tokens)
            cosines[n] = float((out.image_embeds[0].double() * out.text_embeds[0].double()).sum())
        if self._calibration is None:
            return (1 + cosines.clip(-1, 1)) / 2
        bias = self._model.logit_bias.item() if self._kind == SIGLIP else 0.0
        logits = cosines * self._model.logit_scale.exp().item() + bias
        return self._calibration.probabilities(logits)

    def word(self, probability: float) -> str:
        return "" if self._calibration is None else self._calibration.word(probability)

    def _tokens(self, prompt: str) -> Any:
        """Returns the prompt as the network takes it; None where it is too long."""
        said = prompt.lower().translate(NO_PUNCTUATION) if self._kind == SIGLIP else prompt
        if len(self._tokenizer(said)["input_ids"]) > self._context:
            return None
        # SigLIP was trained on texts that were filled up, and knows nothing of where they end
        how: dict[str, Any] = {"padding": "max_length", "max_length": self._context} if self._kind == SIGLIP else {}
        tokens = self._tokenizer([said], return_tensors="pt", **how)
        names = ("input_ids",) if self._kind == SIGLIP else ("input_ids", "attention_mask")
        return {name: tokens[name].to(self._model.device) for name in names}

    def _pixels(self, image: Pixels) -> Tensor:
        """Squashes a picture to the network's square: float32 (1, 3, side, side)."""
        small = np.array(Image.fromarray(image).resize((self._side, self._side), Image.Resampling.BICUBIC))
        x = torch.from_numpy(small).permute(2, 0, 1)[None].float() / 255
        return ((x - self._mean) / self._std).to(self._model.device)


def around_hole(window: Pixels, hole: Pixels) -> Pixels:
    """Returns the square around a hole, for what is asked for stands there, and the network looks at all it is shown.

    Args:
        window: uint8 (H, W, 3).
        hole: uint8 (H, W), 255 = repainted; where it is empty, all of the window is returned.

    Returns:
        uint8 (h, w, 3), a view; a square where the window is as large.
    """
    rows, columns = (np.flatnonzero((hole > 0).any(axis)) for axis in (1, 0))
    if not len(rows):
        return window
    longest = max(rows[-1] - rows[0], columns[-1] - columns[0]) + 1
    side = longest + 2 * round(AROUND * longest)
    where = []
    for ends, length in zip((rows, columns), hole.shape, strict=True):
        extent = min(side, length)
        start = min(max((ends[0] + ends[-1] + 1 - extent) // 2, 0), length - extent)
        where.append(slice(start, start + extent))
    return window[where[0], where[1]]
