"""Every layout of samples that a file may have comes out as the arithmetic says, and what was lost is said."""

import numpy as np
import pytest

from editor.formats.images import read_image
from tests.layouts import MAKERS


@pytest.mark.parametrize("name", MAKERS)
def test_a_layout_is_read_as_what_it_holds(name: str) -> None:
    made = MAKERS[name]()
    opened = read_image(made.data)
    assert opened.pixels.shape == made.pixels.shape
    assert np.abs(opened.pixels.astype(int) - made.pixels).max() <= made.apart
    assert opened.notes == made.notes
