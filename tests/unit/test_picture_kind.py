"""Drawing or photograph: on the project's drawings and on photographs, as they are, compressed and halved."""

import io
import os
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from editor.imaging.picture import Picture
from editor.imaging.picture_kind import kind_of

SAMPLES = Path(__file__).parents[2] / "assets" / "samples"
PHOTOGRAPHS = Path("/usr/share/backgrounds/mate/nature")  # Debian's mate-backgrounds, see programs.sh
needs_photographs = pytest.mark.skipif(
    not PHOTOGRAPHS.is_dir() and "PALIMPSEST_REQUIRE_BROWSER" not in os.environ,
    reason="there are no photographs: tests/programs.sh installs them on Debian",
)


def saved(image: Image.Image, quality: int) -> Image.Image:
    """As a JPEG gives it back."""
    file = io.BytesIO()
    image.save(file, "JPEG", quality=quality)
    return Image.open(file).convert("RGB")


def halved(image: Image.Image) -> Image.Image:
    return image.resize((image.width // 2, image.height // 2), Image.Resampling.LANCZOS)


def on_white(image: Image.Image) -> Image.Image:
    """As the photograph of a product: an ellipse of it on a white ground of two and a half times its area."""
    alpha = np.zeros((image.height, image.width), np.uint8)
    cv2.ellipse(
        alpha, (image.width // 2, image.height // 2), (image.width // 2 - 4, image.height // 2 - 4), 0, 0, 360, 255, -1
    )
    ground = Image.new("RGB", (image.width * 8 // 5, image.height * 8 // 5), "white")
    ground.paste(
        image, (image.width * 3 // 10, image.height * 3 // 10), Image.fromarray(cv2.GaussianBlur(alpha, (0, 0), 2))
    )
    return ground


def kinds(image: Image.Image) -> list[str]:
    """Of the picture as it is and as a JPEG of two qualities."""
    versions = (image, saved(image, 90), saved(image, 75))
    return [kind_of(Picture.from_pixels(np.asarray(each))) for each in versions]


def drawings() -> Iterator[Image.Image]:
    for file in sorted(SAMPLES.glob("*.png")):
        yield Image.open(file).convert("RGB")


def photographs() -> Iterator[Image.Image]:
    files = sorted(PHOTOGRAPHS.glob("*.jpg"))
    assert len(files) >= 6
    for file in files:
        yield Image.open(file).convert("RGB")


def test_the_projects_drawings_are_drawings() -> None:
    assert {kind for image in drawings() for kind in kinds(image)} == {"drawing"}
    small = [kind for image in drawings() for kind in kinds(halved(image))]
    assert small.count("drawing") >= 0.75 * len(small)  # its grain is all that is left of a field in the smallest


@needs_photographs
def test_photographs_are_photographs() -> None:
    for image in photographs():
        assert kinds(image) + kinds(halved(image)) == ["photograph"] * 6


@needs_photographs
def test_a_photograph_on_a_plain_ground_is_one_too() -> None:
    for image in photographs():
        assert kinds(on_white(halved(image))) == ["photograph"] * 3
