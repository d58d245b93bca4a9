"""The routes of pictures that are placed into a document: read from a file, and laid in as they are."""

import json
from io import BytesIO
from typing import Any
from urllib.parse import unquote

import numpy as np
import pytest
from PIL import Image, ImageCms

from editor.edits.intents import paste
from editor.formats.colours import to_profile
from editor.formats.images import encode_png, read_image
from editor.imaging.geometry import Box
from editor.imaging.picture import Picture
from editor.imaging.raster import Patch, Pixels
from editor.store.store import Store
from tests.samples import noise, strokes
from tests.wire import RouteClient, refused, sent

SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def wide_profile() -> bytes:
    """sRGB's profile with red and green exchanged: a profile that no colours look the same in."""
    profile = bytearray(SRGB)
    for n in range(int.from_bytes(profile[128:132], "big")):
        at = 132 + 12 * n
        name = bytes(profile[at : at + 4])
        if name in (b"rXYZ", b"gXYZ"):
            profile[at : at + 4] = {b"rXYZ": b"gXYZ", b"gXYZ": b"rXYZ"}[name]
    return bytes(profile)


def read(routes: RouteClient, document: str, data: bytes) -> tuple[Pixels, list[str]]:
    answer = routes.post(f"documents/{document}/picture-file", content=data)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "image/png"
    image = Image.open(BytesIO(answer.content))
    assert image.mode == "RGBA"
    return np.asarray(image), json.loads(unquote(answer.headers["palimpsest-notes"]))


@pytest.mark.parametrize("channels", [3, 4])
def test_a_file_is_read_to_the_byte_with_its_transparency(
    routes: RouteClient, state: dict[str, Any], channels: int
) -> None:
    pixels = noise(40, 30) if channels == 3 else strokes(Box(0, 0, 40, 30)).pixels
    got, notes = read(routes, state["document"], encode_png(pixels))
    assert np.array_equal(got[..., :channels], pixels) and notes == []
    assert channels == 4 or (got[..., 3] == 255).all()


def test_what_is_converted_is_said_and_what_is_no_picture_refused(routes: RouteClient, state: dict[str, Any]) -> None:
    file = BytesIO()
    Image.new("CMYK", (8, 6), (0, 255, 255, 0)).save(file, "JPEG")
    _, notes = read(routes, state["document"], file.getvalue())
    assert any("CMYK" in note for note in notes)
    got, notes = read(routes, state["document"], encode_png(noise(8200, 10)))
    assert got.shape == (10, 8192, 4) and any("8,192 x 10" in note for note in notes)
    refused(routes.post(f"documents/{state['document']}/picture-file", content=b"hello"), 400)
    refused(routes.post("documents/nothing/picture-file", content=encode_png(noise(4, 4))), 404)


def test_its_colours_look_the_same_under_the_documents_own_profile(routes: RouteClient, store: Store) -> None:
    profile = wide_profile()
    document = store.documents.create(Picture.from_pixels(noise(40, 30)), "wide", icc=profile)
    red = np.zeros((6, 8, 3), np.uint8)
    red[..., 0] = 230
    got, _ = read(routes, document.id, encode_png(red))
    assert np.abs(got[..., :3].astype(int) - [0, 230, 0]).max() <= 2  # what this profile calls green is red
    file = BytesIO()
    Image.fromarray(red).save(file, "PNG", icc_profile=profile)
    assert np.array_equal(read(routes, document.id, file.getvalue())[0][..., :3], red)


def test_a_damaged_profile_leaves_the_colours_as_they_are() -> None:
    pixels = strokes(Box(0, 0, 9, 7)).pixels
    assert np.array_equal(to_profile(pixels, b"no profile", SRGB), pixels)
    assert to_profile(pixels, None, None) is pixels
    assert np.array_equal(to_profile(pixels, None, wide_profile())[..., 3], pixels[..., 3])


def packet(state: dict[str, Any], piece: Patch | None, parent: object = None) -> bytes:
    return sent({"parent": state["tail"] if parent is None else parent, "picture": piece})


def test_a_pasted_picture_is_a_job_that_no_model_runs(routes: RouteClient, state: dict[str, Any]) -> None:
    piece, path = strokes(Box(20, 30, 50, 40)), f"documents/{state['document']}/paste"
    [job] = routes.post(path, content=packet(state, piece)).json()["jobs"]
    edit = routes.session.store.revisions.get(job["revision"]).edit
    assert edit == paste(piece)
    assert routes.post(path, content=packet(state, piece)).json()["jobs"] == [job]  # who had no answer asks again
    assert routes.worker.run_one()
    now = routes.state(state)
    assert now["head"] == job["revision"]
    assert routes.post(path, content=packet(state, piece)).json()["jobs"] == [job]
    [_, node] = routes.get(f"documents/{state['document']}/tree").json()
    assert node["mode"] == "paste"
    thumbnail = read_image(routes.get(f"revisions/{job['revision']}/step").content).pixels
    assert thumbnail.shape[0] == thumbnail.shape[1]


def test_it_waits_behind_what_runs_and_is_refused_on_what_has_moved_on(
    routes: RouteClient, state: dict[str, Any]
) -> None:
    path, piece = f"documents/{state['document']}/paste", strokes(Box(20, 30, 50, 40))
    running = routes.submit(state).json()
    [job] = routes.post(path, content=packet(running, piece)).json()["jobs"]
    assert routes.session.store.revisions.get(job["revision"]).parent == running["tail"]
    refused(routes.post(path, content=packet(state, strokes(Box(0, 0, 9, 9)))), 409, "another tab")
    while routes.worker.run_one():
        pass
    assert routes.state(state)["head"] == job["revision"]


def test_what_cannot_be_pasted_is_a_sentence_and_changes_nothing(routes: RouteClient, state: dict[str, Any]) -> None:
    path = f"documents/{state['document']}/paste"
    bare = Patch(Box(0, 0, 4, 3), np.zeros((3, 4, 4), np.uint8))
    refused(routes.post(path, content=packet(state, None)), 400, "not null")
    refused(routes.post(path, content=packet(state, bare)), 400, "transparent everywhere")
    refused(routes.post(path, content=packet(state, strokes(Box(900, 0, 9, 9)))), 400, "outside")
    refused(routes.post(path, content=packet(state, strokes(Box(0, 0, 9, 9)), parent=[1])), 409, "another tab")
    refused(routes.post(path, content=b'{"picture": null}\n'), 400, "exactly these keys")
    assert routes.session.store.jobs.pending(state["document"]) == []
