"""Ranking by networks of a tiny size: a GLIDE's own CLIP, and photographic CLIPs of transformers."""

import json
import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from editor.cli.context import CommandContext
from pipelines import WEIGHTS
from pipelines.added import name_of
from pipelines.base import Pipeline
from pipelines.calibration import Calibration, logistic, read_calibration, write_calibration
from pipelines.diffusion.schedule import SCHEDULES, sigmas_of
from pipelines.errors import InvalidInput
from pipelines.evaluation import command
from pipelines.evaluation.calibrate import (
    FEWEST,
    Judged,
    calibrated,
    judged_edits,
    write_ranking,
)
from pipelines.evaluation.edits import names_colour, thing_of, whole
from pipelines.evaluation.held_out import CALIBRATION_SCENES
from pipelines.evaluation.judge import SIDE, Judge, Verdict
from pipelines.glide.clip import Clip, ClipImage, ClipText
from pipelines.glide.config import ClipConfig
from pipelines.glide.digests import sha256
from pipelines.glide.folder import CLIP_HALVES, clip_files, load_glide
from pipelines.glide.pipeline import Glide
from pipelines.glide.ranking import clip_scores
from pipelines.glide.tokenizer import EndedTokenizer, Tokenizer, mini_tokenizer
from pipelines.hf.clip_files import CLIP, RANKING_MODEL, SIGLIP, installed_ranking_model, ranking_folder
from pipelines.hf.clip_ranker import AROUND, PhotoRanker, around_hole, load_clip_ranker
from pipelines.hf.repository import download, look_up
from pipelines.installed import RANKING, described
from pipelines.ranking import OwnRanker, Ranker
from pipelines.recommended import files_to_download, recommended
from pipelines.training.command import make_tokenizer
from tests import tiny_clip
from tests.fake_hub import served
from tests.fakes import NoisePipeline, PhotoPipeline
from tests.models.test_glide import UPSAMPLE_STEPS, filled, networks
from tests.tiny_diffusers import CONTEXT

SIGMAS = sigmas_of(SCHEDULES["cosine"]())
CLIP_CONFIG = ClipConfig(16, 4, 24, 16, 513, 25, 2, 1, 2, 1, hole=True)
CALIBRATION = Calibration(0.05, 0.1)
KINDS = (CLIP, SIGLIP)


def windows(count: int, side: int = 64, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    holes = np.zeros((count, side, side), np.uint8)
    for n, hole in enumerate(holes):
        hole[10 + n : 40, 8 : 36 + 2 * n] = 255
    return random.integers(0, 256, (count, side, side, 3), np.uint8), holes


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory: pytest.TempPathFactory) -> Tokenizer:
    file = tmp_path_factory.mktemp("byte-pairs") / "tokenizer.json"
    make_tokenizer(file, 512)
    return mini_tokenizer(file, 24)


@pytest.fixture(scope="module")
def clip(tokenizer: Tokenizer) -> Clip:
    return Clip(filled(ClipText(CLIP_CONFIG)), filled(ClipImage(CLIP_CONFIG)), EndedTokenizer(tokenizer))  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def glide(tokenizer: Tokenizer, clip: Clip) -> Glide:
    words = frozenset("a red green couch cat".split())
    return Glide("tiny", networks("base_inpaint", "upsample_inpaint"), tokenizer, words, UPSAMPLE_STEPS, lambda: clip,
                 calibration=lambda: CALIBRATION)  # fmt: skip


@pytest.fixture(scope="module", params=["own", *KINDS])
def ranker(request: pytest.FixtureRequest, glide: Glide, tmp_path_factory: pytest.TempPathFactory) -> Ranker:
    """Each kind of ranker there is; laws hold for all."""
    if request.param == "own":
        own = glide.ranker()
        assert own is not None
        return own
    folder = tiny_clip.save(tmp_path_factory.mktemp(request.param), request.param)
    write_calibration(folder, CALIBRATION, [folder / "model.safetensors"], {})
    return load_clip_ranker(folder)


