"""--best-of and --variations of the command line: the best match comes first, or alone."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from editor.cli.context import CommandContext
from pipelines.base import Pipeline, Pixels
from pipelines.errors import InvalidInput
from pipelines.ranking import Probabilities, Ranker
from tests.conftest import Run
from tests.fakes import NoisePipeline, OpinionatedRanker
from tests.samples import noise


@pytest.fixture
def edit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """The beginning of a command that edits a picture with a model of noise, whose results are ranked."""
    Image.fromarray(noise(120, 100)).save(tmp_path / "picture.png")
    mask = np.zeros((100, 120), np.uint8)
    mask[30:70, 40:90] = 255
    Image.fromarray(mask).save(tmp_path / "mask.png")
    model, ranker = NoisePipeline(name="glide-mini"), OpinionatedRanker()
    monkeypatch.setattr(CommandContext, "load", lambda self, name: model)
    monkeypatch.setattr(CommandContext, "ranker", lambda self, pipeline: ranker)
    return ["edit", tmp_path / "picture.png", "--mask", tmp_path / "mask.png", "--prompt", "noise", "--steps", 1, "-o"]


def test_the_best_of_three_is_the_first_of_three_variations(edit: list[object], tmp_path: Path, here: Run) -> None:
    several = here(*edit, tmp_path / "all.png", "--seed", 4, "--variations", 3)
    lines = several.stdout.splitlines()
    seeds = [int(line.partition("(seed ")[2].partition(",")[0]) for line in lines]
    assert sorted(seeds) == [4, 5, 6] and len(lines) == 3
    words = [line.rpartition(", ")[2].rstrip(")") for line in lines]
    assert words == sorted(words, key=["likely", "unsure", "unlikely"].index)
    best = here(*edit, tmp_path / "best.png", "--seed", 4, "--best-of", 3)
    assert best.stdout.splitlines() == [f"{tmp_path / 'best.png'} (seed {seeds[0]}, {words[0]})"]
    others = "; ".join(f"seed {seed}, {word}" for seed, word in zip(seeds[1:], words[1:], strict=True))
    assert f"The others: {others}. --seed makes one of them." in best.stderr
    assert {file.name for file in tmp_path.glob("best*")} == {"best.png"}
    pictures = [np.asarray(Image.open(tmp_path / name)) for name in ("best.png", "all-1.png")]
    assert np.array_equal(pictures[0], pictures[1])
    here(*edit, tmp_path / "again.png", "--seed", seeds[0])  # nothing is lost: its seed makes it again
    assert np.array_equal(np.asarray(Image.open(tmp_path / "again.png")), pictures[0])


def test_where_nothing_can_be_said_the_first_is_written(edit: list[object], tmp_path: Path, here: Run) -> None:
    edit[edit.index("noise")] = "a vase"
    done = here(*edit, tmp_path / "out.png", "--seed", 4, "--best-of", 3)
    assert done.stdout.splitlines() == [f"{tmp_path / 'out.png'} (seed 4)"]
    assert "cannot be told here: the first is written" in done.stderr


@pytest.mark.parametrize("error", [InvalidInput("The file is damaged."), RuntimeError("CUDA out of memory")])
def test_what_was_painted_is_written_though_its_ranker_breaks(
    error: Exception,
    edit: list[object],
    tmp_path: Path,
    here: Run,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    class Broken(OpinionatedRanker):
        def probabilities(self, windows: Pixels, holes: Pixels, prompt: str) -> Probabilities | None:
            raise error

    def damaged(self: CommandContext, pipeline: Pipeline) -> Ranker | None:
        raise error

    for ranker in (damaged, lambda self, pipeline: Broken()):
        monkeypatch.setattr(CommandContext, "ranker", ranker)
        caplog.clear()
        done = here(*edit, tmp_path / "out.png", "--seed", 4, "--best-of", 2)
        assert done.returncode == 0 and done.stdout.splitlines() == [f"{tmp_path / 'out.png'} (seed 4)"]
        assert str(error) in caplog.text and "ranked" in caplog.text
        (tmp_path / "out.png").unlink()


@pytest.mark.parametrize(
    ("words", "sentence"),
    [(["--best-of", "9"], "1 to 8"), (["--best-of", "0"], "1 to 8"),
     (["--best-of", "2", "--variations", "2"], "Use only one")],
)  # fmt: skip
def test_what_cannot_be_is_a_sentence(
    words: list[str], sentence: str, edit: list[object], tmp_path: Path, here: Run
) -> None:
    done = here(*edit, tmp_path / "out.png", *words)
    assert done.returncode == 1 and sentence in done.stderr and not (tmp_path / "out.png").exists()
