"""A tile stored by what sets it apart from another."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from editor.edits.apply import apply
from editor.formats.images import decode_tile, encode_tile
from editor.imaging.geometry import Box
from editor.imaging.picture import TILE, Picture
from editor.session import Session
from editor.store.maintenance import check, compact
from editor.store.store import Store
from editor.store.tile_deltas import LARGEST, add_difference, difference
from editor.worker import Worker
from pipelines.base import run
from tests.fakes import NoisePipeline, loader
from tests.samples import an_edit, cutout, disc, noise

LOAD = loader(NoisePipeline())


@given(
    st.integers(0, 99),
    st.sampled_from([3, 4]),
    st.integers(0, 30),
    st.integers(0, 30),
    st.integers(1, 40),
    st.booleans(),
)
def test_a_part_added_gives_the_other(seed: int, channels: int, x: int, y: int, side: int, all_of_alpha: bool) -> None:
    """Through the file as well, which drops an alpha channel that is 255 all over."""
    random = np.random.default_rng(seed)
    before = random.integers(0, 256, (64, 64, channels), np.uint8)
    after = before.copy()
    after[y : y + side, x : x + side] = random.integers(0, 256, after[y : y + side, x : x + side].shape, np.uint8)
    if all_of_alpha and channels == 4:
        after[y : y + side, x : x + side, 3] = before[y : y + side, x : x + side, 3] - np.uint8(1)
    part = difference(before, after)
    changed = (before != after).any(2)
    if part is None:
        assert side * side > LARGEST * 64 * 64 or not changed.any()
    else:
        assert changed[part.box.slices(Box(0, 0, 64, 64))].sum() == changed.sum()
        back = add_difference(before, decode_tile(encode_tile(part.pixels)), part.box.x, part.box.y)
        assert np.array_equal(back, after) and not back.flags.writeable


def test_tiles_of_another_form_or_none_changed_are_stored_whole() -> None:
    assert difference(noise(8, 8), cutout(8, 8)) is None
    assert difference(noise(8, 8), noise(8, 8)) is None


@pytest.mark.parametrize("x, y", [(-1, 0), (0, -1), (5, 0), (0, 5)])
def test_a_part_that_does_not_fit_is_refused(x: int, y: int) -> None:
    with pytest.raises(ValueError, match="does not lie within"):
        add_difference(noise(8, 8), noise(4, 4), x, y)


def stored(store: Store) -> tuple[int, int]:
    """Bytes of all files, and how many of them are differences."""
    row = store.database.row("SELECT sum(length(bytes)), count(base) FROM blob")
    assert row is not None
    return int(row[0]), int(row[1])


@pytest.mark.parametrize("opened", [noise(700, 600), cutout(700, 600)], ids=["opaque", "cutout"])
def test_an_edit_is_stored_by_what_it_changed(session: Session, opened: np.ndarray) -> None:
    """Ten edits at the corner of four tiles: each costs its own pixels, whatever was there before, and reads back."""
    document = session.open(opened)
    worker = Worker(session.store, LOAD)
    before, _ = stored(session.store)
    for seed in range(10):
        session.submit(document.id, an_edit(disc(Box(496, 240, 40, 40)), seed=seed))
        assert worker.run_one()
    after, differences = stored(session.store)
    assert differences >= 30  # a tile that lost its last transparent pixel has another form, and is whole
    changed = an_edit(disc(Box(496, 240, 40, 40))).mask.grown(8).box
    at_most = changed.width * changed.height * opened.shape[2] + 64 * 64 * 3 + 4000
    assert after - before < 10 * at_most + 2 * TILE * TILE * 4
    fresh = Session(Store(session.store.database.path.parent))
    for state in session.store.revisions.path_to(session.store.documents.get(document.id).head)[1:]:
        assert state.parent and state.edit
        again = run(apply(state.edit, fresh.store.revisions.picture(state.parent), LOAD)).picture
        assert np.array_equal(fresh.store.revisions.picture(state.id).pixels(), again.pixels())
        for digest in fresh.store.revisions.picture(state.id).tiles.values():
            assert np.array_equal(decode_tile(fresh.store.blobs.file(digest)), fresh.store.blobs.tiles(digest))
    fresh.store.close()


def test_compacting_keeps_what_a_difference_stands_on(session: Session) -> None:
    """The base of a tile stays when the states that showed it are gone."""
    store, worker = session.store, Worker(session.store, LOAD)
    picture = Picture.from_pixels(noise(300, 280))
    document = session.open(noise(300, 280))
    step = session.submit(document.id, an_edit(disc(Box(30, 40, 50, 40))))
    assert worker.run_one()
    kept = store.revisions.picture(step.id)
    pixels = kept.pixels()
    ((base,),) = store.database.rows("SELECT DISTINCT base FROM blob WHERE base IS NOT NULL")
    assert base == picture.tiles[0, 0]
    with store.database.transaction() as db:  # as if the opened picture had never had that tile
        db.run("UPDATE revision SET tiles = :t WHERE edit IS NULL", t=bytes.fromhex("".join(kept.tiles.values())))
    compact(store)
    fresh = Store(store.database.path.parent)
    assert np.array_equal(fresh.revisions.picture(step.id).pixels(), pixels)
    assert [each.complaint for each in check(fresh) if each.complaint] == []
    fresh.close()


def test_a_missing_base_is_named_with_the_state_that_needs_it(session: Session, tmp_path: Path) -> None:
    store, worker = session.store, Worker(session.store, LOAD)
    document = session.open(noise(300, 280))
    step = session.submit(document.id, an_edit(disc(Box(30, 40, 50, 40))))
    assert worker.run_one()
    ((base, digest),) = store.database.rows("SELECT base, digest FROM blob WHERE base IS NOT NULL")
    with store.database.transaction() as db:
        db.run("UPDATE blob SET bytes = :b WHERE digest = :d", b=encode_tile(noise(256, 256, 7)), d=base)
    fresh = Store(store.database.path.parent)
    output = "\n".join(each.complaint for each in check(fresh))
    assert f"{base} is not what was stored" in output and f"{digest} is not what was stored" in output
    assert f"from revision {step.id} on" in output
    fresh.close()