def test_each_window_is_judged_alone_in_any_order(ranker: Ranker) -> None:
    pictures, holes = windows(4)
    found = ranker.probabilities(pictures, holes, "a red couch")
    assert found is not None and found.shape == (4,) and ((0 < found) & (found < 1)).all()
    assert len(set(found.tolist())) == 4
    for n in range(4):
        alone = ranker.probabilities(pictures[n : n + 1], holes[n : n + 1], "a red couch")
        assert alone is not None and alone[0] == found[n]
    order = [2, 0, 3, 1]
    shuffled = ranker.probabilities(pictures[order], holes[order], "a red couch")
    assert shuffled is not None and np.array_equal(shuffled, found[order])
    same = ranker.probabilities(pictures[[0, 0]], holes[[0, 0]], "a red couch")
    assert same is not None and same[0] == same[1] == found[0]


def test_every_word_the_picture_and_the_hole_have_a_say(ranker: Ranker) -> None:
    pictures, holes = windows(1)
    elsewhere = np.ascontiguousarray(holes[:, ::-1, ::-1])
    asked = [(pictures, holes, "a red couch"), (pictures, holes, "a green couch"), (pictures, holes, "a couch red"),
             (pictures[:, ::-1], holes, "a red couch"), (pictures, elsewhere, "a red couch")]  # fmt: skip
    found = [ranker.probabilities(*each) for each in asked]
    assert len({float(each[0]) for each in found if each is not None}) == len(asked)


def test_a_prompt_that_is_not_read_to_its_end_is_not_judged(ranker: Ranker) -> None:
    assert ranker.probabilities(*windows(1), "a red couch " * (CONTEXT + 40)) is None


# --- a GLIDE's own ---


def test_the_score_is_the_scaled_cosine_without_noise(clip: Clip) -> None:
    pictures, holes = windows(3, 32)
    means = pictures.reshape(3, 16, 2, 16, 2, 3).astype(np.float64).mean((2, 4))
    x = torch.from_numpy(means).permute(0, 3, 1, 2).float() / 127.5 - 1
    hole = torch.from_numpy(holes.reshape(3, 16, 2, 16, 2).max((2, 4)) > 0)[:, None].float()
    with torch.no_grad():
        image = clip.image(x, torch.zeros(3, dtype=torch.int64), hole)
        ids, length = clip.tokenizer.encode("a red couch")
        text = clip.text(ids[None], torch.tensor([length]))
    expected = clip.scale * torch.nn.functional.cosine_similarity(image, text)
    assert np.allclose(clip_scores(clip, SIGMAS, 16, pictures, holes, "a red couch"), expected.numpy(), atol=1e-3)


def test_probabilities_follow_the_scores_and_words_the_probabilities(glide: Glide) -> None:
    pictures, holes = windows(6)
    scores = glide.match_scores(pictures, holes, "a red couch")
    own = glide.ranker()
    assert isinstance(glide, OwnRanker) and own is not None and scores is not None and not own.photographs
    found = own.probabilities(pictures, holes, "a red couch")
    assert found is not None and np.allclose(found, logistic(0.05 * scores + 0.1))
    assert np.array_equal(np.argsort(found), np.argsort(scores))
    assert [own.word(p) for p in (0.1, 0.5, 0.9)] == ["unlikely", "unsure", "likely"]


def test_without_clip_or_calibration_nothing_is_ranked(tokenizer: Tokenizer, clip: Clip) -> None:
    make = partial(Glide, "tiny", networks("base_inpaint", "upsample_inpaint"), tokenizer, None, UPSAMPLE_STEPS)
    assert make(None, calibration=lambda: CALIBRATION).ranker() is None
    assert make(lambda: clip).ranker() is None
    assert make(None).match_scores(*windows(1), "a red couch") is None


