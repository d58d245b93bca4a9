"""A noised CLIP learns from right and wrong captions, in the folder of a model that then has CLIP guidance."""

import json
import math
import xml.etree.ElementTree as ElementTree
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st

from pipelines import WEIGHTS
from pipelines.base import Request, run
from pipelines.diffusion.schedule import SCHEDULES, sigmas_of
from pipelines.evaluation.clip_accuracy import (
    GROUP,
    TIMES,
    WANTED,
    accuracy,
    questions,
    right_of_group,
    text_features,
    write_report,
)
from pipelines.evaluation.held_out import CLIP_SCENES
from pipelines.evaluation.plot import Line, chart, ticks
from pipelines.glide.clip import Clip
from pipelines.glide.config import ClipConfig
from pipelines.glide.folder import CLIP_SIZES, load_clip, load_glide, read_clip_config
from pipelines.glide.tokenizer import EndedTokenizer, Tokenizer, mini_tokenizer
from pipelines.training.command import make_tokenizer
from pipelines.training.companions import save_clip
from pipelines.training.config import CLIP_SEED, SIZES
from pipelines.training.contrastive import MOST_SCALE, Contrastive, contrastive_loss, fitting
from pipelines.training.dataset import example
from pipelines.training.pairs import (
    ANY_COLOUR,
    CHANGES,
    NO_KIND,
    WRONG,
    Pairs,
    changed_caption,
    changed_colour,
    changed_kind,
    named_colour,
    pair,
    truth_and_wrongs,
    turned_caption,
)
from pipelines.training.scenes.captions import caption
from pipelines.training.scenes.layout import draw_scene
from pipelines.training.scenes.palette import COLOURS
from pipelines.training.scenes.things import KINDS
from pipelines.training.scenes.words import SPELLINGS
from pipelines.training.scenes.worlds import FAMILIAR
from pipelines.training.trainer import SCENES, Share, StepNoise, Trainer
from tests.models.conftest import Train

CPU, TOY = torch.device("cpu"), SIZES["toy"]
QUICK = replace(TOY.clip_pace, batch=6, learning_rate=4e-3, warm_up=5)
SIGMAS = sigmas_of(SCHEDULES["cosine"]())


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory: pytest.TempPathFactory) -> Tokenizer:
    file = tmp_path_factory.mktemp("byte-pairs") / "tokenizer.json"
    make_tokenizer(file, 1024)
    return mini_tokenizer(file, TOY.clip.context - 1)


@pytest.fixture(scope="module")
def batch(tokenizer: Tokenizer) -> dict[str, torch.Tensor]:
    pairs = Pairs(EndedTokenizer(tokenizer), TOY.clip.size)
    return dict(torch.utils.data.default_collate([pairs[CLIP_SEED * SCENES + i] for i in range(QUICK.batch)]))


# --- captions ---


def test_a_wrong_caption_is_never_the_right_one_and_mostly_only_the_colour_differs() -> None:
    colours = {word for spellings in SPELLINGS.values() for spelling in spellings for word in spelling.split()}
    colours |= {"a", "an"}
    seen, alike = dict.fromkeys(("colour", "kind", "part"), 0), 0
    for seed in range(CLIP_SCENES, CLIP_SCENES + 120):
        scene = draw_scene(seed)
        for thing in scene.all():
            truth, wrongs = truth_and_wrongs(thing, scene, seed)
            assert truth == caption(thing, scene, Random(seed)) and truth not in wrongs and len(wrongs) <= WRONG
            for name, change in zip(seen, CHANGES, strict=True):
                text = changed_caption(thing, scene, seed, change)
                assert text != truth
                seen[name] += text is not None
                if name == "colour" and text is not None:  # the rarer spellings of a colour take other random numbers
                    ours, theirs = ([word for word in one.split() if word not in colours] for one in (truth, text))
                    alike += ours == theirs
    assert all(count > 10 for count in seen.values()), seen
    assert alike > 0.9 * seen["colour"]


def test_a_changed_thing_is_another_that_could_stand_there() -> None:
    random = Random(0)
    for seed in range(80):
        for thing in draw_scene(seed).all():
            if other := changed_colour(thing, random):
                assert other == replace(thing, colour=other.colour) != thing
            if other := changed_kind(thing, random):
                assert other.kind != thing.kind and KINDS[other.kind].stands == KINDS[thing.kind].stands
                assert not other.parts or KINDS[other.kind].face


