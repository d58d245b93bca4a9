"""How long selecting an object takes, at the size of SAM 2.1 tiny: random weights, and a disc for an object."""

from collections.abc import Iterator

import numpy as np
import torch
from transformers import Sam2Config, Sam2Model

from editor.imaging.object_edges import object_mask, outline
from editor.imaging.picture import Picture
from pipelines.selection.prompt import Point, Prompt
from pipelines.selection.segmenter import Segmenter
from tests.measuring import Row, photograph, spread, timed

SIDE = 2400  # pixels of the picture's sides
RADII = (200, 700)  # pixels of the objects


def objects() -> Iterator[Row]:
    """Reading a picture, then clicks in it."""
    torch.manual_seed(0)
    segmenter = Segmenter(Sam2Model(Sam2Config()).eval())
    pixels = photograph(SIDE)
    encoding = segmenter.encode(pixels)  # warms up
    yield (
        "reading a picture to select objects in it, once",
        spread([timed(lambda: segmenter.encode(pixels))[0] for _ in range(3)]),
        "",
    )
    size = (SIDE, SIDE)
    prompts = [Prompt((Point(100 + 9 * n, 300, True),), None) for n in range(8)]
    answers = [timed(lambda prompt=prompt: segmenter.logits(encoding, prompt, size, None))[0] for prompt in prompts]
    yield "a look at what a click would take", spread(answers[1:]), ""
    down, across = np.mgrid[:SIDE, :SIDE]
    for radius in RADII:
        pasted = np.hypot(across - 1105, down - 1297) < radius
        picture = Picture.from_pixels(np.where(pasted[..., None], 255 - pixels[::-1], pixels))
        y, x = (np.mgrid[:256, :256] + 0.5) * (SIDE / 256)
        logits = (radius - np.hypot(x - 1100, y - 1300)).astype(np.float32)
        edges = [timed(lambda picture=picture, logits=logits: object_mask(picture, logits))[0] for _ in range(5)]
        both = [first + second for first, second in zip(answers[-5:], edges, strict=True)]
        yield (
            f"a click on an object {2 * radius} pixels wide in {SIDE}x{SIDE}, its edge to the pixel",
            spread(both),
            "500 ms",
        )
    yield "drawing its outline", spread([timed(lambda: outline(logits, picture.box))[0] for _ in range(5)]), ""
