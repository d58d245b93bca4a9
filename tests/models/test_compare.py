"""`compare`: models and folders of samples in, a table out; bad input is a sentence."""

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
from PIL import Image

from pipelines.base import Pixels, Request, Run, Step
from pipelines.evaluation import command, sample_sets
from pipelines.evaluation.command import EMBEDDED, main, measure_feature_scale
from pipelines.evaluation.compare import FLOOR, Comparison, is_model, table
from pipelines.evaluation.fills import MOST, draw_truth, fill, weights_digest
from pipelines.evaluation.held_out import FILL_SCENES, SEEDS, TRUTH_SCENES
from pipelines.evaluation.judge import FEATURE_SCALE, FEATURES, JUDGE, SIDE, load_judge
from pipelines.evaluation.metrics.clip_scorer import load_scorer
from pipelines.evaluation.metrics.features import Features, JudgeExtractor, load_judge_extractor
from pipelines.evaluation.sample_sets import SampleArchive, SampleFolder, open_samples
from pipelines.glide.digests import sha256
from pipelines.glide.folder import clip_files
from tests.fakes import Plain

COUNT = 12
Command = Callable[..., str]


class Painter(Plain):
    """Paints the truth of the edits that a comparison asks for; or, `blind`, grey. Counts what it paints."""

    name, size = "painter", SIDE

    def __init__(self, blind: bool = False) -> None:
        self.blind, self.requests = blind, 0

    def inpaint(self, request: Request) -> Run:
        self.requests += 1
        seed, index = divmod(request.seeds[0], MOST)
        edit = fill(TRUTH_SCENES if seed >= SEEDS else FILL_SCENES, seed % SEEDS, index, self.size)
        assert edit.prompt == request.prompt and np.array_equal(edit.mask, request.mask)
        assert not np.array_equal(edit.image, request.image)
        yield Step(1, 1, None)
        return (np.full_like(edit.image, 128) if self.blind else edit.image)[None]


class Colours:
    """An extractor of two features, so that few pictures are many."""

    name, digest = "two colours", "0" * 64

    def __init__(self, sees_holes: bool = True) -> None:
        self.sees_holes, self.pictures = sees_holes, 0

    def check(self, name: str, height: int, width: int) -> None:
        """It looks at anything."""

    def __call__(self, images: Pixels, holes: Pixels | None) -> Features:
        self.pictures += len(images)
        mean = images[..., :2].mean((1, 2)) / 255
        return Features(mean, mean, 9 * mean)


class Numbers:
    """A scorer that reads two words of a prompt, of which the second is the score."""

    networks: ClassVar = {"clip": "0" * 64}

    def unread(self, prompt: str) -> str:
        return " ".join(prompt.split()[2:])

    def __call__(self, images: Pixels, holes: Pixels | None, prompts: tuple[str, ...]) -> np.ndarray:
        return np.array([int(prompt.split()[1]) / 100 for prompt in prompts])


def write_folder(folder: Path, count: int = COUNT, side: int = 8, seed: int = 0, holes: bool = False) -> Path:
    random = np.random.default_rng(seed)
    folder.mkdir(parents=True)
    for number in range(count):
        image = random.integers(0, 256, (side, side, 3), np.uint8)
        Image.fromarray(image).save(folder / f"{number:03d}.png")
        (folder / f"{number:03d}.txt").write_text(f"thing {number}\n")
        if holes:
            (folder / "holes").mkdir(exist_ok=True)
            Image.fromarray(image[..., 0]).save(folder / "holes" / f"{number:03d}.png")
    return folder


@pytest.fixture
def compare(tmp_path: Path) -> Callable[..., dict]:
    """A comparison by `Colours` of what lies in a folder, with `Painter` as "classical"."""

    def run(*names: Path | str, extractor: Colours | None = None, **options: object) -> dict:
        settings = {
            "out": tmp_path / "out", "count": None, "seed": 0, "sampler": "ddim", "steps": 1, "guidance": 1.0,
            "extractor": extractor or Colours(), "scorer": None, "load": lambda name: Painter(name == "patchmatch"),
        }  # fmt: skip
        reference, *arms = map(str, names)
        return Comparison(**{**settings, **options}).run(reference, arms)  # type: ignore[arg-type]

    return run