@pytest.mark.parametrize(
    ("text", "turned"),
    [
        ("a cat in front of the couch", "a cat behind the couch"),
        ("two fish", "three fish"),
        ("a lamp to the left of a bed", "a lamp to the right of a bed"),
        ("a couch", None),
        ("an overcoat", None),
    ],
)
def test_relations_and_counts_are_turned(text: str, turned: str | None) -> None:
    assert turned_caption(text) == turned


def test_a_pair_shows_what_its_caption_says() -> None:
    kinds = set()
    for seed in range(CLIP_SEED * SCENES, CLIP_SEED * SCENES + 150):
        shown, truth, wrongs = pair(seed, 16)
        assert truth and (shown.thing is None) <= (wrongs == ())
        if shown.thing is not None:
            kinds.add(shown.thing.kind)
            named = named_colour(shown.thing, truth)
            assert named == ANY_COLOUR or list(COLOURS)[named] == shown.thing.colour
    assert kinds


def test_strangers_are_of_every_kind_as_often() -> None:
    kinds = [KINDS[thing.kind] for seed in range(200) if (thing := example(seed, 16, 0.0, hole="stranger").thing)]
    rare = [kind for kind in kinds if kind.nouns[0] not in FAMILIAR]
    assert len(rare) > 0.4 * len(kinds)  # of all kinds, two thirds are rare; of the things that are drawn, one in eight


# --- the loss ---


def unit(*shape: int, seed: int = 0) -> torch.Tensor:
    return F.normalize(torch.randn(*shape, generator=torch.Generator().manual_seed(seed)), dim=-1)


def by_hand(images: Any, texts: Any, scale: float, fits: Any, there: Any) -> float:
    """The loss as two loops of sums."""
    count, levels, losses = len(texts), len(images) // len(texts), []
    for row, image in enumerate(images):
        own = row // levels
        likeness = {j: scale * float(image @ texts[j, 0]) for j in range(count) if not fits[own, j]}
        wrong = [scale * float(image @ texts[own, 1 + k]) for k in range(there.shape[1]) if there[own, k]]
        losses.append(-likeness[own] + math.log(sum(map(math.exp, [*likeness.values(), *wrong]))))
    of_images, losses = np.mean(losses), []
    for level in range(levels):
        for j in range(count):
            likeness = {
                i: scale * float(images[i * levels + level] @ texts[j, 0]) for i in range(count) if not fits[i, j]
            }
            losses.append(-likeness[j] + math.log(sum(map(math.exp, likeness.values()))))
    return float((of_images + np.mean(losses)) / 2)