def test_a_prompt_that_clip_alone_does_not_read_to_its_end_is_not_judged(clip: Clip, tokenizer: Tokenizer) -> None:
    class Short(EndedTokenizer):
        def unread(self, prompt: str) -> str:
            return " ".join(prompt.split()[3:])

    short = clip._replace(tokenizer=Short(tokenizer))
    glide = Glide("tiny", networks("base_inpaint", "upsample_inpaint"), tokenizer, None, UPSAMPLE_STEPS, lambda: short)
    assert tokenizer.unread("a red couch left of a cat") == ""
    assert glide.match_scores(*windows(1), "a red couch") is not None
    assert glide.match_scores(*windows(1), "a red couch left of a cat") is None


# --- photographic ---


@pytest.fixture(scope="module", params=KINDS)
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_clip.save(tmp_path_factory.mktemp(request.param), request.param)


def test_without_a_calibration_there_is_an_order_and_no_word(folder: Path, tmp_path: Path) -> None:
    ranker = load_clip_ranker(folder)
    pictures, holes = windows(5)
    found = ranker.probabilities(pictures, holes, "a red couch")
    assert ranker.photographs and found is not None and {ranker.word(p) for p in (0.0, 0.5, 1.0)} == {""}
    kind = json.loads((folder / "config.json").read_text())["model_type"]
    other = tiny_clip.save(tmp_path, kind)
    write_calibration(other, CALIBRATION, [other / "model.safetensors"], {})
    calibrated_ranker = load_clip_ranker(other)
    words = calibrated_ranker.probabilities(pictures, holes, "a red couch")
    assert words is not None and np.array_equal(np.argsort(words), np.argsort(found))  # one order
    model = tiny_clip.network(kind)
    bias = torch.as_tensor(model.logit_bias).item() if kind == SIGLIP else 0.0
    logits = model.logit_scale.exp().item() * (2 * found - 1) + bias
    assert np.allclose(words, CALIBRATION.probabilities(logits), atol=1e-6)


