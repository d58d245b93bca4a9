"""The drawn world: always the same from a seed, in any window, and its captions say what is there."""

from dataclasses import replace
from random import Random
from typing import Any

import numpy as np
import pytest

from pipelines.training.scenes.brush import Brush
from pipelines.training.scenes.captions import caption, described, noun_phrase, scene_caption, texts, vocabulary, within
from pipelines.training.scenes.layout import draw_scene, held_out_pair, make
from pipelines.training.scenes.palette import COLOURS
from pipelines.training.scenes.pen import View
from pipelines.training.scenes.places import PLACES
from pipelines.training.scenes.scene import Scene
from pipelines.training.scenes.setting import HEIGHT, WIDTH, Setting
from pipelines.training.scenes.shapes import box, poly
from pipelines.training.scenes.thing import Thing
from pipelines.training.scenes.things import KINDS
from pipelines.training.scenes.words import SPELLINGS, plural, several, with_article
from pipelines.training.scenes.worlds import FAMILIAR

PLAIN = Setting("gallery", 0, 520, "white", "day", None)
SEEDS = range(1500)


@pytest.fixture(scope="module")
def scenes() -> list[Scene]:
    return [draw_scene(seed) for seed in SEEDS]


def every_one(scene: Scene) -> list[Thing]:
    """Things, what stands on them, and what they wear and show."""
    return [one for thing in scene.all() for one in (thing, *thing.parts)]


def test_the_world_is_as_rich_as_it_says(scenes: list[Scene]) -> None:
    things = [thing for scene in scenes for thing in every_one(scene)]
    assert {thing.kind for thing in things} == set(KINDS) and len(KINDS) >= 48
    assert {scene.setting.place for scene in scenes} == set(PLACES) and len(PLACES) >= 10
    assert {thing.colour for thing in things} == set(COLOURS) and len(COLOURS) >= 12
    assert {thing.pattern for thing in things} == {"", "striped", "dotted", "checked", "wooden"}
    assert {thing.size for thing in things} == {"", "small", "large"} and {thing.count for thing in things} == {1, 2, 3}


def test_no_kind_is_rare(scenes: list[Scene]) -> None:
    drawn = [thing.kind for scene in scenes for thing in every_one(scene)]
    for kind in KINDS:
        assert drawn.count(kind) >= 3, kind
    familiar = [drawn.count(kind) for kind in set(FAMILIAR)]
    others = [drawn.count(kind) for kind in KINDS if kind not in FAMILIAR]
    assert np.mean(familiar) > 2 * np.mean(others)


def test_one_pair_in_ten_is_never_drawn(scenes: list[Scene]) -> None:
    pairs = {(kind, colour) for kind in KINDS for colour in KINDS[kind].colours}
    held_out = [pair for pair in pairs if held_out_pair(*pair)]
    assert 0.08 < len(held_out) / len(pairs) < 0.12
    for kind, own in KINDS.items():
        kept = [colour for colour in set(own.colours) if not held_out_pair(kind, colour)]
        assert len(kept) >= min(3, len(set(own.colours))), kind
    for colour in COLOURS:  # each colour is learnt, and asked for
        assert any(name == colour for _, name in held_out)
    drawn = {(thing.kind, thing.colour) for scene in scenes for thing in every_one(scene)}
    assert not drawn & set(held_out)


@pytest.mark.parametrize("seed", range(5))
def test_a_scene_follows_from_its_seed(seed: int) -> None:
    first, again = draw_scene(seed), draw_scene(seed)
    assert first == again and first != draw_scene(seed + 1)
    assert np.array_equal(first.render(100, 50, 400, 64), again.render(100, 50, 400, 64))


@pytest.mark.parametrize("size", [64, 100, 256, 2048])
def test_a_scene_is_drawn_at_any_size(size: int) -> None:
    """A large picture made small is the small one, but for how its edges fall."""
    window = draw_scene(4).render(200, 100, 640, size)
    assert window.shape == (size, size, 3) and window.dtype == np.uint8
    if size in (256, 2048):
        k = size // 64
        small = window.reshape(64, k, 64, k, 3).mean((1, 3))
        assert np.abs(small - draw_scene(4).render(200, 100, 640, 64)).mean() < 3


