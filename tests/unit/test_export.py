"""Documents out and in: as pictures, as layers, and whole."""

import json
import sqlite3
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree
from zipfile import ZIP_STORED, ZipFile

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from editor.edits.edit import NOWHERE, Blend
from editor.formats.export import recipe_of
from editor.formats.images import encode_png, encode_tile, read_image
from editor.formats.openraster import over_each_other, with_opacity
from editor.imaging.geometry import Box, Margins
from editor.imaging.raster import Patch, Pixels
from editor.layers import LayerSettings
from editor.recipes.recipe import Recipe
from editor.session import Session
from editor.store.blobs import NotFound
from editor.store.maintenance import check
from editor.store.store import FILE, Store
from editor.worker import Worker
from tests.fakes import HeedfulPipeline, NoisePipeline, loader
from tests.samples import an_edit, cutout, disc, noise, profile, strokes
from tests.unit.test_store import store
from tests.workbench import Workbench

__all__ = ["store"]  # a fixture: each test on a file and on a PostgreSQL server
LOAD = loader(NoisePipeline(), HeedfulPipeline())
SOFT = Blend(feather=5, opacity=0.6)
EDITS = [
    an_edit(disc(Box(30, 30, 40, 40)), prompt="a <red> & “round” couch"),
    an_edit(disc(Box(50, 40, 60, 40)), prompt="a lamp\x07", pipeline="heedful", blend=SOFT),
    an_edit(NOWHERE, margins=Margins(-9, 12, 20, 0), prompt="more floor"),
    an_edit(NOWHERE, sketch=strokes(Box(60, 20, 30, 30)), strength=0.5, reference=Patch(Box(0, 0, 9, 7), noise(9, 7))),
]


def two_models(store: Store) -> Workbench:
    return Workbench(store, NoisePipeline(), HeedfulPipeline())


@pytest.fixture
def workbench(store: Store) -> Workbench:
    return two_models(store)


# pictures


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp", ".tif", ".avif"])
def test_a_picture_with_its_profile_and_its_recipe(workbench: Workbench, tmp_path: Path, suffix: str) -> None:
    document = workbench.open(noise(120, 100), "Room", icc=profile(b"Wide"), edits=EDITS)
    file = tmp_path / f"room{suffix}"
    assert workbench.session.exports.write(document, file, made_with="noise 1") == ()
    opened = read_image(file.read_bytes())
    shown = workbench.session.picture(document).pixels()
    assert opened.icc == profile(b"Wide") and opened.pixels.shape == shown.shape
    if suffix in (".png", ".tif"):
        assert np.array_equal(opened.pixels, shown)
    text = recipe_of(file.read_bytes())
    assert text is not None and Recipe.from_json(text) == workbench.session.exports.recipe(document, "noise 1")
    workbench.session.exports.write(document, file)
    assert recipe_of(file.read_bytes()) is None
    assert [each.name for each in tmp_path.iterdir() if each.name.startswith("room")] == [file.name]


def test_an_earlier_state_with_the_way_to_it(workbench: Workbench, tmp_path: Path) -> None:
    document = workbench.open(cutout(120, 100), "Room", edits=EDITS)
    root, first, *_ = workbench.store.revisions.tree(document)
    file = tmp_path / "a.png"
    workbench.session.exports.write(document, file, first.id, made_with="noise 1")
    assert np.array_equal(read_image(file.read_bytes()).pixels, workbench.store.revisions.picture(first.id).pixels())
    assert Recipe.from_json(recipe_of(file.read_bytes()) or "").steps == (EDITS[0],)
    workbench.session.exports.write(document, file, root.id, made_with="noise 1")  # a state to which no step leads
    assert recipe_of(file.read_bytes()) is None
    assert np.array_equal(read_image(file.read_bytes()).pixels, cutout(120, 100))


def test_what_cannot_be_written_is_a_sentence_and_leaves_what_was_there(workbench: Workbench, tmp_path: Path) -> None:
    document = workbench.open(noise(40, 30), "Room")
    for name, quality, sentence in (
        ("a.gif", None, r"\.ora, \.palimpsest, not as \.gif"),
        ("a", None, "without an ending"),
        ("a.ora", 90, "no quality"),
        ("a.png", 90, "no quality"),
        ("a.jpg", 0, "from 1 to 100"),
    ):
        (tmp_path / name).write_bytes(b"before")
        with pytest.raises(ValueError, match=sentence):
            workbench.session.exports.write(document, tmp_path / name, quality=quality)
        assert (tmp_path / name).read_bytes() == b"before" and not list(tmp_path.glob("*.part"))
    with pytest.raises(NotFound):
        workbench.session.exports.write("gone", tmp_path / "a.png")
    other = workbench.open(noise(40, 31), "Room")
    with pytest.raises(ValueError, match="another document"):
        workbench.session.exports.write(document, tmp_path / "a.png", workbench.store.documents.get(other).head)


