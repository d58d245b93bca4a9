from threading import Thread

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from editor.imaging.geometry import Box
from editor.imaging.picture import TILE, Cache, Picture, tile_box, tile_digest, tile_indices
from editor.imaging.raster import Patch, Pixels
from tests.samples import noise

SIDE = 2 * TILE + 90  # three tiles a side, the last ones cut


@st.composite
def boxes_within(draw: st.DrawFn, width: int, height: int) -> Box:
    # near a tile's border is where mistakes are
    edges = st.sampled_from([0, 1, TILE - 1, TILE, TILE + 1, 2 * TILE, SIDE - 1, SIDE])
    x, right = sorted([draw(edges | st.integers(0, width)), draw(edges | st.integers(0, width))])
    y, bottom = sorted([draw(edges | st.integers(0, height)), draw(edges | st.integers(0, height))])
    return Box(x, y, right - x, bottom - y)


@settings(max_examples=40)
@given(st.lists(boxes_within(SIDE, SIDE), max_size=4), boxes_within(SIDE, SIDE))
def test_what_is_written_is_read(written: list[Box], read: Box) -> None:
    plain = noise(SIDE, SIDE)
    picture = Picture.from_pixels(plain)
    for seed, box in enumerate(written, 1):
        pixels = noise(box.width, box.height, seed)
        plain[box.slices(picture.box)] = pixels
        picture = picture.write(Patch(box, pixels))
    assert np.array_equal(picture.read(read).pixels, plain[read.slices(picture.box)])
    assert picture == Picture.from_pixels(plain)
    assert picture.digest == Picture.from_pixels(plain).digest


def test_a_write_renames_only_the_tiles_it_changes() -> None:
    before = Picture.from_pixels(noise(SIDE, SIDE))
    after = before.write(Patch(Box(TILE - 3, 10, 6, 6), noise(6, 6, 1)))
    changed = {place for place in before.tiles if before.tiles[place] != after.tiles[place]}
    assert changed == {(0, 0), (1, 0)}
    assert set(after.fresh) == set(after.tiles.values())


def test_writing_what_is_there_changes_no_name() -> None:
    picture = Picture.from_pixels(noise(SIDE, SIDE))
    box = Box(100, 100, 300, 300)
    assert picture.write(picture.read(box)) == picture
    stored = Picture(picture.box, picture.tiles, lambda digest: picture.fresh[digest])
    assert not stored.write(picture.read(box)).fresh


def test_writing_leaves_the_parent_alone() -> None:
    plain = noise(SIDE, 300)
    parent = Picture.from_pixels(plain)
    digest = parent.digest
    parent.write(Patch(parent.box, noise(SIDE, 300, 1)))
    assert parent.digest == digest
    assert np.array_equal(parent.read(parent.box).pixels, plain)
    with pytest.raises(TypeError):
        parent.tiles[0, 0] = "other"  # type: ignore[index]


def test_a_picture_outlives_the_array_it_came_from() -> None:
    plain = noise(300, 300)
    picture = Picture.from_pixels(plain)
    before = plain.copy()
    plain[:] = 0
    assert np.array_equal(picture.read(picture.box).pixels, before)


def test_outside_is_zero_and_cannot_be_written() -> None:
    picture = Picture.from_pixels(np.full((20, 30, 3), 255, np.uint8))
    seen = picture.read(Box(-5, -5, 40, 30)).pixels
    assert seen[5:25, 5:35].min() == 255 and seen.astype(int).sum() == 20 * 30 * 3 * 255
    assert not picture.read(Box(1000, 1000, 4, 4)).pixels.any()
    assert not picture.tile((0, 0))[20:].any() and not picture.tile((0, 0))[:, 30:].any()
    with pytest.raises(ValueError, match="does not lie within"):
        picture.write(Patch(Box(28, 0, 4, 4), noise(4, 4)))


def test_a_picture_may_lie_anywhere_on_the_plane() -> None:
    box = Box(-TILE - 5, -3, 300, 20)
    assert list(tile_indices(box)) == [(-2, -1), (-1, -1), (0, -1), (-2, 0), (-1, 0), (0, 0)]
    blank = np.zeros((TILE, TILE, 3), np.uint8)
    name = tile_digest(blank)
    picture = Picture(box, dict.fromkeys(tile_indices(box), name), lambda digest: blank)
    patch = Patch(Box(-TILE - 5, -3, 290, 12), noise(290, 12))
    written = picture.write(patch)
    assert np.array_equal(written.read(patch.box).pixels, patch.pixels)
    assert {tile_box(place) for place in written.tiles} >= {Box(-2 * TILE, -TILE, TILE, TILE)}


@pytest.mark.parametrize("shape", [(0, 5, 3), (5, 0, 3), (5, 5), (5, 5, 2)])
def test_what_is_no_picture_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="at least one pixel"):
        Picture.from_pixels(np.zeros(shape, np.uint8))


def test_pictures_differ_by_box_and_tiles() -> None:
    a, b = Picture.from_pixels(noise(50, 50)), Picture.from_pixels(noise(50, 50, 1))
    assert a == Picture.from_pixels(noise(50, 50)) and hash(a) == hash(Picture.from_pixels(noise(50, 50)))
    assert a != b and a.digest != b.digest
    wider = np.zeros((50, 51, 3), np.uint8)
    wider[:, :50] = noise(50, 50)
    assert Picture.from_pixels(wider).tiles == a.tiles  # the tile is the same, zero outside ...
    assert Picture.from_pixels(wider) != a and Picture.from_pixels(wider).digest != a.digest  # ... the picture not


def test_a_cache_never_holds_more_than_its_limit() -> None:
    loads: list[str] = []

    def load(key: str) -> Pixels:
        loads.append(key)
        return np.zeros(100, np.uint8)

    cache = Cache(load, lambda array: array.nbytes, limit=350)
    for key in "abcab":
        cache(key)
    assert loads == ["a", "b", "c"] and cache.held == 300
    cache("d")  # c is the one not used for longest
    assert cache.held == 300
    for key in "abd":
        cache(key)
    assert loads == ["a", "b", "c", "d"]
    cache("c")
    assert loads[-1] == "c"


def test_a_cache_is_shared_by_threads() -> None:
    cache = Cache(lambda key: np.full(100, int(key), np.uint8), lambda array: array.nbytes, limit=1000)
    wrong: list[int] = []

    def use(start: int) -> None:
        for n in range(start, start + 2000):
            if cache(str(n * 7 % 23))[0] != n * 7 % 23:
                wrong.append(n)

    threads = [Thread(target=use, args=(start,)) for start in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong and cache.held <= 1000
