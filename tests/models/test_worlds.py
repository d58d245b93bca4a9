"""The drawn world stays what the shipped weights and the judge were trained on; the wide one has more of everything."""

from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from random import Random

import numpy as np
import pytest
import torch

from pipelines import WEIGHTS
from pipelines.glide.folder import BYTE_PAIRS, WORDS
from pipelines.glide.tokenizer import mini_tokenizer
from pipelines.training.config import STAGES
from pipelines.training.dataset import HELD_OUT, WIDE_HOLES, example, loose_shape, moved_to_cut
from pipelines.training.masks import loosely_painted
from pipelines.training.scenes.brush import Brush
from pipelines.training.scenes.captions import caption, noun_phrase, scene_caption, surface_caption, texts, vocabulary
from pipelines.training.scenes.kinds import SIDE, kinds_list, kinds_pictures
from pipelines.training.scenes.layout import draw_scene, held_out_pair, make
from pipelines.training.scenes.materials import MATERIALS, SUBSTANCES
from pipelines.training.scenes.palette import COLOURS
from pipelines.training.scenes.pen import Pen, View
from pipelines.training.scenes.places import PLACES
from pipelines.training.scenes.scene import Scene
from pipelines.training.scenes.setting import HEIGHT, WIDTH, Setting
from pipelines.training.scenes.shapes import box
from pipelines.training.scenes.thing import Thing
from pipelines.training.scenes.things import KINDS, WIDE_KINDS
from pipelines.training.scenes.words import MATERIALS as SAID
from pipelines.training.scenes.words import TASTE, TASTES, plural
from pipelines.training.scenes.worlds import FAMILIAR, WIDE
from tests.models.conftest import Train

FORTY = (*range(30), *range(HELD_OUT, HELD_OUT + 10))
MANY = range(2000)


def digest(*parts: bytes | str) -> str:
    """The first half of the SHA-256 of some parts."""
    return sha256(b"\0".join(part if isinstance(part, bytes) else part.encode() for part in parts)).hexdigest()[:32]


def test_the_drawn_world_stays_to_the_byte() -> None:
    """Weights, judge and tables of held-out scenes that exist depend on it."""
    scenes = [draw_scene(seed) for seed in FORTY]
    scenes += [draw_scene(7, place) for place in PLACES]
    asked = [example(seed, 64, 0.2, unseen=seed % 4 == 0) for seed in FORTY]
    found = {
        "scenes": digest(*map(repr, scenes)),
        "pictures": digest(*(scene.render(0, 0, WIDTH, 96).tobytes() for scene in scenes)),
        "captions": digest(*(text for seed in FORTY for text in texts(seed))),
        "examples": digest(*(part for one in asked for part in (one.image.tobytes(), one.mask.tobytes(), one.prompt))),
        "words": digest(*vocabulary()),
        "many scenes": digest(*(repr(draw_scene(seed)) for seed in MANY)),
        "many captions": digest(*(text for seed in MANY for text in texts(seed))),
        "held-out pairs": digest(
            *(f"{kind} {colour}" for kind in KINDS for colour in KINDS[kind].colours if held_out_pair(kind, colour))
        ),
        "kinds": digest(*map(repr, KINDS)),
        "familiar": digest(*FAMILIAR),
    }
    assert found == {
        "scenes": "403a476d6649a2c7da187527fa837f8a",
        "pictures": "b22cbcb3936d541f5d6cdd6abda14c80",
        "captions": "18ae79b584120ae1aef9c6f8eeab348d",
        "examples": "ca7a4f1a48c338751d882b88b0c3c1ee",
        "words": "4ba425ea41966d5b0b8b6ba7bafb1a76",
        "many scenes": "805904cb5d858bdb4b3f53ee28994084",
        "many captions": "1753f2e39489160037e83535b4c81b28",
        "held-out pairs": "c7abe2b7398c9f0fc9dd78b0f60246a3",
        "kinds": "628f03afbd196970e9356386c4eeb299",
        "familiar": "522cf6e819d1c14af2a6a500b8ae6a44",
    }


PLAIN = Setting("gallery", 0, 520, "white", "day", None)
NEW = [name for name in WIDE_KINDS if name not in KINDS]
MADE = [(name, material) for name, kind in WIDE_KINDS.items() for material in MATERIALS if material in kind.patterns]