# layers


def layers_in(file: Path) -> tuple[list[dict[str, str]], list[Pixels], Pixels]:
    """The attributes and pixels of an OpenRaster file's layers, bottom first, and its merged picture."""
    with ZipFile(file) as archive:
        first = archive.infolist()[0]
        assert (first.filename, first.compress_type) == ("mimetype", ZIP_STORED)
        assert archive.read("mimetype") == b"image/openraster"
        image = ElementTree.fromstring(archive.read("stack.xml"))
        found = [dict(layer.attrib) for layer in image.iter("layer")][::-1]
        pixels = [read_image(archive.read(each["src"])).pixels for each in found]
        merged = read_image(archive.read("mergedimage.png")).pixels
        small = read_image(archive.read("Thumbnails/thumbnail.png")).pixels
        assert max(small.shape) <= 256
        assert [int(image.attrib[side]) for side in "wh"] == [merged.shape[1], merged.shape[0]]
        return found, pixels, merged


def stacked(found: list[dict[str, str]], pixels: list[Pixels], shape: tuple[int, ...]) -> Pixels:
    """What another program makes of the visible layers: by Pillow's own compositing, faded ones by exact fractions."""
    below = Image.new("RGBA", (shape[1], shape[0]))
    for each, own in zip(found, pixels, strict=True):
        if each["visibility"] == "hidden":
            continue
        layer = Image.new("RGBA", below.size)
        layer.paste(Image.fromarray(own).convert("RGBA"), (int(each["x"]), int(each["y"])))
        over = Image.alpha_composite(below, layer)
        if (share := float(each["opacity"])) < 1:
            assert np.isin(np.asarray(layer)[..., 3], (0, 255)).all()
            mixed = np.asarray(below) * (1 - share) + np.asarray(over) * share
            over = Image.fromarray(np.rint(mixed).astype(np.uint8))
        below = over
    return np.asarray(below)


@pytest.mark.parametrize("opened", [noise(120, 100), cutout(120, 100)], ids=["opaque", "cutout"])
def test_layers_come_to_the_picture(workbench: Workbench, tmp_path: Path, opened: Pixels) -> None:
    document = workbench.open(opened, "Room", edits=EDITS)
    workbench.session.rename(workbench.store.documents.get(document).head, "The sketch")
    file = tmp_path / "room.ora"
    assert workbench.session.exports.write(document, file) == ()
    found, pixels, merged = layers_in(file)
    assert [each["name"] for each in found] == [
        "Original", "1. a <red> & “round” couch", "2. a lamp", "3. more floor", "The sketch",
    ]  # fmt: skip
    shown = workbench.session.picture(document).pixels()
    assert np.array_equal(merged, shown)
    come_to = stacked(found, pixels, shown.shape)
    if shown.shape[2] == 3:
        assert np.array_equal(come_to[..., :3], shown) and come_to[..., 3].min() == 255
    else:
        assert np.abs(come_to[..., 3].astype(int) - shown[..., 3]).max() <= 2
        seen = shown[..., 3] == 255
        assert np.array_equal(come_to[seen][:, :3], shown[seen][:, :3])


def test_a_layer_is_as_hidden_and_as_faded_as_its_step(workbench: Workbench, tmp_path: Path) -> None:
    """Its pixels are then about those of the whole result, so that it can be faded anew elsewhere."""
    places = [Box(20, 20, 30, 30), Box(70, 20, 30, 30), Box(40, 60, 30, 30)]
    edits = [an_edit(disc(box), prompt=str(n), seed=n, blend=Blend(5)) for n, box in enumerate(places)]
    document = workbench.open(noise(120, 100), "Room", edits=edits)
    whole = workbench.session.picture(document).pixels()
    layers = [LayerSettings(each.step.id, True, 1) for each in workbench.session.layers.of(document)]
    arrangement = [layers[0]._replace(opacity=0.4), layers[1]._replace(visible=False, opacity=0.5), layers[2]]
    workbench.session.layers.rearrange(document, arrangement)
    workbench.finish()
    workbench.session.exports.write(document, tmp_path / "room.ora")
    found, pixels, merged = layers_in(tmp_path / "room.ora")
    assert [(each["name"], each["opacity"], each["visibility"]) for each in found] == [
        ("Original", "1.0", "visible"), ("1. 0", "0.4", "visible"), ("2. 1", "1.0", "hidden"),
        ("3. 2", "1.0", "visible"),
    ]  # fmt: skip
    assert np.array_equal(merged, workbench.session.picture(document).pixels())
    assert np.array_equal(stacked(found, pixels, merged.shape)[..., :3], merged)
    visible = [{**each, "visibility": "visible", "opacity": "1.0"} for each in found]
    assert np.abs(stacked(visible, pixels, merged.shape)[..., :3].astype(int) - whole).max() <= 2
    for step in workbench.store.revisions.tree(document):  # it was made elsewhere, and its pixels are not here
        if step.edit is not None and step.edit["prompt"] == "1" and step.edit["blend"].get("visible", True):
            with workbench.store.database.transaction() as db:
                db.run("UPDATE revision SET tiles = NULL, error = 'gone' WHERE id = :id", id=step.id)
    notes = workbench.session.exports.write(document, tmp_path / "less.ora")
    assert notes == ("The hidden layer “2. 1” was left out: its pixels are not stored. Show it, then save.",)
    assert len(layers_in(tmp_path / "less.ora")[0]) == 3


