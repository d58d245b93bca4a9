"""SAM 2 (Ravi et al. 2024): encodes a picture once, then finds the object at a point or in a box in a moment.

transformers' own image processor needs torchvision, so the steps around the network are here.
"""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from pipelines.base import Pixels
from pipelines.errors import InvalidInput
from pipelines.selection.installed import KINDS, WEIGHTS, is_selection_model
from pipelines.selection.loading import load_network
from pipelines.selection.prompt import Prompt

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # of ImageNet's colours, in [0, 1]
MOST_LOGIT = 32.0  # of the logits that a refinement begins with, as the authors' predictor has it

Logits = NDArray[np.float32]  # (H, W), above 0 on the object; it covers the whole picture
Embedding = tuple[Tensor, ...]  # float16 (1, C, H, W), three of them; 8 MB


def load_segmenter(folder: Path) -> "Segmenter":
    """Loads a SAM 2 from a folder as transformers saves it: safetensors, and every weight of the network.

    Raises:
        InvalidInput: the folder holds none, or a damaged one.
    """
    if not is_selection_model(folder):
        raise InvalidInput(
            f"{folder} has no {WEIGHTS} beside a config.json of {' or '.join(KINDS)}; get the folder again."
        )
    return Segmenter(load_network(folder, "Sam2Model", "SAM 2"))


class Segmenter:
    """Encodes pictures and finds objects in them.

    Holds no lock while it works: the network's numbers are float32 whatever other models set meanwhile as the default.

    Args:
        model: transformers' Sam2Model.
    """

    def __init__(self, model: Any) -> None:
        self._model = model
        self._side: int = model.config.prompt_encoder_config.image_size

    def encode(self, pixels: Pixels) -> Embedding:
        """Encodes a picture, which takes seconds.

        Args:
            pixels: uint8 (H, W, 3).
        """
        x = normalised(pixels, self._side).to(self._model.device)  # (1, 3, side, side)
        with torch.inference_mode():
            maps = self._model.get_image_embeddings(x)
        return tuple(each.half() for each in maps)

    def logits(self, embedding: Embedding, prompt: Prompt, size: tuple[int, int], previous: Logits | None) -> Logits:
        """Finds an object.

        A lone point may mean a part or the whole: of three answers the one is taken that the network trusts most.

        Args:
            embedding: of the picture.
            prompt: in the picture's pixels.
            size: width and height of the picture.
            previous: the answer to the prompt without its last point; None where there was none.
        """
        device, (width, height) = self._model.device, size
        scale = np.array([self._side / width, self._side / height])
        asked: dict[str, Tensor] = {}
        if prompt.points:
            places = np.array([point[:2] for point in prompt.points]) * scale
            asked["input_points"] = torch.tensor(places[None, None], dtype=torch.float32)  # (1, 1, points, 2)
            asked["input_labels"] = torch.tensor([[[int(point.inside) for point in prompt.points]]])
        if prompt.box is not None:
            x, y, across, down = prompt.box
            corners = np.array([[x, y], [x + across, y + down]]) * scale
            asked["input_boxes"] = torch.tensor(corners.reshape(1, 1, 4), dtype=torch.float32)
        if previous is not None:
            clipped = np.clip(previous, -MOST_LOGIT, MOST_LOGIT)
            asked["input_masks"] = torch.from_numpy(clipped)[None, None]
        with torch.inference_mode():
            answer = self._model(
                image_embeddings=[each.float() for each in embedding],
                multimask_output=len(prompt.points) == 1 and prompt.box is None,
                **{name: value.to(device) for name, value in asked.items()},
            )
        masks = answer.pred_masks[0, 0]  # (answers, H, W)
        best = masks[answer.iou_scores[0, 0].argmax()]
        return np.ascontiguousarray(best.float().cpu().numpy())


def normalised(pixels: Pixels, side: int) -> Tensor:
    """Squashes a picture to a square, and shifts its colours to mean 0 and deviation 1 over ImageNet.

    Args:
        pixels: uint8 (H, W, 3).
        side: in pixels.

    Returns:
        float32 (1, 3, side, side).
    """
    small = np.array(Image.fromarray(pixels).resize((side, side), Image.Resampling.BILINEAR))  # antialiased
    x = torch.from_numpy(small).permute(2, 0, 1)[None].float() / 255  # (1, 3, side, side)
    mean, std = (torch.tensor(each, dtype=torch.float32)[:, None, None] for each in (MEAN, STD))
    return (x - mean) / std