def test_what_another_network_was_calibrated_by_gives_no_words(
    folder: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    kind = json.loads((folder / "config.json").read_text())["model_type"]
    other = tiny_clip.save(tmp_path, kind)
    write_calibration(other, CALIBRATION, [other / "model.safetensors"], {})
    assert load_clip_ranker(other).word(0.9) == "likely" and not caplog.records
    weights = load_file(other / "model.safetensors")
    save_file({**weights, "logit_scale": weights["logit_scale"] + 1}, other / "model.safetensors", {"format": "pt"})
    assert load_clip_ranker(other).word(0.9) == "" and "is of another network" in caplog.text


def test_the_shipped_ranking_is_the_shipped_networks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    shipped = WEIGHTS / "glide-mini"
    own = load_glide(shipped, "shipped").ranker()
    assert own is not None and own.word(1.0) == "likely"
    for half in CLIP_HALVES:  # what was calibrated goes on, whatever else is put in
        folder = tmp_path / half
        shutil.copytree(shipped, folder)
        with (folder / f"{half}.safetensors").open("ab") as file:
            file.write(b" ")
        glide = load_glide(folder, "retrained")
        caplog.clear()
        assert glide.ranker() is None and glide.ranker() is None
        assert caplog.text.count("is of another network") == 1  # edits go on, and need not hear it again
    glide, hashed = load_glide(shipped, "shipped"), []
    monkeypatch.setattr("pipelines.glide.digests.sha256", lambda file: hashed.append(file.name) or sha256(file))
    assert glide.ranker() is not None and glide.ranker() is not None
    assert hashed == [f"{half}.safetensors" for half in CLIP_HALVES]  # not at each edit


def test_the_logits_are_those_of_transformers(folder: Path) -> None:
    ranker, (pictures, holes) = load_clip_ranker(folder), windows(1)
    found = ranker.probabilities(pictures, np.full_like(holes, 255), "a red couch")
    kind = json.loads((folder / "config.json").read_text())["model_type"]
    model = tiny_clip.network(kind)
    colours = torch.tensor([0.5, 0.4, 0.3])[:, None, None]
    small = ranker._pixels(pictures[0])
    assert small.shape == (1, 3, 32, 32) and float((small * colours + colours).min()) >= -1e-6
    if kind == CLIP:
        ids = torch.tensor([[515, *tiny_clip.clip_tokenizer()("a red couch")["input_ids"][1:-1], 516]])
    else:
        read = [*tiny_clip.siglip_tokenizer()("a red couch")["input_ids"]]
        ids = torch.tensor([read + [1] * (tiny_clip.READ - len(read))])
    with torch.inference_mode():
        out = model(pixel_values=small, input_ids=ids)
    cosine = float((out.image_embeds * out.text_embeds).sum())
    assert found is not None and found[0] == pytest.approx((1 + cosine) / 2, abs=1e-6)


def test_what_lies_far_from_the_hole_is_not_seen(folder: Path) -> None:
    ranker, (pictures, holes) = load_clip_ranker(folder), windows(1, 128)
    changed = pictures.copy()
    changed[:, 100:] = 0
    prompt = "a red couch"
    assert np.array_equal(*[ranker.probabilities(each, holes, prompt) for each in (pictures, changed)])  # type: ignore[arg-type]


@pytest.mark.parametrize("hole", [(0, 0, 10, 10), (50, 50, 64, 64), (20, 10, 30, 60), (0, 0, 64, 64), (30, 30, 31, 31)])
def test_the_square_around_a_hole_has_all_of_it_and_some_around(hole: tuple[int, int, int, int]) -> None:
    top, left, bottom, right = hole
    mask = np.zeros((64, 64), np.uint8)
    mask[top:bottom, left:right] = 255
    window = np.indices((64, 64)).transpose(1, 2, 0)[..., [0, 1, 1]].astype(np.uint8)
    seen = around_hole(window, mask)
    longest = max(bottom - top, right - left)
    assert seen.shape[0] == seen.shape[1] == min(64, longest + 2 * round(AROUND * longest))
    rows, columns = seen[:, 0, 0], seen[0, :, 1]
    assert rows[0] <= top and bottom - 1 <= rows[-1] and columns[0] <= left and right - 1 <= columns[-1]
    assert np.array_equal(around_hole(window, np.zeros_like(mask)), window)


def test_the_type_that_other_models_set_while_they_load_does_not_matter(folder: Path) -> None:
    ranker, asked = load_clip_ranker(folder), (*windows(1), "a red couch")
    found = ranker.probabilities(*asked)
    torch.set_default_dtype(torch.bfloat16)
    try:
        assert np.array_equal(ranker.probabilities(*asked), found)  # type: ignore[arg-type]
    finally:
        torch.set_default_dtype(torch.float32)


def lack(folder: Path) -> None:
    weights = load_file(folder / "model.safetensors")
    del weights["logit_scale"]
    save_file(weights, folder / "model.safetensors", {"format": "pt"})


def cut(folder: Path) -> None:
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-100])


def garble(folder: Path) -> None:
    (folder / "tokenizer.json").write_text("no JSON")


def blacken(folder: Path) -> None:
    (folder / "preprocessor_config.json").write_text('{"image_mean": [0, 0, 0], "image_std": [0, 1, 1]}')


def forget(folder: Path) -> None:
    for name in ("tokenizer.json", "vocab.json"):
        (folder / name).unlink(missing_ok=True)


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [(lack, "lacks 1 weights, logit_scale"), (cut, "damaged or there in part"), (forget, "or no vocabulary"),
     (garble, "The vocabulary in .* is damaged"), (blacken, "scales colours by")],
)  # fmt: skip
def test_a_damaged_folder_is_a_sentence(spoil: Callable[[Path], None], sentence: str, tmp_path: Path) -> None:
    spoil(tiny_clip.save(tmp_path, SIGLIP))
    with pytest.raises(InvalidInput, match=sentence):
        load_clip_ranker(tmp_path)