def test_a_layer_is_no_larger_than_what_it_changes(workbench: Workbench, tmp_path: Path) -> None:
    document = workbench.open(noise(1200, 1000), "Room", edits=[an_edit(disc(Box(700, 300, 40, 40)))])
    workbench.session.exports.write(document, tmp_path / "room.ora")
    _, (_, layer), _ = layers_in(tmp_path / "room.ora")
    assert layer.shape[0] <= 60 and layer.shape[1] <= 60


def test_a_crop_leaves_what_it_cut_out_of_the_layers(workbench: Workbench, tmp_path: Path) -> None:
    document = workbench.open(
        noise(300, 280), "Room", edits=[an_edit(Box(10, 10, 30, 30)), an_edit(Box(200, 200, 30, 30))]
    )
    workbench.session.crop(document, Box(100, 90, 150, 160))
    assert workbench.worker.run_one()
    workbench.session.exports.write(document, tmp_path / "room.ora")
    found, pixels, merged = layers_in(tmp_path / "room.ora")
    assert [each["name"] for each in found] == ["Original", "2. a green couch"]
    assert np.array_equal(stacked(found, pixels, merged.shape)[..., :3], merged)


@settings(max_examples=200)
@given(st.integers(0, 2**32 - 1))
def test_a_layer_laid_over_the_one_gives_the_other(seed: int) -> None:
    """Exactly over and under opaque pixels; elsewhere as 8 bits can."""
    random = np.random.default_rng(seed)
    before, after = random.integers(0, 256, (2, 8, 8, 4), np.uint8)
    before[:4, :, 3], after[:, :4, 3] = 255, 255
    after[0] = before[0]
    layer = over_each_other(before, after)
    assert not layer[0].any()
    both = np.asarray(Image.alpha_composite(Image.fromarray(before), Image.fromarray(layer)))
    opaque = after[..., 3] == 255
    assert np.array_equal(both[opaque], after[opaque])


@settings(max_examples=200)
@given(st.integers(0, 2**32 - 1), st.integers(1, 99))
def test_a_faded_layer_gives_the_other_exactly_or_is_none(seed: int, percent: int) -> None:
    random, share = np.random.default_rng(seed), percent / 100
    before, result = random.integers(0, 256, (2, 8, 8, 4), np.uint8)
    before[..., 3], result[..., 3] = 255, 255
    faded = np.rint(before * (1 - share) + result * share).astype(np.uint8)
    layer = with_opacity(before, faded, share)
    assert layer is not None and np.abs(layer.astype(int) - result)[(before != faded).any(2)].max() <= 1 + 0.5 / share
    other = np.clip(faded + random.integers(-1, 2, faded.shape), 0, 255).astype(np.uint8)  # rounded in another way
    other[..., 3] = 255
    layer = with_opacity(before, other, share)
    if layer is not None:
        over = np.where(layer[..., 3:] > 0, before * (1 - share) + layer * share, before)
        assert np.array_equal(np.rint(over), other)
    white, grey = np.full((1, 1, 4), 255, np.uint8), np.full((1, 1, 4), 127, np.uint8)
    grey[..., 3] = 255
    assert with_opacity(white, grey, 0.5) is None  # black is not dark enough
    assert with_opacity(white, grey, 0) is None and with_opacity(np.zeros_like(grey), grey, 0.5) is None


# documents


