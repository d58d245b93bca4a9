import json
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given

from editor.edits.edit import Blend, Edit
from editor.imaging.geometry import Box, Margins
from editor.imaging.raster import Mask, Patch
from pipelines.base import Adapter
from tests.laws import check_text
from tests.samples import an_edit, edit_requests, filled, noise, strokes


def test_equal_edits_have_equal_texts() -> None:
    loose = np.zeros((50, 50), np.uint8)
    loose[10:20, 5:15] = 255
    a = an_edit(Mask(Box(0, 0, 50, 50), loose), guidance=3)
    b = an_edit(Box(5, 10, 10, 10), guidance=2.9999999)
    assert a == b and hash(a) == hash(b) and a.to_json() == b.to_json()
    assert an_edit(Box(0, 0, 1, 1), guidance=-0.0).to_json() == an_edit(Box(0, 0, 1, 1), guidance=0).to_json()


@pytest.mark.parametrize(
    "other",
    [
        {"prompt": "b"},
        {"negative_prompt": "b"},
        {"guidance": 4},
        {"steps": 4},
        {"sampler": "ddpm"},
        {"seed": 2},
        {"pipeline": "b"},
        {"blend": Blend(feather=9)},
        {"blend": Blend(colour_match=False)},
        {"blend": Blend(edge=1)},
        {"blend": Blend(opacity=0.99)},
        {"margins": Margins(0, 0, 1, 0)},
        {"sketch": strokes(Box(0, 0, 5, 5))},
        {"sketch": strokes(Box(0, 1, 5, 5))},
        {"reference": Patch(Box(0, 0, 5, 4), noise(5, 4))},
        {"adapters": (Adapter("ink", 1),)},
        {"adapters": (Adapter("ink", 0.5), Adapter("oil", 0.5))},
        {"adapters": (Adapter("oil", 0.5), Adapter("ink", 0.5))},
    ],
)
def test_every_part_of_an_edit_counts(other: dict[str, Any]) -> None:
    assert an_edit(Box(0, 0, 9, 9)).to_json() != an_edit(Box(0, 0, 9, 9), **other).to_json()
    assert an_edit(Box(0, 0, 9, 9)) != an_edit(Box(0, 0, 9, 9), **other)


def test_the_text_is_canonical() -> None:
    text = an_edit(Box(1, 2, 3, 4), prompt="ein grünes Sofa").to_json()
    assert text.isascii() and " " not in text.replace("ein gr\\u00fcnes Sofa", "")
    assert text == json.dumps(json.loads(text), sort_keys=True, separators=(",", ":"))
    assert list(json.loads(text)) == sorted(json.loads(text))


@given(edit_requests())
def test_an_edit_comes_back_from_its_text(edit: Edit) -> None:
    check_text(edit)


def test_what_is_not_said_is_the_default() -> None:
    mask = filled(Box(1, 2, 3, 4))
    text = json.dumps({"mask": {"box": [1, 2, 3, 4], "digest": mask.digest}, "seed": 5, "pipeline": "noise"})
    assert Edit.from_json(text, lambda digest: mask.alpha) == Edit(mask, seed=5, pipeline="noise")


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"colour": 1}, "does not know: colour"),
        ({"margins": [1, 2, 3]}, "four whole numbers"),
        ({"margins": [1, 2, 3, "4"]}, "margin must be a whole number"),
        ({"sketch": {"box": [0, 0, 3, 4], "digest": "0" * 32}}, "alpha|damaged|fill"),
        ({"reference": {"box": [0, 0, 3, 4], "digest": "0" * 32}}, "damaged|fill"),
        ({"adapters": {"ink": 1}}, "a list of names with weights"),
        ({"adapters": ["ink"]}, "adapter must be a JSON object"),
        ({"adapters": [{"name": "ink"}]}, "adapter lacks weight"),
        ({"adapters": [{"name": "ink", "weight": "1"}]}, "weight of the adapter ink must be a number from 0 to 2"),
        ({"blend": {"feather": 1, "glow": 2}}, "does not know: glow"),
        ({"blend": 3}, "must be a JSON object"),
        ({"mask": {"box": [0, 0, 3, 4]}}, "lacks digest"),
        ({"mask": {"box": [0, 0, 3], "digest": "x"}}, "four whole numbers"),
        ({"mask": {"box": [0, 0, 3, 4.0], "digest": "x"}}, "four whole numbers"),
        ({"mask": {"box": [10**30, 0, 3, 4], "digest": "0" * 32}}, "of at most 1,073,741,824"),
        ({"mask": {"box": [0, 0, 3, 4], "digest": 7}}, "must be 32 digits"),
        ({"mask": {"box": [0, 0, 3, 4], "digest": "x" * 10**5}}, "must be 32 digits"),
        ({"mask": {"box": [0, 0, 3, 4], "digest": "0" * 32}}, "damaged"),
        ({"mask": {"box": [0, 0, 4, 4], "digest": "0" * 32}}, "does not fill"),
        ({"steps": float("inf")}, "steps must be a whole number"),
        ({"guidance": float("nan")}, "guidance must be a number"),
        ({"strength": 10**4000}, "strength must be a number"),
        ({"\ud800" + "x" * 10**5: 1}, "does not know"),
        ({"prompt": "x" * 10**6}, "at most 262,144 characters"),
        ({"steps": "20"}, "steps must be a whole number"),
        ({"steps": True}, "steps must be a whole number"),
        ({"prompt": None}, "prompt must be text"),
    ],
)
def test_a_text_that_is_no_edit_is_refused(change: dict[str, Any], sentence: str) -> None:
    edit = an_edit(Box(0, 0, 3, 4))
    text = json.dumps(json.loads(edit.to_json()) | change)
    with pytest.raises(ValueError, match=sentence) as refused:
        Edit.from_json(text, lambda digest: edit.mask.alpha)
    assert len(str(refused.value).encode()) < 1000
    for text in ("", "[]", "{", "{}", "[" * 10**5, '{"seed": 1' + "0" * 5000 + "}"):
        with pytest.raises(ValueError, match=r"must be|lacks"):
            Edit.from_json(text, lambda digest: edit.mask.alpha)