@pytest.fixture(scope="module")
def scenes() -> list[Scene]:
    return [draw_scene(seed, wide=True) for seed in range(1200)]


def every_one(scene: Scene) -> list[Thing]:
    """Things, what stands on them, and what they wear and show."""
    return [one for thing in scene.all() for one in (thing, *thing.parts)]


def alone(thing: Thing, room: float) -> tuple[Scene, tuple[float, float, float]]:
    """A thing before a plain wall, and the window around it whose side is `room` times its longer one."""
    side = room * max(thing.width, thing.height)
    corner = thing.x + thing.width / 2 - side / 2, thing.y + thing.height / 2 - side / 2
    return Scene(PLAIN, (thing,)), (*corner, side)


def test_the_wide_world_has_the_drawn_one_in_it(scenes: list[Scene]) -> None:
    assert len(NEW) >= 24 and set(KINDS) < set(WIDE_KINDS)
    for name, kind in KINDS.items():
        wide = WIDE_KINDS[name]
        assert wide.draw is kind.draw and wide.colours == kind.colours
        assert wide.patterns[: len(kind.patterns)] == kind.patterns
    things = [thing for scene in scenes for thing in every_one(scene)]
    drawn = [thing.kind for thing in things]
    for name in WIDE_KINDS:
        assert drawn.count(name) >= 2, name
    assert {thing.pattern for thing in things} >= set(MATERIALS)
    assert not any(held_out_pair(thing.kind, thing.colour) for thing in things)
    assert set(vocabulary()) - {"christmas"} < set(vocabulary(wide=True))


@pytest.mark.parametrize("kind", NEW)
def test_a_new_kind_lies_within_its_box_and_is_seen_at_32_pixels(kind: str) -> None:
    """Its shadow alone reaches a little further down."""
    for seed in range(4):
        thing = replace(make(kind, Random(seed), 500, 400, plain=True, world=WIDE), parts=())
        scene, (x, y, side) = alone(thing, 1.6)
        rows, columns = scene.silhouette(thing, x, y, side, 96).nonzero()
        scale = side / 96
        left, right = thing.x - x - columns.min() * scale, x + (columns.max() + 1) * scale - thing.x - thing.width
        up, down = thing.y - y - rows.min() * scale, y + (rows.max() + 1) * scale - thing.y - thing.height
        assert max(left, right) < 0.09 * thing.width and up < 0.09 * thing.height and down < 0.15 * thing.height
        assert np.ptp(columns) * scale > 0.7 * thing.width and np.ptp(rows) * scale > 0.7 * thing.height
        scene, window = alone(thing, 1.3)
        with_, without = scene.render(*window, 32).astype(int), scene.without(thing).render(*window, 32)
        assert (np.abs(with_ - without).max(2) > 24).mean() > 0.025


@pytest.mark.parametrize(("kind", "material"), MADE)
def test_a_material_is_said_where_it_is_drawn(kind: str, material: str) -> None:
    random, made = Random(0), make(kind, Random(1), 500, 400, plain=True, world=WIDE)
    made = replace(made, pattern=material, parts=())
    scene, window = alone(made, 1.3)
    plain = alone(replace(made, pattern=""), 1.3)[0].render(*window, 64).astype(int)
    assert (np.abs(plain - scene.render(*window, 64)).max(2) > 12).mean() > 0.01
    said = [f" {noun_phrase(made, random, wide=True)} " for _ in range(60)]
    assert sum(any(f" {word} " in phrase for word in SAID[material]) for phrase in said) > 40
    unsaid = [f" {noun_phrase(replace(made, pattern=''), random, wide=True)} " for _ in range(60)]
    own = {word for noun in WIDE_KINDS[kind].nouns for word in noun.split()}
    assert not any(f" {word} " in phrase for word in set(SAID[material]) - own for phrase in unsaid)


@pytest.mark.parametrize("material", MATERIALS)
def test_a_material_is_no_flat_colour(material: str) -> None:
    pictures = []
    for draw in (MATERIALS[material], Pen.solid):
        brush = Brush(64)
        view = View(brush, 0, 0, 100, 64)
        view.flat(box(0, 0, 100, 100), COLOURS["white"])
        draw(view, box(10, 10, 90, 90, 8), SUBSTANCES.get(material, COLOURS["blue"]), 1.0)
        pictures.append(brush.pixels().astype(int))
    assert (np.abs(pictures[0] - pictures[1]).max(2) > 14).mean() > 0.1