def history(session: Session, document: str) -> list[Any]:
    """All that a document tells of its states but their ids: these are its own."""
    nodes = session.store.revisions.tree(document)
    places = {node.id: n for n, node in enumerate(nodes)}
    head, tip = session.store.documents.get(document).head, session.store.documents.get(document).tip
    return [
        (
            None if node.parent is None else places[node.parent],
            node.edit,
            session.store.revisions.picture(node.id).digest,
            node.name,
            node.created,
            node.starred,
            node.id == head,
            node.id == tip,
        )
        for node in nodes
    ]


def branched(workbench: Workbench) -> str:
    """A document with branches, a name, an undo, and nothing waiting."""
    document = workbench.open(cutout(300, 280), "Room", icc=profile(b"Wide"), edits=EDITS)
    workbench.session.undo(document)
    workbench.session.undo(document)
    workbench.session.submit(document, an_edit(disc(Box(5, 5, 50, 50)), seed=8))
    assert workbench.worker.run_one()
    workbench.session.rename(workbench.store.documents.get(document).head, "A branch")
    workbench.store.revisions.star(workbench.store.documents.get(document).head, True)
    workbench.session.undo(document)
    return document


def test_a_document_comes_back_whole(workbench: Workbench, tmp_path: Path) -> None:
    document, file = branched(workbench), tmp_path / "room.palimpsest"
    before = history(workbench.session, document)
    workbench.session.exports.write(document, file)
    for session in (workbench.session, Session(Store(tmp_path / "elsewhere"))):
        back = session.open_document(file)
        assert back.id != document and back.name == "Room"
        assert history(session, back.id) == before and session.store.documents.icc(back.id) == profile(b"Wide")
        assert [each.complaint for each in check(session.store) if each.complaint] == []
        assert session.open_document(file).id != back.id  # another one each time
    # what was drawn is there too: a changed blend costs no run
    model = HeedfulPipeline()
    worker = Worker(session.store, loader(model))
    step = next(
        node for node in session.store.revisions.tree(back.id) if node.edit and node.edit["pipeline"] == "heedful"
    )
    session.checkout(back.id, step.id)
    session.reblend(back.id, step.id, Blend(feather=1))
    assert worker.run_one() and not model.requests
    session.store.close()


def test_what_is_gone_or_waiting_stays_behind(workbench: Workbench, tmp_path: Path) -> None:
    document, file = branched(workbench), tmp_path / "room.palimpsest"
    before = history(workbench.session, document)
    workbench.session.submit(document, an_edit(Box(1, 1, 9, 9)))  # waits
    dropped = workbench.session.submit(document, an_edit(Box(2, 1, 90, 90)))
    workbench.session.cancel(dropped.id)
    other = workbench.open(noise(310, 290, 5), "Room")
    workbench.session.exports.write(document, file)
    session = Session(Store(tmp_path / "elsewhere"))
    assert history(session, session.open_document(file).id) == before
    (tile,) = set(workbench.session.picture(other).tiles.values()) & {workbench.session.picture(other).tiles[1, 1]}
    with pytest.raises(NotFound):
        session.store.blobs.file(tile)
    session.store.close()


def altered(change: Callable[[sqlite3.Connection], object]) -> Callable[[Path], None]:
    def alter(file: Path) -> None:
        db = sqlite3.connect(file)
        change(db)
        db.commit()
        db.close()

    return alter