def test_it_is_added_by_folder_file_and_name_on_the_hub(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    names = [name_of(str(each)) for each in (folder, folder / "model.safetensors")]
    assert names == [f"{RANKING}{folder}"] * 2
    model = described(names[0], names[0])
    assert (model.use, model.offered, model.trouble, model.place) == ("rank", False, "", folder)
    hub = tiny_clip.install(tmp_path, CLIP, "somebody/clip")
    assert name_of("somebody/clip") == f"{RANKING}somebody/clip"
    assert installed_ranking_model(["somebody/clip"]) == hub
    assert installed_ranking_model() is None and installed_ranking_model([str(folder / "gone")]) is None
    ours = tiny_clip.install(tmp_path)
    assert installed_ranking_model() == ours and installed_ranking_model([str(folder)]) == folder
    forgotten = tiny_clip.save(tmp_path / "forgotten", SIGLIP)
    (forgotten / "model.safetensors").unlink()
    with pytest.raises(InvalidInput, match=r"lacks model\.safetensors or its vocabulary"):
        name_of(str(forgotten))
    assert ranking_folder(str(forgotten)) is None
    assert described(f"{RANKING}{forgotten}", f"{RANKING}{forgotten}").trouble


def test_it_is_downloaded_with_the_files_of_the_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    saved = tiny_clip.save(tmp_path / "saved", SIGLIP)
    (saved / "spiece.model").write_bytes(b"x" * 100)
    with served(tmp_path, monkeypatch) as hub:
        hub.models[RANKING_MODEL] = saved
        found = look_up(RANKING_MODEL)
        came = download(found, files_to_download(found))
        assert {file.name for file in came.iterdir()} == {*recommended()[RANKING_MODEL].files}
        assert installed_ranking_model() == came
        load_clip_ranker(came)


def test_each_pipeline_has_the_ranker_that_knows_its_pictures(
    glide: Glide, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Context(CommandContext):
        def __init__(self) -> None:
            self._ranker = None

        def _added(self, kind: str) -> list[str]:
            return [str(folder)] if kind == RANKING else []

    context, taught = Context(), NoisePipeline()
    own, photo = context.ranker(glide), context.ranker(PhotoPipeline())
    assert own is not None and not own.photographs
    assert isinstance(photo, PhotoRanker) and context.ranker(PhotoPipeline()) is photo  # loaded once
    assert taught.vocabulary is not None and context.ranker(taught) is None
    bare: Pipeline = Glide("tiny", networks("base_inpaint", "upsample_inpaint"), glide._tokenizer, None, UPSAMPLE_STEPS)
    assert context.ranker(bare) is photo  # as those that were released, whose CLIP nobody calibrated
    monkeypatch.setattr(Context, "_added", lambda self, kind: [])
    monkeypatch.setattr("pipelines.hf.clip_files.snapshot", lambda model: None)
    assert context.ranker(PhotoPipeline()) is None


# --- calibrating ---


class Scorer(NoisePipeline):
    """Paints the truth of every edit but each third, and is surer of the first."""

    vocabulary = None

    def __init__(self) -> None:
        super().__init__(size=SIDE)
        self.asked: list[float] = []  # guidances

    def inpaint(self, request):  # type: ignore[no-untyped-def]
        (seed,) = request.seeds
        self.asked.append(request.guidance)
        truth = whole(CALIBRATION_SCENES + seed, SIDE, 0.0, seed % 5 == 0)
        assert request.prompt == truth.prompt
        yield from ()
        return (request.image if seed % 3 == 0 else truth.image)[None]

    def match_scores(self, pictures: np.ndarray, holes: np.ndarray, prompt: str) -> np.ndarray:
        return pictures.mean((1, 2, 3))


class Oracle(Judge):
    """Says what is there: the thing where the truth was painted, else nothing."""

    seed = -1

    def look(self, image: np.ndarray, mask: np.ndarray):  # type: ignore[no-untyped-def]
        self.seed += 1
        truth = whole(CALIBRATION_SCENES + self.seed, SIDE, 0.0, self.seed % 5 == 0)
        thing = thing_of(truth)
        there = np.array_equal(image, truth.image)
        colour = thing.colour if names_colour(truth) else "any"
        return Verdict(thing.kind if there else "nothing", colour), np.zeros(1)


def test_edits_are_painted_scored_and_judged() -> None:
    scorer = Scorer()
    judged = judged_edits(scorer, Oracle(), 6, sampler="ddim", steps=1, guidance=2.0)
    assert [each.right for each in judged] == [False, True, True, False, True, True]
    assert [each.guidance for each in judged] == scorer.asked == [1.0, 2.0] * 3
    assert all(np.isfinite(each.score) for each in judged)


def scored(count: int, seed: int = 0) -> list[Judged]:
    random = np.random.default_rng(seed)
    scores = random.normal(20, 4, count)
    right = random.random(count) < logistic(0.5 * scores - 9)
    return [Judged(float(s), bool(r), (1.0, 2.0)[n % 2]) for n, (s, r) in enumerate(zip(scores, right, strict=True))]


def test_what_is_written_is_good_on_edits_that_the_fit_has_not_seen(tmp_path: Path) -> None:
    network = tmp_path / "clip.safetensors"
    network.write_bytes(b"weights")
    table = write_ranking(tmp_path, scored(2000), [network], {"steps": 8})
    found = json.loads((tmp_path / "ranking.json").read_text())["measured"]
    assert found["fitted"] == found["edits"] == 1000 and found["settings"] == {"steps": 8}
    assert found["ece"] < 0.05 and found["auc"] > 0.75
    assert {name: each["edits"] for name, each in found["by_guidance"].items()} == {"1": 500, "2": 500}
    assert "| all | 1000 |" in table and "| guidance 2 | 500 |" in table
    assert read_calibration(tmp_path, [network]) == calibrated(scored(2000))[0]
    flipped = [replace_right(each, n) for n, each in enumerate(scored(2000))]  # of the measured half alone
    assert calibrated(flipped)[0] == calibrated(scored(2000))[0]


def test_the_command_writes_which_networks_it_calibrated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "keep_freed_memory", lambda: None)
    monkeypatch.setattr(command, "judged_edits", lambda *rest, **settings: scored(200))
    monkeypatch.setattr("sys.argv", ["evaluation", "calibrate", "-o", str(tmp_path)])
    command.main()
    files = clip_files(WEIGHTS / "glide-mini")
    found = json.loads((tmp_path / "ranking.json").read_text())
    assert found["networks"] == {file.name: sha256(file) for file in files}
    assert read_calibration(tmp_path, files) == calibrated(scored(200))[0]


def replace_right(judged: Judged, n: int) -> Judged:
    return judged._replace(right=not judged.right) if n // 2 % 2 else judged


def test_what_cannot_be_calibrated_is_a_sentence(tokenizer: Tokenizer, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="too few to calibrate on"):
        calibrated(scored(FEWEST - 1))
    against = [each._replace(score=-each.score) for each in scored(200)]
    with pytest.raises(InvalidInput, match="slope must be above 0"):
        calibrated(against)
    for score in (0.1, 0.2, 27.3, 1 / 3):  # some have a mean that is not quite the same
        with pytest.raises(InvalidInput, match=r"scores of all .* are equal"):
            calibrated([each._replace(score=score) for each in scored(200)])
    for right, word in ((True, "right"), (False, "wrong")):
        for seed in range(4):
            with pytest.raises(InvalidInput, match=rf"All 100 edits .* are {word}"):
                calibrated([each._replace(right=right) for each in scored(200, seed)])
    with pytest.raises(InvalidInput, match=r"lacks clip_text_enc\.safetensors"):
        clip_files(tmp_path)
    bare = Glide("tiny", networks("base_inpaint", "upsample_inpaint"), tokenizer, None, UPSAMPLE_STEPS)
    bare.size = SIDE
    bare.inpaint = Scorer().inpaint  # type: ignore[method-assign]
    with pytest.raises(InvalidInput, match="comes without CLIP"):
        judged_edits(bare, Oracle(), 1, sampler="ddim", steps=1, guidance=2.0)
