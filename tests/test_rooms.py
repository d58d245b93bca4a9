"""The drawn world: always the same from a seed, in any window, and its captions say what is there."""

from random import Random

import numpy as np
import pytest

from pipelines.evaluation.rooms.captions import caption, vocabulary
from pipelines.evaluation.rooms.edits import HELD_OUT, example
from pipelines.evaluation.rooms.masks import painted, stroke
from pipelines.evaluation.rooms.palette import COLOURS
from pipelines.evaluation.rooms.room import HEIGHT, WIDTH, draw_room, silhouette
from pipelines.evaluation.rooms.things import KINDS
from pipelines.training.masks import ROOM_AROUND


def test_the_world_is_as_rich_as_it_says() -> None:
    assert len(KINDS) >= 12 and len(COLOURS) == 12
    seen = {(thing.kind, thing.colour) for seed in range(1500) for thing in draw_room(seed).things}
    assert seen == {(kind, colour) for kind in KINDS for colour in COLOURS}


@pytest.mark.parametrize("seed", range(5))
def test_a_room_follows_from_its_seed(seed: int) -> None:
    first, again = draw_room(seed), draw_room(seed)
    assert first == again
    assert np.array_equal(first.render(100, 50, 400, 64), again.render(100, 50, 400, 64))
    assert first != draw_room(seed + 1)


@pytest.mark.parametrize("seed", range(20))
def test_a_thing_is_where_its_silhouette_says(seed: int) -> None:
    room = draw_room(seed)
    for thing in room.things:
        side = 1.4 * max(thing.width, thing.height) + 40
        window = (thing.x + thing.width / 2 - side / 2, thing.y + thing.height / 2 - side / 2, side)
        drawn, without = room.render(*window, 64), room.without(thing).render(*window, 64)
        outside = silhouette(thing, *window, 64) == 0
        assert np.array_equal(drawn[outside], without[outside]), thing
        assert len(room.without(thing).things) == len(room.things) - 1


@pytest.mark.parametrize("kind", KINDS)
def test_a_thing_lies_in_its_box_and_has_its_colour(kind: str) -> None:
    rooms = (draw_room(seed) for seed in range(400))
    things = [thing for room in rooms for thing in room.things if thing.kind == kind][:20]
    for thing in things:
        grown = 0.08 * (thing.width + thing.height) + 12  # leaves, rods and shadows
        side = max(thing.width, thing.height) + 4 * grown
        scale = 128 / side
        mask = silhouette(thing, thing.x - 2 * grown, thing.y - 2 * grown, side, 128) > 0
        rows, columns = np.nonzero(mask)
        assert rows.min() >= grown * scale - 1 and columns.min() >= grown * scale - 1, thing
        assert columns.max() <= (3 * grown + thing.width) * scale + 1, thing
        assert rows.max() <= (3 * grown + thing.height) * scale + 1, thing


def test_the_parts_of_a_window_are_the_window() -> None:
    """What is drawn does not depend on where the window lies, so that training and use see the same world."""
    room = draw_room(3)
    whole = room.render(128, 128, 512, 512)
    part = room.render(128 + 256, 128 + 128, 256, 256)
    assert np.array_equal(whole[128:384, 256:512], part)


def test_captions_say_kind_and_colour() -> None:
    random, words = Random(0), set(vocabulary())
    coloured = total = 0
    for seed in range(300):
        for thing in draw_room(seed).things:
            text = caption(thing, random)
            assert any(noun in text for noun in KINDS[thing.kind].nouns)
            assert set(text.split()) <= words
            spellings = {"grey": "gray", "teal": "turquoise", "purple": "violet"}
            said = {colour for colour in COLOURS if colour in text or spellings.get(colour, "?") in text}
            assert said <= {thing.colour}
            assert not (text.startswith("a ") and text[2] in "aeiou") and not (
                text.startswith("an ") and text[3] not in "aeiou"
            )
            coloured, total = coloured + bool(said), total + 1
    assert 0.85 < coloured / total < 0.95


def test_rooms_fill_their_frame() -> None:
    for seed in range(50):
        for thing in draw_room(seed).things:
            assert thing.x + thing.width > 0 and thing.x < WIDTH and thing.y + thing.height <= HEIGHT


@pytest.mark.parametrize("seed", range(40))
def test_the_hole_hides_the_thing(seed: int) -> None:
    """What is left to see must not give away what was there: the room with and without it agree outside the hole."""
    asked = example(HELD_OUT + seed, 64, 0.5)
    assert asked.image.shape == (64, 64, 3) and set(np.unique(asked.mask)) <= {0, 255} and asked.mask.any()
    if not asked.correction:
        kept = asked.mask == 0
        other = asked.room.without(asked.thing).render(*asked.window, 64)
        assert np.array_equal(asked.image[kept], other[kept])
    if not asked.prompt:
        assert np.array_equal(asked.image, asked.room.without(asked.thing).render(*asked.window, 64))


def test_holes_fill_their_windows_as_in_use() -> None:
    shares = []
    for seed in range(300):
        asked = example(HELD_OUT + seed, 64, 0.1)
        rows, columns = np.nonzero(asked.mask)
        if not asked.correction:
            shares.append(max(np.ptp(rows), np.ptp(columns)) / 64)
    assert np.percentile(shares, 95) > 0.7  # at most 1 / ROOM_AROUND, give or take a border
    assert np.percentile(shares, 5) < 0.5 < 1 / ROOM_AROUND
    assert 0.05 < np.mean([not example(HELD_OUT + seed, 16, 0.12).prompt for seed in range(400)]) < 0.2


def test_masks_cover_the_thing() -> None:
    for seed in range(60):
        asked = example(seed, 64, 0.0)
        thing, window = silhouette(asked.thing, *asked.window, 64), asked.window
        box = (asked.thing.x, asked.thing.y, asked.thing.width, asked.thing.height)
        mask = painted(box, thing, window, 64, Random(seed))
        assert (mask[thing > 127] == 255).all()
        assert stroke(64, Random(seed)).any()
