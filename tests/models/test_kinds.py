"""What the page shows of the embedded model: the list of the kinds that it paints, and their pictures."""

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from pipelines import WEIGHTS
from pipelines.glide.folder import WORDS
from pipelines.kinds import LIST, PICTURES, kinds_version
from pipelines.training.scenes.kinds import SIDE, kinds_list, kinds_pictures, write_kinds
from pipelines.training.scenes.places import PLACES
from pipelines.training.scenes.things import KINDS
from pipelines.training.scenes.words import with_article

FOLDER = WEIGHTS / "glide-mini"


@pytest.fixture(scope="module")
def listed() -> dict[str, Any]:
    read: dict[str, Any] = json.loads((FOLDER / LIST).read_text())
    return read


def test_the_list_is_that_of_the_drawn_world(listed: dict[str, Any]) -> None:
    """After a change there: `python -m pipelines.training.scenes --kinds -o assets/weights/glide-mini`."""
    assert listed == kinds_list()
    assert [kind["nouns"] for kind in listed["kinds"]] == [list(kind.nouns) for kind in KINDS.values()]
    assert listed["places"] == list(PLACES)
    for place in PLACES:
        assert any(place in kind["places"] for kind in listed["kinds"]), place


def test_the_model_knows_every_word_of_the_list(listed: dict[str, Any]) -> None:
    known = set((FOLDER / WORDS).read_text().split())
    phrases = [*listed["counts"], *listed["sizes"], *listed["patterns"], *listed["colours"], "a", "an", "and"]
    phrases += [noun for kind in listed["kinds"] for noun in kind["nouns"] + kind["plurals"]]
    assert {word for phrase in phrases for word in phrase.replace("{}", "").split()} <= known


def test_the_list_says_what_a_kind_comes_in(listed: dict[str, Any]) -> None:
    kinds = {name: kind for name, kind in zip(KINDS, listed["kinds"], strict=True)}
    for name, kind in kinds.items():
        assert len(kind["plurals"]) == (len(kind["nouns"]) if KINDS[name].together else 0)
        assert len(kind["colours"]) != 1 and set(kind["colours"]) <= set(listed["colours"])
        assert set(kind["patterns"]) <= set(listed["patterns"]) and set(kind["places"]) <= set(listed["places"])
    assert "wooden" in kinds["chair"]["colours"] and "wooden" not in kinds["couch"]["colours"]
    assert kinds["fish"]["plurals"] == ["fish"] and kinds["corgi"]["colours"] == []
    for kind in kinds.values():
        for noun in kind["nouns"]:
            bare = noun.split()[-1] in listed["articleless"] and " of " not in noun
            assert (with_article(noun) == noun) == bare, noun


def test_every_picture_shows_its_kind(listed: dict[str, Any]) -> None:
    """Each is closer to the one that is drawn now than to any other kind's; WebP changes a level or two."""
    file = FOLDER / PICTURES
    assert file.stat().st_size < 150_000
    with Image.open(file) as opened:
        stored = np.asarray(opened.convert("RGB"))
    rows = -(-len(listed["kinds"]) // listed["columns"])
    assert listed["side"] == SIDE and stored.shape == (rows * SIDE, listed["columns"] * SIDE, 3)
    apart = _tiles(stored)[:, None] - _tiles(kinds_pictures())[None]
    errors = np.abs(apart).mean((2, 3, 4))
    assert (errors.argmin(1) == np.arange(len(errors))).all()
    assert errors.diagonal().max() < 5


def _tiles(sheet: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """float32 (kinds, 24, 24, 3): a quarter as large, which is enough to tell them apart."""
    high, wide, _ = sheet.shape
    split = sheet.reshape(high // SIDE, 24, 4, wide // SIDE, 24, 4, 3).astype(np.float32).mean((2, 5))
    return split.transpose(0, 2, 1, 3, 4).reshape(-1, 24, 24, 3)[: len(KINDS)]


def test_the_version_says_whether_either_file_has_changed(tmp_path: Any) -> None:
    assert kinds_version(None) == kinds_version(tmp_path) == ""
    write_kinds(tmp_path)
    version = kinds_version(tmp_path)
    assert version and version == kinds_version(tmp_path)
    for name in (LIST, PICTURES):
        before = (tmp_path / name).read_bytes()
        (tmp_path / name).write_bytes(before + b" ")
        assert kinds_version(tmp_path) not in ("", version)
        (tmp_path / name).write_bytes(before)
    (tmp_path / LIST).unlink()
    assert kinds_version(tmp_path) == ""


def test_the_files_are_read_again_only_when_they_have_changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []

    def read_bytes(file: Path, real: Any = Path.read_bytes) -> bytes:
        read.append(file.name)
        return bytes(real(file))

    monkeypatch.setattr(Path, "read_bytes", read_bytes)
    for name in (LIST, PICTURES):
        (tmp_path / name).write_bytes(b"old")
    versions = [kinds_version(tmp_path) for _ in range(3)]
    assert len(set(versions)) == 1 and read == [LIST, PICTURES]
    os.utime(tmp_path / LIST, ns=(0, 0))
    assert kinds_version(tmp_path) == versions[0] and read == 2 * [LIST, PICTURES]
