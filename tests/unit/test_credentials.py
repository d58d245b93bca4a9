"""Content credentials: files that are signed, what others say, and what a document keeps of them."""

import json
import random
import sqlite3
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from io import BytesIO
from pathlib import Path
from threading import Thread
from typing import Any

import numpy as np
import pytest
from c2pa import Builder, C2paBuilderIntent, C2paSignerInfo
from c2pa import Signer as Native
from PIL import Image

from editor.edits.intents import complete, crop, paste
from editor.exports import LOST, UNSIGNED
from editor.formats.credentials import (
    INVALID,
    TRUSTED,
    UNTRUSTED,
    context,
    has_credentials,
    ingredient_of,
    read_credentials,
    read_ingredient,
)
from editor.formats.export import FORMATS, Format, encode, format_of, recipe_of
from editor.formats.images import read_image
from editor.formats.metadata import Metadata
from editor.imaging.geometry import Box
from editor.recipes.provenance import (
    ALTERED,
    COMBINED,
    COMPOSITE,
    EDITED,
    GENERATED,
    Signing,
    actions_of,
)
from editor.session import UNCHECKED, Session
from editor.store.store import Store
from editor.worker import Worker
from pipelines.errors import InvalidInput
from tests.certificates import identity, signing
from tests.fakes import NoisePipeline, loader
from tests.samples import an_edit, disc, noise, profile, strokes

ROOT = identity().root.decode()
METADATA = Metadata("Ann", "© Ann", (300.0, 300.0))
FRAME = Box(0, 0, 90, 70)
EDIT = an_edit(disc(Box(10, 10, 40, 40)))


@pytest.fixture(scope="module")
def jo(tmp_path_factory: pytest.TempPathFactory) -> Signing:
    return signing(tmp_path_factory.mktemp("jo"))


@pytest.fixture(scope="module")
def camera(tmp_path_factory: pytest.TempPathFactory) -> Signing:
    return signing(tmp_path_factory.mktemp("camera"), "A Camera")


@pytest.fixture(scope="module")
def photo(camera: Signing) -> bytes:
    """A signed PNG."""
    return camera.sign(encode(noise(90, 70), format_of(".png")).data, [], created=True)


def as_json(*edits: Any) -> list[dict[str, Any]]:
    return [json.loads(edit.to_json()) for edit in edits]


def edited(session: Session, document: str, *edits: Any) -> None:
    worker = Worker(session.store, loader(NoisePipeline()))
    for edit in edits:
        session.submit(document, edit)
        while worker.run_one():
            pass


def said(data: bytes, anchors: str = "") -> list[tuple[str, str, str]]:
    """The actions that a file's credentials tell of: what, by which software, who says so."""
    credentials = read_credentials(data, anchors)
    assert credentials is not None and credentials.state != INVALID
    return [(each.action, each.agent, each.signer.split(" (")[0]) for each in credentials.actions]


# files