@pytest.mark.parametrize(
    ("edit", "sentence"),
    [
        ({"prompt": "x" * 1001}, "prompt has 1,001 characters; at most 1,000"),
        ({"negative_prompt": "x" * 1001}, "negative prompt has 1,001 characters"),
        ({"prompt": "\ud83d"}, "half a character"),
        ({"steps": 0}, "from 1 to 1,000 steps, not 0"),
        ({"steps": 1001}, "steps"),
        ({"steps": 2.5}, "steps"),
        ({"seed": -1}, "seed must be a whole number from 0 to 4,294,967,295, not -1"),
        ({"seed": 2**32}, "seed"),
        ({"guidance": 30.1}, "guidance must be a number from 0 to 30, not 30.1"),
        ({"guidance": -1}, "guidance"),
        ({"guidance": math.nan}, "guidance"),
        ({"guidance": math.inf}, "guidance"),
        ({"guidance": "3"}, "guidance"),
        ({"margins": (0, 0, 1.5, 0)}, "margin must be a whole number from -65,536 to 65,536 pixels, not 1.5"),
        ({"margins": (70_000, 0, 0, 0)}, "margin"),
        ({"sketch": Patch(Box(0, 0, 2, 2), np.zeros((2, 2, 3), np.uint8))}, "alpha channel"),
        ({"adapters": [("ink", 2.1)]}, "weight of the adapter ink must be a number from 0 to 2, not 2.1"),
        ({"adapters": [("ink", math.nan)]}, "weight of the adapter ink"),
        ({"adapters": [("", 1)]}, "adapter needs a name"),
        ({"adapters": [(3, 1)]}, "adapter's name must be text"),
        ({"adapters": [("ink", 1), ("ink", 0)]}, "listed twice"),
        ({"adapters": [(str(n), 1) for n in range(9)]}, "at most 8 adapters, not 9"),
        ({"reference": strokes(Box(0, 0, 5, 5))}, "without alpha at 0, 0"),
        ({"reference": Patch(Box(1, 0, 5, 4), noise(5, 4))}, "without alpha at 0, 0"),
        ({"reference": Patch(Box(0, 0, 1025, 4), noise(1025, 4))}, "1,025 x 4 pixels; at most 1,024 a side"),
        ({"pipeline": ""}, "needs the names of a pipeline"),
        ({"sampler": ""}, "needs the name"),
    ],
)
def test_an_edit_that_cannot_be_is_a_sentence(edit: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        an_edit(Box(0, 0, 3, 4), **edit)


@pytest.mark.parametrize(
    ("blend", "sentence"),
    [
        ({"feather": -1}, "feather must be a whole number from 0 to 64"),
        ({"feather": 65}, "feather"),
        ({"feather": 1.5}, "feather"),
        ({"edge": -65}, "edge must be a whole number from -64 to 64 pixels"),
        ({"opacity": 1.1}, "opacity must be a number from 0 to 1"),
        ({"opacity": math.nan}, "opacity"),
        ({"colour_match": "yes"}, "colour match must be true or false"),
    ],
)
def test_a_blend_that_cannot_be_is_a_sentence(blend: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        Blend(**blend)


def test_an_older_edit_keeps_its_text() -> None:
    """What was added since says nothing where it is as before: the names of old revisions stay."""
    record = json.loads(an_edit(Box(1, 2, 3, 4)).to_json())
    assert record["blend"] == {"feather": 8, "colour_match": True}
    assert not {"margins", "sketch", "adapters", "reference"} & record.keys()


def test_adapters_and_a_reference_come_back_from_their_text() -> None:
    reference = Patch(Box(0, 0, 5, 4), noise(5, 4))
    edit = an_edit(Box(1, 2, 3, 4), adapters=[("ink", 0.333), ("oil", 2)], reference=reference)
    assert edit.adapters == (Adapter("ink", 0.33), Adapter("oil", 2.0))  # to two decimals
    pixels = {edit.mask.digest: edit.mask.alpha, reference.digest: reference.pixels}
    back = Edit.from_json(edit.to_json(), pixels.__getitem__)
    assert back == edit and back.to_json() == edit.to_json() and back.patches == (reference,)
    with pytest.raises(ValueError, match="reference's pixels do not match"):
        Edit.from_json(edit.to_json(), (pixels | {reference.digest: noise(5, 4, 1)}).__getitem__)


def test_an_empty_sketch_is_none() -> None:
    nothing = Patch(Box(0, 0, 2, 2), np.zeros((2, 2, 4), np.uint8))
    assert an_edit(Box(0, 0, 3, 4), sketch=nothing) == an_edit(Box(0, 0, 3, 4))


def test_an_empty_mask_is_a_sentence() -> None:
    with pytest.raises(ValueError, match="mask is empty"):
        an_edit(Mask(Box(0, 0, 5, 5), np.zeros((5, 5), np.uint8)))
