"""Adjustments on the command line: of a file, and of a step of a history."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from editor.edits.adjustment import Adjustment
from editor.edits.edit import Blend
from editor.edits.intents import adjust
from editor.imaging.adjusting import adjusted
from editor.imaging.geometry import Box
from editor.session import Session
from editor.store.store import Store
from editor.worker import Worker
from tests.conftest import Run
from tests.fakes import loader
from tests.samples import disc, noise


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    file = tmp_path / "picture.png"
    Image.fromarray(noise(90, 70)).save(file)
    return file


def test_a_file_is_adjusted_by_no_model(picture: Path, tmp_path: Path, here: Run) -> None:
    out, mask = tmp_path / "out.png", tmp_path / "mask.png"
    done = here("edit", picture, "--adjust", "exposure=0.5, curve=0:0.1/1:1", "--pipeline", "classical", "-o", out)
    assert (done.returncode, done.stdout.strip(), done.stderr) == (0, str(out), "")
    whole = adjusted(noise(90, 70), exposure=0.5, curve=((0, 0.1), (1, 1)))
    assert np.array_equal(np.asarray(Image.open(out)), whole)
    alpha = np.zeros((70, 90), np.uint8)
    alpha[20:40, 30:60] = 255
    Image.fromarray(alpha).save(mask)
    here("edit", picture, "--mask", mask, "--feather", 0, "--adjust", "exposure=0.5,curve=0:0.1/1:1", "-o", out)
    expected = np.where(alpha[..., None] > 0, whole, noise(90, 70))
    assert np.array_equal(np.asarray(Image.open(out)), expected)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("exposure=4",), "exposure must be a number from -3 to 3"),
        (("exposure=0",), "changes nothing"),
        (("glow=1",), "An adjustment must be NAME=VALUE"),
        (("exposure=1", "--prompt", "a lamp"), "--adjust takes a --mask"),
        (("exposure=1", "--seed", 0), "--adjust takes a --mask"),
        (("exposure=1", "--expand", "0,0,9,0"), "--adjust takes a --mask"),
        (("exposure=1", "--variations", 2), "one result"),
    ],
)
def test_what_no_adjustment_takes_is_refused(
    picture: Path, tmp_path: Path, here: Run, words: tuple[object, ...], sentence: str
) -> None:
    done = here("edit", picture, "-o", tmp_path / "out.png", "--adjust", *words)
    assert done.returncode == 1 and sentence in done.stderr
    assert not (tmp_path / "out.png").exists()


def test_a_step_is_listed_and_amended(tmp_path: Path, here: Run) -> None:
    store = Store(tmp_path)
    session, worker = Session(store), Worker(store, loader())
    document = session.open(noise(90, 70)).id
    for values in (Adjustment(exposure=0.5), Adjustment(blur=2)):
        session.submit(document, adjust(disc(Box(9, 9, 40, 40)), values, Blend()))
        worker.run_one()
    first, second = (each.id for each in store.revisions.path_to(session.store.documents.get(document).head)[1:])
    data = ("--data", tmp_path)
    listed = here(*data, "history", document).stdout
    assert "adjusted exposure=0.5" in listed and "adjusted blur=2" in listed
    done = here(*data, "amend", document, first, "--adjust", "contrast=-0.25", "--opacity", 0.5)
    assert done.returncode == 0, done.stderr
    head = store.revisions.path_to(store.documents.get(document).head)
    edits = [each.edit for each in head if each.edit]
    assert [edit.adjustment for edit in edits] == [Adjustment(contrast=-0.25), Adjustment(blur=2)]
    assert edits[0].blend.opacity == 0.5 and second not in [each.id for each in head]
    assert "An adjustment takes no prompt" in here(*data, "amend", document, first, "--prompt", "a lamp").stderr
    opened = session.submit(document, edits[0], head[0].id).parent
    assert "opened picture" in here(*data, "amend", document, opened, "--adjust", "blur=1").stderr
    store.close()