def test_the_list_of_kinds_can_be_that_of_the_wide_world() -> None:
    """For a model that is trained in it: its words are known, and every kind has a picture."""
    listed, known = kinds_list(wide=True), set(vocabulary(wide=True))
    phrases = [noun for kind in listed["kinds"] for noun in kind["nouns"] + kind["plurals"]]
    phrases += [*listed["patterns"], *listed["colours"]]
    assert {word for phrase in phrases for word in phrase.replace("{}", "").split()} <= known
    by_name = dict(zip(WIDE_KINDS, listed["kinds"], strict=True))
    assert "leather" in by_name["couch"]["patterns"] and "glass" in by_name["table"]["colours"]
    pictures = kinds_pictures(wide=True)
    assert pictures.shape[0] // SIDE * listed["columns"] >= len(WIDE_KINDS)


def test_captions_of_the_wide_world_say_what_is_there(scenes: list[Scene]) -> None:
    random, words, tastes = (
        Random(0),
        set(vocabulary(wide=True)),
        {*TASTE, *(w for some in TASTES.values() for w in some)},
    )
    tasted, many, said = 0, 0, ""
    for scene in scenes[:500]:
        for thing in scene.all():
            phrase = noun_phrase(thing, random, wide=True)
            nouns = [noun.replace("{} ", "") for noun in WIDE_KINDS[thing.kind].nouns]
            own = {word for noun in nouns for form in (noun, plural(noun)) for word in form.split()}
            assert any(word in own for word in phrase.split()), phrase
            tasted, many = tasted + (phrase.split()[0] in tastes), many + 1
        for text in (
            *(caption(thing, scene, random, True) for thing in scene.all()),
            scene_caption(scene, random, True),
        ):
            assert {word.strip(",") for word in text.split()} <= words, text
            assert not set(text.split()) & {"{}", "None"} and "  " not in text and text == text.strip()
            said += f" {text};"
    assert 0.05 < tasted / many < 0.3
    for relation in (" full of ", " wearing ", " holding ", " with a ", " on the ", " playing a guitar"):
        assert relation in said, relation
    desk = make("desk", Random(0), 500, 400, plain=True, world=WIDE)
    desk = replace(desk, bears=(make("computer", Random(0), 500, 260, plain=True, world=WIDE),))
    phrases = {caption(desk, Scene(PLAIN, (desk,)), random, True) for _ in range(400)}
    assert any("desk with a" in text and not text.endswith(("it", "top")) for text in phrases)


def test_the_drawn_world_is_told_without_the_words_of_the_wide_one() -> None:
    new = set(vocabulary(wide=True)) - set(vocabulary())
    assert {"velvet", "cute", "fireplace", "holding"} <= new
    assert not any(new & set(text.split()) for seed in range(200) for text in texts(seed))


@pytest.mark.parametrize("seed", range(40))
def test_a_hole_of_the_wide_world_hides_the_thing(seed: int) -> None:
    asked = example(HELD_OUT + seed, 64, 0.4, hole="thing", wide=True)
    assert set(np.unique(asked.mask)) <= {0, 255} and asked.mask.any()
    if asked.thing is not None:
        kept, gone = asked.mask == 0, asked.scene.without(asked.thing).render(*asked.window, 64)
        assert np.array_equal(asked.image[kept], gone[kept])
        assert np.array_equal(asked.image, asked.scene.render(*asked.window, 64) if asked.prompt else gone)


def test_loose_masks_are_larger_than_the_thing_and_cover_it() -> None:
    speckled = np.zeros((64, 64), bool)
    speckled[20:45, 10:50] = np.random.default_rng(0).random((25, 40)) < 0.3
    ratios = []
    for seed in range(200):
        random = Random(seed)
        thing = make(random.choice(NEW), random, 500, 400, world=WIDE)
        x, y, width, height = loose_shape(thing, random)
        assert x <= thing.x and x + width >= thing.x + thing.width - 1e-9
        assert y <= thing.y and y + height >= thing.y + thing.height - 1e-9
        ratios += [width / thing.width, height / thing.height]
        mask = loosely_painted((4.0, 10.0, 50.0, 40.0), speckled, (0.0, 0.0, 64.0), 64, random)
        assert (mask[speckled] == 255).all() and set(np.unique(mask)) == {0, 255} and mask.mean() > 0.2 * 255
    assert 1.1 <= min(ratios) < 1.2 and 1.7 < max(ratios) <= 1.8


