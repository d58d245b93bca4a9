"""Pictures and edits for tests."""

from functools import cache
from typing import Any

import numpy as np
from hypothesis import strategies as st
from PIL import ImageCms

from editor.edits.adjustment import Adjustment
from editor.edits.edit import NOWHERE, Blend, Edit
from editor.edits.intents import adjust
from editor.imaging.geometry import Box, Margins
from editor.imaging.raster import Mask, Patch, Pixels


def shifted(box: Box, dx: int, dy: int) -> Box:
    """The same size, so many pixels to the right and down."""
    return box._replace(x=box.x + dx, y=box.y + dy)


def noise(width: int, height: int, seed: int = 0) -> Pixels:
    """uint8 (height, width, 3), no two pixels alike to the eye."""
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)


def filled(box: Box) -> Mask:
    """A mask of the whole box."""
    return Mask(box, np.full(box.shape, 255, np.uint8))


def disc(box: Box) -> Mask:
    """A mask of the ellipse within a box."""
    y, x = np.indices(box.shape)
    inside = ((x + 0.5) / box.width * 2 - 1) ** 2 + ((y + 0.5) / box.height * 2 - 1) ** 2 <= 1
    return Mask(box, inside.astype(np.uint8) * np.uint8(255))


def an_edit(mask: Mask | Box, **settings: Any) -> Edit:
    """An edit by the fake pipeline in three steps, but for what is said."""
    defaults: dict[str, Any] = {"seed": 1, "pipeline": "noise", "steps": 3, "prompt": "a green couch"}
    return Edit(filled(mask) if isinstance(mask, Box) else mask, **defaults | settings)


def strokes(box: Box) -> Patch:
    """A sketch: a disc of many colours, soft to its left."""
    pixels = np.dstack([noise(box.width, box.height, 5), disc(box).alpha])
    pixels[:, : box.width // 2, 3] //= 2
    return Patch(box, pixels)


def cutout(width: int, height: int) -> Pixels:
    """uint8 (height, width, 4): colours with every sort of transparency, opaque in the upper left quarter."""
    alpha = np.random.default_rng(9).choice(np.array([0, 0, 90, 255], np.uint8), (height, width))
    alpha[: height // 2, : width // 2] = 255
    return np.dstack([noise(width, height), alpha])


@cache  # a new one has the time in it
def profile(change: bytes = b"") -> bytes:
    """An ICC profile of RGB; with a change, one that calls itself so instead of sRGB."""
    data = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    return data.replace("sRGB".encode("utf-16-be"), change.decode().encode("utf-16-be")) if change else data


BLENDS = st.builds(
    Blend,
    feather=st.integers(0, 64),
    edge=st.sampled_from([0, 0, 0, -64, -7, -1, 1, 9, 64]),
    opacity=st.sampled_from([1, 1, 0.5, 0]),
    colour_match=st.booleans(),
)
MARGINS = st.builds(Margins, *[st.sampled_from([0, 0, 0, 1, 40, -1, -30]) for _ in range(4)])


@st.composite
def edit_requests(draw: st.DrawFn) -> Edit:
    """Edits of every sort, for a picture of 330 x 270 pixels."""
    box = Box(
        draw(st.integers(-60, 330)),
        draw(st.integers(-60, 270)),
        draw(st.integers(1, 150)),
        draw(st.integers(1, 150)),
    )
    mask = draw(st.sampled_from([filled, disc]))(box)
    if draw(st.booleans()):
        mask = Mask(box, mask.alpha // 3)  # soft all over
    sketch = strokes(shifted(box, draw(st.integers(-40, 40)), 7)) if draw(st.integers(0, 3)) == 0 else None
    return an_edit(
        mask,
        margins=draw(MARGINS),
        sketch=sketch,
        reference=draw(st.sampled_from([None, None, Patch(Box(0, 0, 9, 7), noise(9, 7, 3))])),
        prompt=draw(st.text(max_size=20).filter(lambda text: text.isascii() or text.isprintable())),
        seed=draw(st.integers(0, 2**32 - 1)),
        guidance=draw(st.floats(0, 30)),
        strength=draw(st.sampled_from([1, 1, 0.7, 0.3, 0])),
        steps=draw(st.integers(1, 3)),
        pipeline=draw(st.sampled_from(["noise", "wide", "refining"])),
        blend=draw(BLENDS),
    )


@st.composite
def adjusting_edits(draw: st.DrawFn) -> Edit:
    """Edits that adjust colours, for a picture of 330 x 270 pixels, some of them all of it."""
    curve = draw(st.sampled_from([(), ((0, 0.1), (0.4, 0.7), (1, 0.9)), ((0, 1), (1, 0))]))
    adjustment = Adjustment(
        exposure=draw(st.sampled_from([0.5, -1.25, 3])),  # never 0: it must change something
        contrast=draw(st.sampled_from([0, 0.4, -0.4])),
        saturation=draw(st.sampled_from([0, 0.5, -1])),
        temperature=draw(st.sampled_from([0, 1, -0.3])),
        sharpness=draw(st.sampled_from([0, 0, 1])),
        blur=draw(st.sampled_from([0, 0, 0.5, 3, 17])),
        curve=curve,
    )
    box = Box(draw(st.integers(-60, 320)), draw(st.integers(-60, 260)), draw(st.integers(61, 150)), 70)
    mask = draw(st.sampled_from([filled, disc, lambda _: NOWHERE]))(box)
    if draw(st.booleans()) and mask is not NOWHERE:
        mask = Mask(box, mask.alpha // 3)  # soft all over
    return adjust(mask, adjustment, draw(BLENDS))