@pytest.fixture
def commanded(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """`python -m pipelines.evaluation compare`: the table it prints, or its last sentence; a model is a `Painter`."""
    monkeypatch.setattr(command, "keep_freed_memory", lambda: None)  # for this process's good
    painters = {"classical": Painter(), "patchmatch": Painter(blind=True)}
    monkeypatch.setattr(command, "load", lambda name: painters[name])

    def run(*options: object) -> str:
        capsys.readouterr()
        monkeypatch.setattr("sys.argv", ["evaluation", "compare", *map(str, options)])
        try:
            main()
        except SystemExit as end:
            return str(end)
        return capsys.readouterr().out

    return run


def test_a_model_that_paints_the_truth_has_the_floors_distances(commanded: Command, tmp_path: Path) -> None:
    printed = commanded("truth", "classical", "patchmatch", "--samples", COUNT, "-o", tmp_path)
    document = json.loads((tmp_path / "compare.json").read_text())
    assert printed == (tmp_path / "compare.md").read_text() == table(document) + "\n"
    right, blind, floor = document["rows"]
    assert (right["arm"], blind["arm"], floor["arm"]) == ("classical", "patchmatch", FLOOR)
    assert right["metrics"] == floor["metrics"] and right["samples_sha256"] == floor["samples_sha256"]
    assert blind["metrics"]["KID"]["value"] > right["metrics"]["KID"]["value"] + 0.2
    assert blind["metrics"]["inception score"]["value"] < right["metrics"]["inception score"]["value"]
    assert blind["differences"]["KID"]["error"] > 0 == right["settings"]["seed"]
    assert {*right["left_out"]} == {"FID", "sFID", "FID-infinity"}  # 128 features take more pictures
    assert document["reference"]["metrics"].keys() == {"inception score", "CLIP score"}
    assert blind["metrics"]["CLIP score"]["value"] < right["metrics"]["CLIP score"]["value"] - 5
    assert (
        document["features"]["sha256"] == load_judge_extractor(JUDGE, FEATURE_SCALE).digest
        and document["versions"]["torch"]
    )
    assert "KID has no such bias" in printed and f"| {FLOOR} | {COUNT} |" in printed
    folder = open_samples(tmp_path / "samples" / "classical")
    for index, prompt in enumerate(folder.prompts):
        assert prompt == fill(FILL_SCENES, 0, index, SIDE).prompt


def test_a_model_as_reference_paints_other_scenes_than_the_arms(compare: Callable[..., dict], tmp_path: Path) -> None:
    true = {"load": lambda name: Painter(), "count": COUNT}
    by_truth, by_model = (compare(reference, "patchmatch", **true) for reference in ("truth", "classical"))
    wanted, found = by_truth["rows"][0]["metrics"], by_model["rows"][0]["metrics"]
    assert found == wanted  # as far as from the true windows that the model paints, which are twins of no arm's
    one, other = (
        open_samples(tmp_path / "out" / "samples" / name) for name in ("patchmatch", "classical-as-reference")
    )
    assert one.prompts == tuple(fill(FILL_SCENES, 0, index, SIDE).prompt for index in range(COUNT))
    assert other.prompts == tuple(fill(TRUTH_SCENES, 0, index, SIDE).prompt for index in range(COUNT))
    for first, second in zip(one.batches(1), other.batches(1), strict=True):
        assert not np.array_equal(first.images, second.images) and not np.array_equal(first.holes, second.holes)
    compare("truth", "classical", **true)  # what it painted as a reference does not stand for it as an arm
    painted = open_samples(tmp_path / "out" / "samples" / "classical")
    assert painted.prompts == one.prompts and painted.digest == one.digest


def test_what_is_there_is_not_made_again(compare: Callable[..., dict], tmp_path: Path) -> None:
    painter, extractor = Painter(), Colours()
    first = compare("truth", "classical", count=COUNT, extractor=extractor, load=lambda name: painter)
    assert (painter.requests, extractor.pictures) == (COUNT, 2 * COUNT)  # the floor is the same pictures
    for name in ("00003.png", "00005.png"):  # as where a run was killed
        (tmp_path / "out" / "samples" / "classical" / name).unlink()
    again = compare("truth", "classical", count=COUNT, extractor=extractor, load=lambda name: painter)
    assert (painter.requests, extractor.pictures) == (COUNT + 2, 2 * COUNT)
    files = sorted((tmp_path / "out" / "features").iterdir())
    whole = files[0].read_bytes()
    for bad in (b"", whole[:-5], whole[:40]):
        files[0].write_bytes(bad)
        extractor.pictures = 0
        again = compare("truth", "classical", count=COUNT, extractor=extractor, load=lambda name: painter)
        assert extractor.pictures == COUNT and files[0].read_bytes() == whole
    for row in (*first["rows"], *again["rows"]):
        del row["seconds"]
    assert first["rows"] == again["rows"]
    compare("truth", "classical", count=COUNT + 1, extractor=extractor, load=lambda name: painter)
    assert painter.requests == COUNT + 3  # more are more of the same
    for change, word in (({"guidance": 3.0}, "guidance 1.0, now 3.0"), ({"seed": 4}, "seed 0, now 4")):
        with pytest.raises(ValueError, match=f"holds samples made otherwise .{word}"):
            compare("truth", "classical", count=COUNT, load=lambda name: painter, **change)
    assert painter.requests == COUNT + 3


def test_folders_and_archives_are_compared_alike(compare: Callable[..., dict], tmp_path: Path) -> None:
    reference, one, other = (write_folder(tmp_path / name, seed=seed) for seed, name in enumerate("abc"))
    images = np.stack([np.asarray(Image.open(file)) for file in sorted(other.glob("*.png"))])
    for save, name in ((np.savez, "stored.npz"), (np.savez_compressed, "packed.npz")):
        save(tmp_path / name, images)
    document = compare(reference, one, other, tmp_path / "stored.npz", tmp_path / "packed.npz")
    rows = document["rows"]
    assert rows[1]["metrics"] == rows[2]["metrics"] == rows[3]["metrics"] != rows[0]["metrics"]
    assert rows[0]["metrics"].keys() >= {"FID", "sFID", "FID-infinity", "KID", "precision", "recall"}
    assert "differences" not in rows[0] and rows[1]["differences"]["KID"]["value"] != 0
    assert rows[0]["weights_sha256"] is None
    batches = list(SampleArchive.opened(tmp_path / "packed.npz").batches(5))
    assert [len(batch.images) for batch in batches] == [5, 5, 2]
    assert np.array_equal(np.concatenate([batch.images for batch in batches]), images)
    with zipfile.ZipFile(tmp_path / "stored.npz") as one_way, zipfile.ZipFile(tmp_path / "bare.npz", "w") as another:
        another.writestr("arr_0", one_way.read("arr_0.npy"))  # numpy reads an entry without an ending as well
    assert open_samples(tmp_path / "bare.npz").shape == (8, 8)
    (bare,) = SampleArchive.opened(tmp_path / "bare.npz").batches(COUNT)
    assert np.array_equal(bare.images, images)
    fewer = compare(reference, one, tmp_path / "stored.npz", count=10)
    assert [row["samples"] for row in fewer["rows"]] == [10, 10] and fewer["reference"]["samples"] == COUNT


def test_a_reference_may_bring_the_statistics_of_a_larger_set(compare: Callable[..., dict], tmp_path: Path) -> None:
    arm = write_folder(tmp_path / "arm")
    images = np.random.default_rng(5).integers(0, 256, (COUNT, 8, 8, 3), np.uint8)
    np.savez(tmp_path / "real.npz", images, mu=np.zeros(2), sigma=np.eye(2), mu_s=np.ones(2), sigma_s=np.eye(2))
    (row,) = compare(tmp_path / "real.npz", arm)["rows"]
    np.savez(tmp_path / "plain.npz", images)
    (plain,) = compare(tmp_path / "plain.npz", arm)["rows"]
    for name in ("FID", "sFID"):
        assert row["metrics"][name]["value"] > plain["metrics"][name]["value"] + 0.5
    whole: dict[str, Any] = {"mu": np.zeros(2), "sigma": np.eye(2), "mu_s": np.ones(2), "sigma_s": np.eye(2)}
    for name, bad in (
        ("sigma", np.eye(3)), ("sigma", np.ones(2)), ("mu_s", np.ones(3)), ("sigma_s", np.full((2, 2), np.nan)),
    ):  # fmt: skip
        np.savez(tmp_path / "bad.npz", images, **{**whole, name: bad})
        with pytest.raises(
            ValueError, match=rf"^{name} of .*bad.npz is .*{np.shape(whole[name])[0]}.* get the file again"
        ):
            compare(tmp_path / "bad.npz", arm)
    for mu in (np.zeros(5), np.float64(0)):  # of other features
        np.savez(tmp_path / "others.npz", images, **{**whole, "mu": mu})
        assert compare(tmp_path / "others.npz", arm)["rows"][0]["metrics"] == plain["metrics"]
    assert row["metrics"]["sFID"] != row["metrics"]["FID"] and row["metrics"]["KID"] == plain["metrics"]["KID"]


def test_a_scorer_scores_pictures_that_have_prompts(
    compare: Callable[..., dict], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipelines.evaluation.compare.BATCH", 5)
    one, other = write_folder(tmp_path / "a"), write_folder(tmp_path / "b", seed=1)
    for file in other.glob("*.txt"):
        file.unlink()

    document = compare(other, one, scorer=Numbers())
    assert document["rows"][0]["metrics"]["CLIP score"]["value"] == pytest.approx(np.mean(range(COUNT)))
    assert "CLIP score" not in document["reference"]["metrics"] and "| CLIP score |" in table(document)
    assert document["scorer"] == {"sha256": {"clip": "0" * 64}} and document["reference"]["left_out"] == {}
    assert compare(other, one)["scorer"] is None


def test_prompts_that_the_scorer_does_not_read_whole_have_no_score(
    compare: Callable[..., dict], tmp_path: Path
) -> None:
    one, other = write_folder(tmp_path / "a"), write_folder(tmp_path / "b", seed=1)
    for file in (one / "003.txt", one / "007.txt"):
        file.write_text(file.read_text() + "and more than anybody reads")
    document = compare(other, one, scorer=Numbers())
    (row,) = document["rows"]
    reason = row["left_out"]["CLIP score"]
    assert f"of {one} 2 of 12 are longer, the first from “and more than anybody reads” on" in reason
    assert "CLIP score" not in row["metrics"] and "CLIP score" in document["reference"]["metrics"]
    assert row["metrics"].keys() >= {"KID", "inception score"} and reason in table(document)
    reversed_roles = compare(one, other, scorer=Numbers())
    assert reason in table(reversed_roles) and "CLIP score" in reversed_roles["rows"][0]["metrics"]


def test_the_shipped_scorer_says_which_files_it_is_of_and_what_it_does_not_read() -> None:
    scorer = load_scorer(EMBEDDED)
    assert scorer.networks == {file.name: sha256(file) for file in clip_files(EMBEDDED)} and len(scorer.networks) == 2
    assert scorer.unread("a red couch") == ""
    assert scorer.unread("a red couch " * 20).endswith("red couch")


def test_bad_sets_are_refused_with_a_sentence(compare: Callable[..., dict], tmp_path: Path) -> None:
    good, twin = (write_folder(tmp_path / name) for name in ("good", "twin"))

    def spoiled(name: str, spoil: Callable[[Path], object]) -> Path:
        folder = write_folder(tmp_path / name, seed=1)
        spoil(folder)
        return folder

    def resize(folder: Path) -> None:
        Image.new("RGB", (9, 8)).save(folder / "004.png")

    def cut(folder: Path) -> None:
        (folder / "004.png").write_bytes((folder / "004.png").read_bytes()[:90])

    def swap(folder: Path) -> None:
        (folder / "004.txt").write_text("another thing")

    def clear(folder: Path) -> None:
        Image.new("RGBA", (8, 8)).save(folder / "004.png")

    def fewer(folder: Path) -> None:
        for ending in ("png", "txt"):
            (folder / f"011.{ending}").unlink()

    def deepen(folder: Path) -> None:
        deep = np.arange(64, dtype=np.uint16).reshape(8, 8) * 1000
        Image.fromarray(deep).save(folder / "004.png")

    (tmp_path / "empty").mkdir()
    with zipfile.ZipFile(tmp_path / "encrypted.npz", "w") as archive:
        archive.writestr("arr_0.npy", b"x" * 200)
    locked = bytearray((tmp_path / "encrypted.npz").read_bytes())
    locked[6] |= 1  # the flag of encryption, of the file and of the directory at the end
    locked[locked.index(b"PK\x01\x02") + 8] |= 1
    (tmp_path / "encrypted.npz").write_bytes(locked)
    with zipfile.ZipFile(tmp_path / "plain.npz", "w") as archive:
        archive.writestr("arr_0", b"no array of numpy's")
    np.savez(tmp_path / "named.npz", pictures=np.zeros((COUNT, 8, 8, 3), np.uint8))
    np.savez(tmp_path / "floats.npz", np.zeros((COUNT, 8, 8, 3)))
    np.savez(tmp_path / "whole.npz", np.zeros((COUNT, 8, 8, 3), np.uint8))
    whole = (tmp_path / "whole.npz").read_bytes()
    (tmp_path / "cut.npz").write_bytes(whole[: len(whole) // 2])
    damaged = bytearray(whole)
    damaged[len(whole) // 2] ^= 255
    (tmp_path / "damaged.npz").write_bytes(damaged)
    for bad, message in (
        (tmp_path / "nowhere", "no folder .*nowhere of samples"),
        (tmp_path / "empty", "holds no PNG files"),
        (spoiled("missing", lambda folder: (folder / "004.png").unlink()), "004.txt, but no 004.png: a picture is mi"),
        (spoiled("wordless", lambda folder: (folder / "004.txt").unlink()), "004.png, but no 004.txt"),
        (spoiled("latin", lambda folder: (folder / "004.txt").write_bytes(b"\xe9")), "004.txt is no text in UTF-8"),
        (spoiled("resized", resize), "004.png is 9x8 pixels and 000.png 8x8"),
        (spoiled("cut", cut), "004.png cannot be read"),
        (spoiled("clear", clear), "004.png has transparent pixels"),
        (spoiled("lossy", lambda folder: (folder / "012.JPG").touch()), "012.JPG is no PNG file: save it as one"),
        (spoiled("twice", lambda folder: (folder / "004.PNG").touch()), r"several \.png files of the same name: '004'"),
        (spoiled("long", lambda folder: (folder / "004.txt").write_text("word " * 9999)), "004.txt is too long for a"),
        (spoiled("deep", deepen), "004.png has 16 bits or more a pixel and one channel: save it with 8"),
        (tmp_path / "encrypted.npz", "encrypted.npz cannot be read .*encrypted"),
        (tmp_path / "plain.npz", "plain.npz cannot be read"),
        (spoiled("swapped", swap), "not of the same prompts: number 5 of the one is 'another thing'"),
        (spoiled("fewer", fewer), "11 samples and .*twin 12: .* Say --samples 11"),
        (write_folder(tmp_path / "large", side=16), "16x16 pixels and .*twin of 8x8"),
        (write_folder(tmp_path / "holes", holes=True), "holes has holes, .* and .*twin has none"),
        (tmp_path / "named.npz", "holds pictures, but no arr_0"),
        (tmp_path / "floats.npz", r"is float64 \(12, 8, 8, 3\); samples are uint8"),
        (tmp_path / "cut.npz", "cut.npz cannot be read"),
        (tmp_path / "damaged.npz", "damaged.npz cannot be read"),
    ):  # fmt: skip
        with pytest.raises(ValueError, match=message):
            compare(good, twin, bad)
    hole = write_folder(tmp_path / "hole", holes=True)
    (hole / "holes" / "002.png").unlink()
    with pytest.raises(ValueError, match=r"002.png, but no 002.png in holes"):
        compare(hole, good)
    assert not (tmp_path / "out" / "compare.json").exists()
    compare(hole.with_name("holes"), good, extractor=Colours(sees_holes=False))  # to which a hole is a part like others


def test_bad_options_are_refused_with_a_sentence(compare: Callable[..., dict], tmp_path: Path) -> None:
    good, few = write_folder(tmp_path / "good"), write_folder(tmp_path / "few", 4)
    for names, options, message in (
        (("truth",), {}, "There is only truth"),
        ((good, "truth"), {}, "truth is what others are compared with: put it first"),
        ((good, good), {}, "good stands there twice"),
        ((good, few), {}, "few has 4 samples; a comparison takes 10"),
        ((good, "classical"), {"count": 5}, "--samples has 5 samples; a comparison takes 10"),
        ((good, few), {"count": 11}, "few has 4 samples, not 11"),
        (("truth", "classical"), {"count": MOST + 1}, f"{MOST} fills at most"),
        (("truth", "classical"), {"seed": SEEDS}, f"--seed {SEEDS} has no edits"),
        (("truth", "classical", good), {}, f"good is of 8x8 pixels and classical of {SIDE}x{SIDE}"),
        (("truth", "no-such-model"), {}, "no folder no-such-model of samples, nor .* a model of that name"),
    ):
        with pytest.raises(ValueError, match=message):
            compare(*names, **options)
    foreign = tmp_path / "out" / "samples" / "classical"
    foreign.mkdir(parents=True)
    (foreign / "letter.txt").write_text("mine")
    with pytest.raises(ValueError, match=r"holds files, but no settings.json"):
        compare("truth", "classical", count=COUNT)
    for damaged in ("{", "[]", "3"):
        (foreign / "settings.json").write_text(damaged)
        with pytest.raises(ValueError, match=r"settings\.json is damaged"):
            compare("truth", "classical", count=COUNT)


def test_the_judge_looks_at_squares_of_its_own_size(commanded: Command, tmp_path: Path) -> None:
    folders = [write_folder(tmp_path / name, side=64) for name in "ab"]
    assert "squares of 128, 256, ... pixels, and the pictures of" in commanded(*folders, "-o", tmp_path / "out")


def test_the_scale_of_the_features_is_the_shipped_judges(tmp_path: Path) -> None:
    extractor = load_judge_extractor(JUDGE, FEATURE_SCALE)
    folder = draw_truth(tmp_path / "true", SIDE, 80, 3, TRUTH_SCENES)
    (batch,) = folder.batches(80)
    features = extractor(*batch)
    assert features.pooled.shape == (80, FEATURES) and features.spatial.shape == (80, 8 * 16)
    for each in (features.pooled, features.spatial):  # of the scale's own windows: 0 and 1
        assert abs(each.mean()) < 0.1 and 0.8 < np.sqrt(each.var(0).mean()) < 1.2
    plain = JudgeExtractor(load_judge(JUDGE), sha256(JUDGE), None)(*batch)
    assert plain.pooled.std(0).max() > 4 * plain.pooled.std(0).min()  # unlike before
    look = load_judge(JUDGE).look(batch.images[7], batch.holes[7])[1]
    assert plain.pooled[7] == pytest.approx(look, abs=1e-3)


def test_a_scale_of_another_judge_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "scale.safetensors"
    with pytest.raises(ValueError, match=r"cannot be read .* measure it again"):
        load_judge_extractor(JUDGE, file)
    monkeypatch.setattr(command, "FEATURE_SCALE", file)
    monkeypatch.setattr(command, "WINDOW", SIDE)
    measure_feature_scale(40)
    assert load_judge_extractor(JUDGE, file).digest != load_judge_extractor(JUDGE, FEATURE_SCALE).digest
    other = tmp_path / "judge.safetensors"
    other.write_bytes(b"another")
    with pytest.raises(ValueError, match="is of another judge than"):
        load_judge_extractor(other, file)


def test_weights_are_known_by_their_digest() -> None:
    mini = weights_digest("glide-mini")
    assert mini is not None and len(mini) == 64 and weights_digest("classical") is None
    assert is_model("glide-mini") and is_model("glide:somewhere") and not is_model("somewhere.npz")


def test_a_folder_is_known_by_what_it_holds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folders = [SampleFolder.opened(write_folder(tmp_path / str(seed), seed=seed)) for seed in (0, 1)]
    twin = SampleFolder.opened(write_folder(tmp_path / "twin"))
    assert folders[0].digest == twin.digest != folders[1].digest
    assert folders[0].digest != folders[0].first(5).digest and len(folders[0].first(5)) == 5
    read: list[Path] = []
    monkeypatch.setattr(sample_sets, "sha256", lambda file: read.append(file) or sha256(file))
    np.savez(tmp_path / "set.npz", np.zeros((COUNT, 8, 8, 3), np.uint8))
    for samples, files in ((SampleFolder.opened(tmp_path / "0"), COUNT), (open_samples(tmp_path / "set.npz"), 1)):
        assert samples.digest == samples.digest and len(read) == files  # gigabytes are read once
        read.clear()
    other = write_folder(tmp_path / "windows", holes=True)  # as another system names and saves them
    for file in [*other.rglob("*.png"), *other.rglob("*.txt")]:
        if file.suffix == ".txt":
            file.write_text(file.read_text(), "utf-8-sig")
        file.rename(file.with_suffix(file.suffix.upper()))
    named = SampleFolder.opened(other)
    assert named.prompts == folders[0].prompts and named.digest != folders[0].digest and named.holes
    usual = SampleFolder.opened(write_folder(tmp_path / "usual", holes=True))
    for one, two in zip(named.batches(5), usual.batches(5), strict=True):
        assert np.array_equal(one.images, two.images) and np.array_equal(one.holes, two.holes)
    assert folders[0].first(5).prompts == tuple(f"thing {number}" for number in range(5))