def test_the_edge_of_a_picture_can_go_through_a_thing() -> None:
    seen: set[int] = set()
    for seed in range(100):
        random = Random(seed)
        thing = make("couch", random, random.uniform(200, 900), 500)
        x, y, width, height = moved_to_cut((0, 0, WIDTH, HEIGHT), thing, random)
        assert (width, height) == (WIDTH, HEIGHT) and 0 in (x, y)
        across = [(edge - thing.x) / thing.width for edge in (x, x + width)]
        down = [(edge - thing.y) / thing.height for edge in (y, y + height)]
        assert any(0.3 < cut < 0.7 for cut in (across if y == 0 else down))
        seen |= {0 if 0.3 < across[0] < 0.7 else 1 if 0.3 < across[1] < 0.7 else 2 if 0.3 < down[0] < 0.7 else 3}
    assert seen == {0, 1, 2, 3}


def test_large_surfaces_are_asked_for_by_name_or_without_words() -> None:
    empty = 0
    for seed in range(120):
        asked = example(HELD_OUT + seed, 32, 0.12, hole="expanse", wide=True)
        surfaces = {
            surface_caption(asked.scene.setting, above, Random(i), True) for above in (True, False) for i in range(150)
        }
        assert asked.thing is None and asked.prompt in {"", *surfaces}
        assert np.array_equal(asked.image, asked.scene.render(*asked.window, 32))
        empty += not asked.prompt
        assert asked.mask.mean() / 255 * asked.window[2] ** 2 > 150**2  # of the scene's units
    assert 0.35 < empty / 120 < 0.65
    floors = {
        place: {surface_caption(replace(PLAIN, place=place), False, Random(i), True) for i in range(200)}
        for place in ("bedroom", "kitchen")
    }
    assert {"a wooden floor", "floorboards"} <= floors["bedroom"]
    assert "the tiled floor" in floors["kitchen"] and not any("wooden" in text for text in floors["kitchen"])
    sorts = [example(HELD_OUT + seed, 16, 0.12, wide=True).hole for seed in range(600)]
    assert set(sorts) == set(WIDE_HOLES) and 0.02 < sorts.count("expanse") / 600 < 0.08


def test_a_folder_keeps_its_world(tmp_path: Path, trained: Train) -> None:
    """Every stage of the wide world; only the first is told of it, and none of another one."""
    wide, course = tmp_path / "wide", ("--size", "toy", "--minutes", 0.003, "--out", tmp_path / "wide")
    assert "% of the time" in trained("base", "--world", "wide", *course)
    for stage in list(STAGES)[1:]:
        assert "% of the time" in trained(stage, *course)
    assert trained("base", "--world", "drawn", *course) == (
        f"{wide} was trained in the wide world, not in the drawn one: "
        "leave --world out, or begin anew in another --out."
    )
    step = torch.load(wide / "base" / "state.pt", weights_only=True)["step"]
    assert "in the wide world" in trained("inpaint", "--world", "drawn", "--begin", wide, "--out", tmp_path / "other")
    assert '"world": "wide"' in trained("inpaint", "--begin", wide, "--out", tmp_path / "other", "--dry-run")
    assert "in the drawn world" in trained(
        "inpaint", "--world", "wide", "--begin", WEIGHTS / "glide-mini", "--out", tmp_path / "other"
    )
    assert torch.load(wide / "base" / "state.pt", weights_only=True)["step"] == step
    assert (wide / WORDS).read_text().split() == vocabulary(wide=True)
    prompts = ("a velvet pillow by the fireplace", "a dinosaur holding a guitar", "a bowl full of cherries")
    own, drawn = (
        sum(int(mini_tokenizer(folder / BYTE_PAIRS, 48).encode(prompt)[1].sum()) for prompt in prompts)
        for folder in (wide, WEIGHTS / "glide-mini")
    )
    assert own < drawn  # its byte pairs are made of its own captions