REFUSED = {
    "text": (lambda file: file.write_text("hello"), "not a Palimpsest document"),
    "empty": (lambda file: file.write_bytes(b""), "not a Palimpsest document"),
    "cut short": (lambda file: file.write_bytes(file.read_bytes()[:9000]), "cannot be opened as a document"),
    "newer": (altered(lambda db: db.execute("PRAGMA user_version = 99")), "newer Palimpsest"),
    "another program's": (altered(lambda db: db.execute("DROP TABLE document")), "cannot be opened as a document"),
    "none": (altered(lambda db: db.execute("UPDATE document SET deleted = 1")), "holds 0 documents"),
    "a trigger": (
        altered(lambda db: db.execute("CREATE TRIGGER t AFTER INSERT ON blob BEGIN DELETE FROM document; END")),
        "more than a document",
    ),
    "other pixels": (
        altered(lambda db: db.execute("UPDATE blob SET bytes = ?", [encode_tile(noise(256, 256))])),
        "not what was stored",
    ),
    "missing pixels": (altered(lambda db: db.execute("DELETE FROM blob")), "does not match the others"),
    "a picture without an end": (
        altered(lambda db: db.execute("UPDATE revision SET box = '[0, 0, 900000, 900000]'")), "do not fill",
    ),
    "no box": (altered(lambda db: db.execute("UPDATE revision SET box = '[1, 2'")), "cannot be opened"),
    "an odd box": (altered(lambda db: db.execute("UPDATE revision SET box = '[null, 0, 9, 9]'")), "cannot be opened"),
    "no tiles": (altered(lambda db: db.execute("UPDATE revision SET tiles = x'00'")), "do not fill"),
    "an unknown edit": (
        altered(lambda db: db.execute("UPDATE revision SET edit = '{}' WHERE edit IS NOT NULL")), "lacks mask",
    ),
    "a head elsewhere": (altered(lambda db: db.execute("UPDATE document SET head = 'x', tip = 'x'")), "is missing"),
    "a mask for a tile": (
        altered(
            lambda db: db.execute("UPDATE revision SET tiles = ?", [bytes.fromhex(EDITS[0].mask.digest) * 4])
        ),
        "missing or damaged",
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", REFUSED)
def test_a_file_that_is_none_is_a_sentence_and_stores_nothing(tmp_path: Path, what: str) -> None:
    workbench = two_models(Store(tmp_path / "data"))
    file = tmp_path / "room.palimpsest"
    workbench.session.exports.write(workbench.open(noise(300, 280), "Room", edits=EDITS[:1]), file)
    alter, sentence = REFUSED[what]
    alter(file)  # type: ignore[operator]
    held, documents = file.read_bytes(), workbench.store.documents.all()
    blobs = workbench.store.database.rows("SELECT digest FROM blob ORDER BY digest")
    with pytest.raises(ValueError, match=str(sentence)):
        workbench.session.open_document(file)
    assert file.read_bytes() == held and workbench.store.documents.all() == documents
    assert workbench.store.database.rows("SELECT digest FROM blob ORDER BY digest") == blobs
    assert not [each for each in tmp_path.iterdir() if each.name.startswith(".")]
    workbench.store.close()


def test_an_older_file_is_brought_up_and_itself_left_alone(tmp_path: Path) -> None:
    workbench = two_models(Store(tmp_path / "data"))
    file = tmp_path / "room.palimpsest"
    document = workbench.open(noise(300, 280), "Room")  # of that format no tile is a difference
    workbench.session.exports.write(document, file)
    with sqlite3.connect(file) as db:
        for table in ("progress", "answer", "study_end", "study", "worker", "signed_out"):
            db.execute(f"DROP TABLE {table}")
        for column in ("remakes", "deaths", "death", "starred", "match", "match_word"):
            db.execute(f"ALTER TABLE revision DROP COLUMN {column}")
        db.execute("DROP INDEX of_owner")
        columns = ("icc", "metadata", "credentials", "credentials_checked", "served", "owner", "shared", "bytes")
        for column in columns:
            db.execute(f"ALTER TABLE document DROP COLUMN {column}")
        for column in ("base", "x", "y"):
            db.execute(f"ALTER TABLE blob DROP COLUMN {column}")
        db.execute("PRAGMA user_version = 3")
    db.close()
    held = file.read_bytes()
    back = workbench.session.open_document(file)
    assert history(workbench.session, back.id) == history(workbench.session, document) and file.read_bytes() == held
    workbench.store.close()


def test_a_damaged_document_is_not_written(tmp_path: Path) -> None:
    workbench = two_models(Store(tmp_path / "data"))
    document = workbench.open(noise(300, 280), "Room", edits=EDITS[:1])
    crop = workbench.store.database.row("SELECT crop FROM drawn")
    assert crop is not None
    with workbench.store.database.transaction() as db:
        db.run("UPDATE blob SET bytes = :b WHERE digest = :d", b=encode_png(noise(3, 3)), d=crop[0])
    workbench.store.close()
    workbench = two_models(Store(tmp_path / "data"))
    with pytest.raises(OSError, match=f"pixels {crop[0]} are missing or damaged"):
        workbench.session.exports.write(document, tmp_path / "room.palimpsest")
    assert [each.name for each in tmp_path.iterdir()] == ["data"]
    workbench.session.exports.write(document, tmp_path / "room.png")  # what needs no crop is written
    workbench.store.close()


def test_the_file_is_a_store_like_any_other(workbench: Workbench, tmp_path: Path) -> None:
    document = workbench.open(noise(120, 100), "Room", edits=[replace(edit, blend=Blend()) for edit in EDITS])
    (tmp_path / "data").mkdir()
    workbench.session.exports.write(document, tmp_path / "room.palimpsest")
    (tmp_path / "room.palimpsest").rename(tmp_path / "data" / FILE)
    session = Session(Store(tmp_path / "data"))
    (only,) = session.store.documents.all()
    assert json.dumps(session.picture(only.id).box) == json.dumps(workbench.session.picture(document).box)
    session.store.close()