@pytest.mark.parametrize("format", FORMATS, ids=lambda format: format.name)
def test_signing_changes_nothing_else_and_a_flipped_bit_shows(format: Format, jo: Signing) -> None:
    pixels, icc = noise(90, 70), profile()
    plain = encode(pixels, format, None, icc, '{"a": 1}', METADATA).data
    signed = jo.sign(plain, as_json(EDIT), created=False)
    with Image.open(BytesIO(plain)) as before, Image.open(BytesIO(signed)) as after:
        assert np.array_equal(np.asarray(before), np.asarray(after))
        assert before.info.get("icc_profile") == after.info.get("icc_profile") == icc
    assert read_image(signed).metadata == read_image(plain).metadata
    assert recipe_of(signed) == '{"a": 1}'
    assert not has_credentials(plain) and has_credentials(signed)
    credentials = read_credentials(signed)
    assert credentials is not None and credentials.state == UNTRUSTED and "Jo Doe (Studio Test)" in credentials.sentence
    trusted = read_credentials(signed, ROOT)
    assert trusted is not None and trusted.state == TRUSTED
    middle = plain[len(plain) // 2 :][:24]  # pixels, which are the same in both
    assert signed.count(middle) == 1
    at = signed.index(middle)
    for bit in (0, 60, 191):
        flipped = bytearray(signed)
        flipped[at + bit // 8] ^= 1 << bit % 8
        broken = read_credentials(bytes(flipped), ROOT)
        assert broken is not None and (broken.state, broken.reason) == (INVALID, "changed")
        assert "INVALID, since the file was changed" in broken.sentence


def test_each_kind_of_step_has_its_source() -> None:
    model = loader(NoisePipeline())("noise")
    fill = an_edit(disc(Box(10, 10, 40, 40)))
    sketch = complete(
        "sketch",
        EDIT.mask,
        {"sketch": strokes(Box(10, 10, 40, 40)), "seed": 1, "pipeline": "noise"},
        model,
        lambda: None,
    )
    removal = an_edit(disc(Box(10, 10, 40, 40)), prompt="", pipeline="patchmatch")
    placed = paste(strokes(Box(5, 5, 9, 9)))
    local = an_edit(disc(Box(10, 10, 40, 40)), pipeline="hf:/home/me/secret/sdxl")

    def sources(created: bool, *edits: Any) -> list[str]:
        actions = actions_of(as_json(*edits), created, False)
        assert all(action["action"] == "c2pa.edited" for action in actions)
        return [action["digitalSourceType"] for action in actions]

    assert sources(True, fill, crop(FRAME, Box(0, 0, 60, 60)), fill) == [GENERATED, EDITED, GENERATED]
    assert sources(False, fill, removal) == [COMPOSITE, ALTERED]
    hidden = replace(fill, blend=replace(fill.blend, visible=False))
    assert sources(True, hidden, fill) == [GENERATED]
    assert sources(True, placed, fill) == [COMBINED, COMPOSITE]
    assert sources(True, sketch.edit, fill) == [COMPOSITE, COMPOSITE]
    agents = [action.get("softwareAgent") for action in actions_of(as_json(fill, local, placed), True, False)]
    assert agents == [{"name": "noise"}, {"name": "hf:sdxl"}, None]


def test_prompts_are_left_out_unless_they_are_asked_for(jo: Signing) -> None:
    plain = encode(noise(90, 70), format_of(".png")).data
    quiet = jo.sign(plain, as_json(EDIT), created=True)
    open_ = Signing(jo.signer, prompts=True).sign(plain, as_json(EDIT), created=True)
    assert EDIT.prompt and EDIT.prompt.encode() not in quiet and EDIT.prompt.encode() in open_
    assert said(quiet) == said(open_) == [("c2pa.created", "", "Jo Doe"), ("c2pa.edited", "noise", "Jo Doe")]


# opened files


def test_the_chain_goes_through_edits_branches_and_document_files(
    store: Store, jo: Signing, photo: bytes, tmp_path: Path
) -> None:
    session = Session(store, jo, ROOT)
    document, notes = session.open_file(photo, "room")
    assert not notes
    found = session.credentials(document.id)
    assert found is not None and found.checked and found.credentials.state == TRUSTED
    opened = [("c2pa.created", "", "A Camera"), ("c2pa.opened", "", "Jo Doe")]
    edited(session, document.id, EDIT, an_edit(disc(Box(40, 20, 30, 30)), prompt="a lamp"))
    step = ("c2pa.edited", "noise", "Jo Doe")
    out = tmp_path / "out.png"

    def exported(id: str) -> list[tuple[str, str, str]]:
        assert session.exports.write(id, out, made_with="here") == ()
        assert recipe_of(out.read_bytes()) is not None or not session.can_undo(id)
        return said(out.read_bytes(), ROOT)

    assert exported(document.id) == [*opened, step, step]
    session.undo(document.id)
    assert exported(document.id) == [*opened, step]
    session.undo(document.id)
    assert exported(document.id) == opened
    edited(session, document.id, an_edit(disc(Box(40, 20, 30, 30)), prompt="a branch"))
    assert exported(document.id) == [*opened, step]
    copy = session.duplicate(document.id)
    assert exported(copy.id) == [*opened, step]
    assert session.exports.write(document.id, tmp_path / "room.palimpsest") == (UNSIGNED,)
    came = session.open_document(tmp_path / "room.palimpsest")
    assert exported(came.id) == [*opened, step]
    theirs = session.credentials(came.id)
    assert theirs is not None and not theirs.checked and theirs.sentences[1] == UNCHECKED
    again, _ = session.open_file(out.read_bytes(), "again")  # a chain of three
    edited(session, again.id, EDIT)
    assert exported(again.id) == [*opened, step, ("c2pa.opened", "", "Jo Doe"), step]


def test_a_picture_without_credentials_is_signed_as_opened_or_created(
    store: Store, jo: Signing, tmp_path: Path
) -> None:
    session, out = Session(store, jo), tmp_path / "out.webp"
    document, _ = session.open_file(encode(noise(90, 70), format_of(".png")).data)
    assert session.credentials(document.id) is None
    for id, first in ((document.id, "c2pa.opened"), (session.blank(90, 70).id, "c2pa.created")):
        edited(session, id, EDIT)
        session.exports.write(id, out)
        assert said(out.read_bytes()) == [(first, "", "Jo Doe"), ("c2pa.edited", "noise", "Jo Doe")]


def test_without_a_certificate_nothing_is_signed_and_what_is_lost_is_said(
    session: Session, photo: bytes, tmp_path: Path
) -> None:
    document, _ = session.open_file(photo)
    other, _ = session.open_file(encode(noise(90, 70), format_of(".png")).data)
    assert session.exports.write(document.id, tmp_path / "a.png") == (LOST,)
    assert session.exports.write(other.id, tmp_path / "b.png") == ()
    assert not any(has_credentials((tmp_path / name).read_bytes()) for name in ("a.png", "b.png"))


def test_what_is_invalid_is_a_note_and_stays_so_in_the_chain(
    store: Store, jo: Signing, photo: bytes, tmp_path: Path
) -> None:
    with Image.open(BytesIO(photo)) as image:
        shown = np.asarray(image)
    changed = photo.replace(b"IEND\xaeB\x60\x82", b"IEND\xaeB\x60\x82 ")
    assert changed != photo
    session = Session(store, jo)
    document, notes = session.open_file(changed)
    assert np.array_equal(session.picture(document.id).pixels(), shown)
    assert len(notes) == 1 and "INVALID, since the file was changed" in notes[0]
    session.exports.write(document.id, tmp_path / "out.png")
    credentials = read_credentials((tmp_path / "out.png").read_bytes())
    assert credentials is not None and credentials.state == UNTRUSTED  # which says that the opened file's are not
    kept = ingredient_of((tmp_path / "out.png").read_bytes()).archive
    assert kept is not None and b"assertion.dataHash.mismatch" in kept


def test_damaged_credentials_never_stop_a_picture(photo: bytes) -> None:
    rng, start = random.Random(20), photo.index(b"jumdc2pa") - 12
    size = int.from_bytes(photo[start : start + 4])
    outcomes = set()
    for _ in range(60):
        damaged = bytearray(photo)
        for _ in range(rng.choice((1, 1, 9))):
            damaged[start + rng.randrange(size)] ^= 1 << rng.randrange(8)
        ingredient = ingredient_of(bytes(damaged))
        if has_credentials(bytes(damaged)):
            outcomes.add((ingredient.archive is None, len(ingredient.notes)))
        if ingredient.archive is not None:
            assert read_ingredient(ingredient.archive) is not None
    assert {(True, 1), (False, 1)} <= outcomes <= {(True, 1), (False, 1), (False, 0)}  # the last: in the padding


def test_no_address_in_a_file_is_asked(jo: Signing, session: Session) -> None:
    asked = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_error(404)

        def log_message(self, *arguments: object) -> None:
            pass

    plain, signed = encode(noise(90, 70), format_of(".png")).data, BytesIO()
    signer = jo.signer
    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        info = C2paSignerInfo(signer.algorithm, signer.certificates, signer.key, None)
        with context("") as settings, Native.from_info(info) as native, Builder({}, settings) as builder:
            builder.set_intent(C2paBuilderIntent.CREATE)
            builder.set_no_embed()
            builder.set_remote_url(f"http://127.0.0.1:{server.server_port}/x.c2pa")
            builder.sign(native, "image/png", BytesIO(plain), signed)
        document, notes = session.open_file(signed.getvalue())
        assert session.credentials(document.id) is None
        assert len(notes) == 1 and "No address is asked" in notes[0]
        with pytest.raises(InvalidInput, match="no address is asked"):
            read_credentials(signed.getvalue())
        server.shutdown()
    assert asked == []


# document files of strangers

FORGED = {
    "words": b"credentials",
    "nothing": b"",
    "a store of manifests that is no archive": None,
    "too many bytes": b"\0" * (2**23 + 1),
}


@pytest.mark.parametrize("what", FORGED)
def test_forged_credentials_in_a_document_file_are_refused(
    what: str, session: Session, photo: bytes, jo: Signing, tmp_path: Path
) -> None:
    document, _ = session.open_file(photo)
    file = tmp_path / "room.palimpsest"
    session.exports.write(document.id, file)
    start = photo.index(b"jumdc2pa") - 12
    forged = FORGED[what]
    if forged is None:
        forged = photo[start : start + int.from_bytes(photo[start : start + 4])]
    with sqlite3.connect(file) as db:
        db.execute("UPDATE document SET credentials = ?, credentials_checked = 1", [forged])
    db.close()
    before = session.store.documents.all()
    with pytest.raises(InvalidInput, match="content credentials"):
        session.open_document(file)
    assert session.store.documents.all() == before


def test_damage_to_a_stored_archive_is_seen_or_harmless(photo: bytes) -> None:
    rng, archive = random.Random(7), ingredient_of(photo).archive
    assert archive is not None
    sound, refused = read_ingredient(archive), 0
    for _ in range(60):
        damaged = bytearray(archive)
        damaged[rng.randrange(len(archive))] ^= 1 << rng.randrange(8)
        try:
            assert read_ingredient(bytes(damaged)) in (sound, None)
        except InvalidInput:
            refused += 1
    assert refused > 30


def test_damaged_credentials_of_a_document_are_left_out_of_the_export(
    store: Store, jo: Signing, photo: bytes, tmp_path: Path
) -> None:
    session = Session(store, jo)
    document, _ = session.open_file(photo)
    with store.database.transaction() as db:
        db.run("UPDATE document SET credentials = :junk", junk=b"junk")
    (note,) = session.exports.write(document.id, tmp_path / "out.png")
    assert "damaged" in note and said((tmp_path / "out.png").read_bytes()) == [("c2pa.opened", "", "Jo Doe")]
    with pytest.raises(InvalidInput, match="damaged"):
        session.credentials(document.id)


def test_without_the_package_a_sentence_names_it(
    photo: bytes, session: Session, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    kept, _ = session.open_file(photo)
    session.exports.write(kept.id, tmp_path / "room.palimpsest")
    monkeypatch.setattr("editor.formats.credentials.find_spec", lambda name: None)
    document, notes = session.open_file(photo)
    assert session.store.documents.credentials(document.id) is None
    assert len(notes) == 1 and "pip install 'palimpsest-editor[studio]'" in notes[0]
    came = session.open_document(tmp_path / "room.palimpsest")  # kept for who has it
    assert session.store.documents.credentials(came.id) is not None
    for refused in (lambda: session.credentials(came.id), lambda: read_credentials(photo)):
        with pytest.raises(InvalidInput, match="studio"):
            refused()