@pytest.mark.parametrize("place", PLACES)
def test_the_parts_of_a_window_are_the_window(place: str) -> None:
    """What is drawn does not depend on where the window lies, so that training and use see the same world."""
    for seed in range(2):
        scene = draw_scene(seed, place)
        whole = scene.render(128, 128, 512, 512).astype(int)
        part = scene.render(128 + 256, 128 + 128, 256, 256)
        # glows are stretched to what is seen of them: a level or two
        assert (np.abs(whole[128:384, 256:512] - part).max(2) > 3).mean() < 0.001, seed


@pytest.mark.parametrize("seed", range(25))
def test_a_thing_is_where_its_silhouette_says(seed: int) -> None:
    scene = draw_scene(seed)
    for thing in every_one(scene):
        own = next(one for one in scene.all() if thing is one or any(thing is part for part in one.parts))
        side = 1.6 * max(own.width, own.height) + 40
        window = (own.x + own.width / 2 - side / 2, own.y + own.height / 2 - side / 2, side)
        drawn, without = scene.render(*window, 64), scene.without(thing).render(*window, 64)
        where = scene.silhouette(thing, *window, 64)
        assert np.array_equal(drawn[~where], without[~where]), thing
        for gone in (False, True):
            pixels, again = scene.render_beside(thing, *window, 64, gone)
            assert np.array_equal(pixels, without if gone else drawn) and np.array_equal(where, again)


def test_a_sweep_stays_within_its_outline() -> None:
    """A wall that leans is not its bounding box; a box is filled to its edges."""
    for shape, inside in ((poly((10, 0), (50, 0), (50, 50), (10, 20)), 0.7), (box(10, 0, 50, 50), 1.0)):
        brush = Brush(64)
        View(brush, 0, 0, 64, 64).sweep(shape, (200, 100, 50), (50, 100, 200))
        painted = np.asarray((brush.pixels() > 0).any(2))
        assert not painted[:, :9].any() and not painted[52:].any() and not painted[:, 52:].any()
        assert painted[:50, 10:50].mean() == pytest.approx(inside, abs=0.03)


def test_without_takes_what_stands_on_it_and_nothing_else(scenes: list[Scene]) -> None:
    laden = 0
    for scene in scenes[:300]:
        for thing in scene.all():
            left = scene.without(thing)
            assert len(left.all()) == len(scene.all()) - 1 - len(thing.bears)
            other = replace(thing, colour="red" if thing.colour != "red" else "blue")
            changed = scene.changed(thing, other)
            assert changed.without(other) == left and len(changed.all()) == len(scene.all())
            laden += bool(thing.bears)
    assert laden > 20


@pytest.mark.parametrize("kind", [name for name, kind in KINDS.items() if kind.stands != "worn"])
def test_what_reaches_beyond_a_box_is_drawn(kind: str) -> None:
    """A scene leaves out what its window cannot show, but not the shadows, hats and light of things beside it."""
    for seed in range(6):
        thing = make(kind, Random(seed), 500, 400)
        side, away = max(thing.width, thing.height), (0.06, 0.12, 0.2)[seed % 3]
        middle, left, right = thing.y + thing.height / 2, 500 - thing.width / 2, 500 + thing.width / 2
        corners = (
            (left - away * thing.width - side, middle - side / 2),
            (right + away * thing.width, middle - side / 2),
            (500 - side / 2, thing.y - away * thing.height - side),
            (500 - side / 2, 400 + away * thing.height),
        )
        for corner in corners:
            brush = Brush(32)
            view = View(brush, *corner, side, 32)
            PLACES[PLAIN.place].draw(view, Random(PLAIN.seed), PLAIN)
            thing.draw(view)
            assert np.array_equal(Scene(PLAIN, (thing,)).render(*corner, side, 32), brush.pixels()), corner


@pytest.mark.parametrize("kind", [name for name, kind in KINDS.items() if len(kind.colours) > 3])
def test_the_colour_of_a_thing_shows(kind: str) -> None:
    """Drawn in two colours, pixels differ and come near each of them."""
    thing = replace(make(kind, Random(1), 500, 400, plain=True), pattern="", parts=())
    side = 1.2 * max(thing.width, thing.height)
    window = (500 - side / 2, 400 - thing.height / 2 - side / 2, side)
    first, second, *_ = dict.fromkeys(KINDS[kind].colours)
    shown = [Scene(PLAIN, (replace(thing, colour=colour),)).render(*window, 64) for colour in (first, second)]
    differ = (shown[0] != shown[1]).any(2)
    assert differ.mean() > 0.01
    for colour, pixels in zip((first, second), shown, strict=True):
        near = np.abs(pixels[differ].astype(int) - COLOURS[colour]).max(1) < 48
        assert near.mean() > 0.2, colour