@given(st.integers(2, 5), st.integers(1, 3), st.integers(0, 50))
def test_the_loss_is_the_papers(count: int, levels: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    images, texts = unit(count * levels, 7, seed=seed), unit(count, 1 + WRONG, 7, seed=seed + 1)
    there = torch.from_numpy(random.random((count, WRONG)) < 0.5)
    fits = torch.from_numpy(random.random((count, count)) < 0.3) & ~torch.eye(count, dtype=torch.bool)
    ours = contrastive_loss(images, texts, torch.tensor(5.0), fits, there)
    assert float(ours) == pytest.approx(by_hand(images, texts, 5.0, fits, there), rel=1e-4)


def test_what_fits_another_picture_too_is_not_held_against_it() -> None:
    ids = {"kind": [3, 3, 3, 5, NO_KIND, NO_KIND], "colour": [1, 1, 2, 1, 0, 0], "named": [1, -1, 2, 1, -1, -1]}
    fits = fitting({name: torch.tensor(values) for name, values in ids.items()})
    found = {(int(i), int(j)) for i, j in fits.nonzero()}
    # a red couch and a couch that is red: each caption fits both; a blue couch is a couch too
    assert found == {(0, 1), (1, 0), (2, 1)}


def test_it_learns(batch: dict[str, torch.Tensor]) -> None:
    trainer = Trainer(Contrastive(TOY.clip, 0, CPU), QUICK, CPU)
    losses = [float(trainer.learn(batch)) for _ in range(60)]
    assert np.mean(losses[-5:]) < 0.6 * np.mean(losses[:5])


@pytest.mark.parametrize("noises", [1, 3])
def test_every_noise_level_of_a_picture_has_its_text(batch: dict[str, torch.Tensor], noises: int) -> None:
    """Levels that are equal must give the loss of one."""
    learned = Contrastive(TOY.clip, 0, CPU)

    class Same(StepNoise):
        def integers(self, limit: int) -> torch.Tensor:
            return torch.arange(self.rows[0]).repeat_interleave(self.rows[1]) * 7

        def normal(self, *shape: int) -> torch.Tensor:
            return unit(self.rows[0], *shape).repeat_interleave(self.rows[1], 0)

    def loss(levels: int) -> float:
        rows = {name: value.repeat_interleave(levels, 0) for name, value in batch.items()}
        return float(learned.loss(rows, Same(torch.Generator(), (QUICK.batch, levels), Share())).detach())

    assert loss(noises) == pytest.approx(loss(1), rel=1e-5)


def test_the_scale_never_exceeds_a_hundred() -> None:
    network = Contrastive(TOY.clip, 0, CPU).network
    network.log_scale.data.fill_(50.0)
    assert float(network.scale.detach()) == MOST_SCALE


# --- a folder with a CLIP of its own ---


@pytest.fixture(scope="module")
def folder(trained: Train, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("clip")
    trained("clip", "--size", "toy", "--minutes", 0.003, "--out", out)
    return out


def test_the_command_leaves_a_clip_that_loads(folder: Path) -> None:
    clip = load_clip(folder)
    config = read_clip_config(folder)
    assert replace(config, scale=100.0) == TOY.clip and 1 < config.scale <= MOST_SCALE and clip.scale == config.scale
    x = unit(2, 3, 16, 16)
    likeness = clip.similarity(["a red couch"], SIGMAS)(x, 0.5)
    assert likeness.shape == (2,) and bool((likeness.abs() <= config.scale).all())
    assert not torch.equal(likeness, clip.similarity(["a cat"], SIGMAS)(x, 0.5))
    clear = clip.similarity(["a red couch"], SIGMAS)(x, 0.0)  # a finished picture
    assert torch.allclose(clear, clip.similarity(["a red couch"], SIGMAS)(x, float(SIGMAS[0])), atol=1e-3)
    hole = torch.zeros(1, 1, 16, 16)
    assert not torch.equal(likeness, clip.similarity(["a red couch"], SIGMAS, hole)(x, 0.5))


def test_each_picture_has_its_own_hole(folder: Path) -> None:
    clip, x = load_clip(folder), unit(2, 3, 16, 16)
    holes = torch.stack([torch.zeros(1, 16, 16), torch.ones(1, 16, 16)])
    both = clip.similarity(["a cat"], SIGMAS, holes)(x, 0.3)
    each = [clip.similarity(["a cat"], SIGMAS, holes[i : i + 1])(x[i : i + 1], 0.3) for i in range(2)]
    assert torch.equal(both, torch.cat(each))


def test_an_end_token_follows_the_words(tokenizer: Tokenizer) -> None:
    ended = EndedTokenizer(tokenizer)
    for text in ("", "a cat", "a " + "very " * 60 + "long prompt"):
        ids, length = ended.encode(text)
        tokens, real = tokenizer.encode(text)
        assert len(ids) == TOY.clip.context and length == int(real.sum()) + 1
        assert ids[length - 1] == tokenizer.vocabulary and torch.equal(ids[: length - 1], tokens[real])
        assert int(ids.max()) < TOY.clip.vocabulary


def test_the_embedded_model_with_such_a_clip_is_guided_by_it(folder: Path, tmp_path: Path) -> None:
    embedded = WEIGHTS / "glide-mini"
    for file in embedded.iterdir():
        if not file.name.startswith("clip"):
            (tmp_path / file.name).symlink_to(file)
    assert "clip_guidance" in load_glide(tmp_path, "no-clip").unsupported
    config = ClipConfig(64, 16, 16, 8, 1025, 25, text_heads=2, text_blocks=1, image_heads=2, image_blocks=1, hole=True)
    save_clip(config, Contrastive(config, 0, CPU).network.state_dict(), tmp_path)
    glide = load_glide(tmp_path, "with-clip")
    assert "clip_guidance" not in glide.unsupported
    image = np.full((256, 256, 3), 120, np.uint8)
    mask = np.zeros((256, 256), np.uint8)
    mask[64:192, 64:192] = 255

    def painted(scale: float) -> np.ndarray[Any, Any]:
        request = Request(image, mask, "a red couch", "", 1.0, scale, 1.0, 2, "ddim", (0,))
        return run(glide.inpaint(request))[0]

    assert not np.array_equal(painted(0.0), painted(8.0))

    clip, seen = load_clip(tmp_path), []
    looked = clip.image.forward
    clip.image.forward = lambda x, t, hole=None: seen.append(hole) or looked(x, t, hole)  # type: ignore[assignment]
    glide._clip = lambda: clip
    glide._loaded_clip = None
    painted(8.0)
    expected = torch.zeros(1, 1, 64, 64)
    expected[..., 16:48, 16:48] = 1
    assert seen and all(torch.equal(hole, expected) for hole in seen)


def test_what_is_missing_or_damaged_is_a_sentence(folder: Path, tmp_path: Path) -> None:
    for file in folder.iterdir():
        if file.is_file():
            (tmp_path / file.name).write_bytes(file.read_bytes())
    (tmp_path / "clip_image_enc.safetensors").unlink()
    with pytest.raises(ValueError, match=r"lacks clip_image_enc.safetensors: train it with"):
        load_clip(tmp_path)
    (tmp_path / CLIP_SIZES).write_text(json.dumps({"size": 16}))
    with pytest.raises(ValueError, match=r"sizes in .*clip.json cannot be read"):
        load_clip(tmp_path)


# --- how well it tells captions apart ---


class Oracle(torch.nn.Module):
    """Half of a CLIP that knows the answer: features by the place of a text or picture among those it was shown."""

    def __init__(self, features: torch.Tensor) -> None:
        super().__init__()
        self.features, self.next = features, 0

    def forward(self, x: torch.Tensor, *_: torch.Tensor) -> torch.Tensor:
        found = self.features[self.next : self.next + len(x)]
        self.next += len(x)
        return found


def test_an_oracle_is_always_right_and_chance_is_chance(tokenizer: Tokenizer) -> None:
    asked = questions(2 * GROUP, 16)
    features = unit(len(asked), 64)
    never = -features

    def answers(images: torch.Tensor) -> Any:
        colour, familiar, other = (
            sum(q.colour is not None for q in asked),
            sum(q.kind is not None and q.familiar for q in asked),
            sum(q.kind is not None and not q.familiar for q in asked),
        )
        rows = [
            [i for i, q in enumerate(asked) if q.colour is not None],
            [i for i, q in enumerate(asked) if q.kind is not None and q.familiar],
            [i for i, q in enumerate(asked) if q.kind is not None and not q.familiar],
        ]
        text: Any = Oracle(torch.cat([features, *(never[which] for which in rows)]))
        found = accuracy(Clip(text, Oracle(images), EndedTokenizer(tokenizer)), asked, 300)  # type: ignore[arg-type]
        assert found.counts == dict(zip(WANTED, (len(asked), colour, familiar, other), strict=True))
        return found.shares

    assert answers(features) == dict.fromkeys(WANTED, 1.0)
    assert answers(never) == {"right of 64": 0.0, "colour": 0.0, "kind, familiar": 0.0, "kind, other": 0.0}
    random = answers(unit(len(asked), 64, seed=9))
    assert random["right of 64"] < 0.2 and all(0.2 < random[name] < 0.8 for name in list(WANTED)[1:3])


def test_a_caption_that_fits_is_no_candidate() -> None:
    asked = questions(GROUP, 16)
    asked = [asked[0]._replace(named_id=-1)] * 2 + asked[2:]  # two windows whose captions fit both
    features = unit(GROUP, 64)
    features[1] = features[0]
    assert right_of_group(features, features, asked).all()


def test_the_report_is_written_from_real_questions(folder: Path, tmp_path: Path) -> None:
    table = write_report(tmp_path, load_clip(folder), GROUP, 16)
    assert (tmp_path / "clip.md").read_text() == table and table.count("\n") == len(TIMES) + 4
    assert [row["timestep"] for row in json.loads((tmp_path / "clip.json").read_text())] == list(TIMES)
    ElementTree.parse(tmp_path / "clip.svg")
    features = text_features(load_clip(folder), ["a cat", "a red couch"])
    assert torch.allclose(features.norm(dim=1), torch.ones(2))


# --- charts ---


@given(st.floats(-1e6, 1e6), st.floats(1e-3, 1e6))
def test_ticks_are_few_round_and_within(least: float, span: float) -> None:
    found = ticks(least, least + span)
    assert 1 <= len(found) <= 8
    assert all(least - 1e-6 * span - 1e-9 <= value <= least + span + 1e-6 * span + 1e-9 for value in found)


def test_a_chart_has_its_lines_inside_and_no_hole_where_a_value_is_missing() -> None:
    lines = [
        Line("a & b", [(0, 1, 0.5), (10, 3, 0)]),
        Line("floor", [(0, 2, 0), (5, float("nan"), 0), (10, 2, 0)], True),
    ]
    drawing = ElementTree.fromstring(chart(lines, "x", "y <%>"))
    tags = [element.tag.split("}")[1] for element in drawing]
    assert tags.count("circle") == 4
    for circle in drawing.iter("{http://www.w3.org/2000/svg}circle"):
        assert 0 < float(circle.get("cx", "")) < 640 and 0 < float(circle.get("cy", "")) < 400
    texts = [element.text for element in drawing.iter("{http://www.w3.org/2000/svg}text")]
    assert "a & b" in texts and "y <%>" in texts
