import pytest
from hypothesis import given
from hypothesis import strategies as st

from editor.imaging.geometry import Box

small = st.integers(-6, 6)
size = st.integers(0, 6)
boxes = st.builds(Box, small, small, size, size)


def pixels(box: Box) -> set[tuple[int, int]]:
    return {(x, y) for x in range(box.x, box.right) for y in range(box.y, box.bottom)}


@given(boxes, boxes)
def test_intersect_holds_the_pixels_of_both(a: Box, b: Box) -> None:
    assert pixels(a.intersect(b)) == pixels(a) & pixels(b)
    assert a.intersect(b).width >= 0 and a.intersect(b).height >= 0


@given(boxes, boxes)
def test_union_is_the_smallest_box_around_both(a: Box, b: Box) -> None:
    union = a.union(b)
    assert pixels(a) | pixels(b) <= pixels(union)
    if both := pixels(a) | pixels(b):
        columns, rows = {x for x, _ in both}, {y for _, y in both}
        assert union == Box(min(columns), min(rows), max(columns) - min(columns) + 1, max(rows) - min(rows) + 1)


@given(boxes, boxes)
def test_contains_is_the_subset(a: Box, b: Box) -> None:
    assert a.contains(b) == (pixels(b) <= pixels(a))


@given(boxes, size)
def test_padding_reaches_as_far_on_each_side(box: Box, n: int) -> None:
    padded = box.padded(n)
    assert (padded.x, padded.y, padded.right, padded.bottom) == (
        box.x - n,
        box.y - n,
        box.right + n,
        box.bottom + n,
    )


@given(boxes, boxes)
def test_shifted_into_shows_as_much_as_can_be_seen(box: Box, frame: Box) -> None:
    moved = box.shifted_into(frame)
    assert moved.shape == box.shape
    if box.width <= frame.width and box.height <= frame.height:
        assert frame.contains(moved)
    if frame.contains(box) and not box.empty:
        assert moved == box


@pytest.mark.parametrize(
    ("box", "frame", "moved"),
    [
        (Box(-5, 3, 4, 4), Box(0, 0, 10, 10), Box(0, 3, 4, 4)),
        (Box(8, 9, 4, 4), Box(0, 0, 10, 10), Box(6, 6, 4, 4)),
        (Box(2, 2, 10, 10), Box(0, 0, 10, 10), Box(0, 0, 10, 10)),
        (Box(0, 0, 16, 4), Box(0, 0, 10, 10), Box(-3, 0, 16, 4)),  # larger along x: centred
        (Box(0, 0, 15, 4), Box(0, 0, 10, 10), Box(-3, 0, 15, 4)),  # an odd rest: rounded down
        (Box(50, 0, 16, 4), Box(-20, -20, 10, 10), Box(-23, -14, 16, 4)),
    ],
)
def test_shifted_into(box: Box, frame: Box, moved: Box) -> None:
    assert box.shifted_into(frame) == moved


@given(boxes, boxes)
def test_slices_find_the_pixels_in_an_array_at_the_frame(box: Box, frame: Box) -> None:
    if not frame.contains(box):
        with pytest.raises(ValueError, match="does not lie within"):
            box.slices(frame)
        return
    rows, columns = box.slices(frame)
    found = {(frame.x + x, frame.y + y) for y in range(frame.height)[rows] for x in range(frame.width)[columns]}
    assert found == pixels(box)


def test_shape_is_rows_first() -> None:
    assert Box(1, 2, 30, 40).shape == (40, 30)
    assert Box(0, 0, 0, 5).empty and Box(0, 0, 5, 0).empty and not Box(0, 0, 1, 1).empty