def test_captions_say_kind_and_colour(scenes: list[Scene]) -> None:
    random, words = Random(0), set(vocabulary())
    coloured, able, lengths = 0, 0, []
    for scene in scenes[:600]:
        for thing in scene.all():
            alone = noun_phrase(thing, random)
            nouns = [noun.replace("{} ", "") for noun in KINDS[thing.kind].nouns]
            own = {word for noun in nouns for form in (noun, plural(noun)) for word in form.split()}
            assert any(word in own for word in alone.split()), alone
            said = {colour for colour, spellings in SPELLINGS.items() for s in spellings if f" {s} " in f" {alone} "}
            assert said <= {thing.colour, "blue" if thing.colour == "navy" else thing.colour}, alone
            able += len(KINDS[thing.kind].colours) > 1 and thing.pattern != "wooden"
            coloured += bool(said)
        for text in (*(caption(thing, scene, random) for thing in scene.all()), scene_caption(scene, random)):
            assert {word.strip(",") for word in text.split()} <= words, text
            assert not set(text.split()) & {"{}", "None"} and "  " not in text and text == text.strip()
            lengths.append(len(text.split()))
    assert 0.85 < coloured / able < 0.97
    assert np.percentile(lengths, 98) <= 16


def test_the_paper_s_pictures_can_be_said(scenes: list[Scene]) -> None:
    """GLIDE's own examples (Nichol et al. 2021, figures 1 to 3) are sentences of the grammar, each with its picture."""
    random = Random(0)
    room = replace(PLAIN, place="living room", corner=300.0)

    def a(kind: str, x: float, foot: float, **looks: Any) -> Thing:
        plain = replace(make(kind, Random(2), x, foot, plain=True), pattern="", form="", parts=())
        return replace(plain, **looks)

    def said(thing: Thing, *others: Thing) -> set[str]:
        scene = Scene(room, (*others, thing))
        return {caption(thing, scene, random) for _ in range(1500)}

    couch = a("couch", 600, 560)
    corgi, vase = a("corgi", 0, 0), a("vase of flowers", 600, 640)
    hat, tie = a("party hat", 0, 0, colour="purple"), a("bow tie", 0, 0, colour="red")
    assert any("painting of a corgi above a" in text for text in said(a("painting", 600, 300, parts=(corgi,)), couch))
    assert any(
        "round coffee table in front of a" in text for text in said(a("coffee table", 600, 700, form="round"), couch)
    )
    table = replace(a("coffee table", 600, 700), bears=(vase,))
    on_table = {caption(vase, Scene(room, (table,)), random) for _ in range(800)}
    assert any(text.startswith("a vase of") and text.endswith("on a coffee table") for text in on_table)
    assert any(text.endswith("couch in the corner of a room") for text in said(a("couch", 320, 560)))
    worn = {described(replace(corgi, parts=(tie, hat)), random) for _ in range(500)}
    assert "a corgi wearing a red bow tie and a purple party hat" in worn
    assert any(text.startswith("a hedgehog using a") and text.endswith("calculator") for text in
               (described(a("hedgehog", 0, 0, parts=(a("calculator", 0, 0),)),
                          random) for _ in range(200)))  # fmt: skip
    assert any(text.endswith("cat playing checkers") for text in
               (described(a("cat", 0, 0, parts=(a("checkers", 0, 0),)), random) for _ in range(200)))  # fmt: skip
    assert "a cozy living room" in {scene_caption(Scene(room, ()), random) for _ in range(300)}
    assert "in a living room" in {within(room, random) for _ in range(50)}


def test_the_grammar_counts_and_joins() -> None:
    assert [plural(noun) for noun in ("fox", "puppy", "fish", "slice of watermelon", "toy", "bench")] == [
        "foxes", "puppies", "fish", "slices of watermelon", "toys", "benches"]  # fmt: skip
    assert several(["a", "b", "c"]) == "a, b and c" and several(["a"]) == "a"
    assert with_article("orange mug") == "an orange mug" and with_article("red glasses") == "red glasses"


def test_scenes_fill_their_frame(scenes: list[Scene]) -> None:
    for scene in scenes[:300]:
        for thing in scene.things:
            assert thing.x + thing.width > 0 and thing.x < WIDTH and thing.y < HEIGHT
    assert np.mean([len(scene.all()) for scene in scenes]) > 3.5
    assert all(texts(seed) for seed in range(20))
