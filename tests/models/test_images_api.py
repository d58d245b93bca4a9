"""Pipelines on other servers, against a real one: what is sent, to whom, and what comes of each answer."""

import json
import os
import socket
import ssl
import stat
import subprocess
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import numpy as np
import pytest
from PIL import Image

import pipelines
from editor.edits.apply import apply
from editor.edits.edit import Edit
from editor.edits.plan import plan
from editor.formats.export import recipe_of
from editor.imaging.geometry import Box
from editor.imaging.picture import Picture
from pipelines import http_call, images_api
from pipelines.base import Adapter, PipelineInfo, Request, run
from pipelines.endpoint import HOSTED, HOSTED_SIZES, KEYS, key_for, read_endpoint, save_key
from pipelines.errors import InvalidInput
from pipelines.images_api import ImagesApi
from tests.conftest import Run
from tests.fake_images_api import PATIENCE, Asked, FakeImagesApi, Reply, answer, png, refusal
from tests.fakes import loader
from tests.laws import check_edit
from tests.samples import disc, noise

SECRET = "sk-a-key-of-a-test"


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeImagesApi]:
    for name in (KEYS, "OPENAI_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    api = FakeImagesApi()
    yield api
    api.stop()


def model(api: FakeImagesApi, sizes: str = ";64x64,96x64", keys: Path | None = None) -> ImagesApi:
    name = api.name(sizes=sizes)
    return ImagesApi(name, read_endpoint(name.removeprefix("openai:")), keys)


def request(side: int = 64, seeds: tuple[int, ...] = (0,), prompt: str | tuple[str, ...] = "a vase") -> Request:
    mask = np.zeros((side, side), np.uint8)
    mask[8:24, 8:24], mask[24, 8:24] = 255, 100
    image = noise(side, side)
    return Request(
        image=image, mask=mask, prompt=prompt, negative_prompt="", guidance=2, clip_guidance=0, strength=1, steps=20,
        sampler="dpmpp_2m", seeds=seeds,
    )  # fmt: skip


def refused(api: FakeImagesApi, *replies: Reply, keys: Path | None = None) -> str:
    """The sentence with which a request ends after these replies."""
    api.replies = [*replies]
    with pytest.raises(InvalidInput) as raised:
        run(model(api, keys=keys).inpaint(request()))
    sentence = str(raised.value)
    assert sentence[0].isupper() or sentence.startswith("127.0.0.1"), sentence
    assert sentence.rstrip('"')[-1] in ".", sentence
    assert SECRET not in sentence
    return sentence


def test_an_edit_by_another_server_keeps_the_laws(api: FakeImagesApi) -> None:
    """Whatever the server makes of the rest of the window, every byte outside the mask stays."""
    there = model(api)
    picture = Picture.from_pixels(noise(200, 150))
    for box in (Box(60, 50, 40, 30), Box(0, 0, 50, 20), Box(20, 60, 140, 60)):
        edit = Edit(disc(box), prompt="a vase", seed=1, pipeline=there.name)
        applied = check_edit(edit, picture, loader(there))
        assert api.asked
        middle = Box(box.x + box.width // 2, box.y + box.height // 2, 1, 1)
        assert not np.array_equal(applied.picture.read(middle).pixels, picture.read(middle).pixels)


def test_what_is_sent_is_the_window_without_its_hole(api: FakeImagesApi) -> None:
    asked = request()
    run(model(api).inpaint(asked))
    (came,) = api.asked
    assert came.path == "/v1/images/edits" and came.authorization is None
    assert came.fields == {
        "model": "painter", "prompt": "a vase", "n": "1", "size": "64x64", "response_format": "b64_json",
    }  # fmt: skip
    hole = asked.mask > 0
    for name in ("image", "mask"):
        assert np.array_equal(came.files[name][..., 3], np.where(hole, 0, 255))
    assert np.array_equal(came.files["image"][~hole][:, :3], asked.image[~hole])
    assert not came.files["image"][hole].any() and not came.files["mask"][..., :3].any()


def test_the_plan_counts_the_pixels_that_are_sent(api: FakeImagesApi) -> None:
    there = model(api)
    picture = Picture.from_pixels(noise(400, 300))
    mask = disc(Box(20, 20, 30, 30)).joined(disc(Box(300, 200, 60, 30)))
    edit = Edit(mask, prompt="a vase", seed=1, pipeline=there.name)
    planned = plan(edit, picture.box, PipelineInfo.of(there))
    run(apply(edit, picture, loader(there)))
    assert planned.pixels == sum(came.files["image"][..., 0].size for came in api.asked) > 0


def test_each_variation_is_a_request_and_a_step(api: FakeImagesApi) -> None:
    steps = list[tuple[int, int]]()
    there = model(api)
    images = run(there.inpaint(request(seeds=(1, 2, 3))), lambda step: steps.append((step.index, step.total)))
    assert images.shape == (3, 64, 64, 3) and len(api.asked) == 3
    assert [step for step in dict.fromkeys(steps) if step[0]] == [(1, 3), (2, 3), (3, 3)]
    assert {"seeds", "steps", "guidance", "negative_prompt"} <= set(there.unsupported)


def test_each_picture_goes_with_its_own_prompt(api: FakeImagesApi) -> None:
    run(model(api).inpaint(request(prompt=("a vase", "a lamp"), seeds=(1, 2))))
    assert [asked.fields["prompt"] for asked in api.asked] == ["a vase", "a lamp"]


def test_without_a_prompt_it_is_told_to_continue_the_surroundings(api: FakeImagesApi) -> None:
    run(model(api).inpaint(request(prompt="")))
    assert api.asked[0].fields["prompt"] == images_api.FILL


def test_adapters_are_refused_before_anything_is_sent(api: FakeImagesApi) -> None:
    from dataclasses import replace

    with pytest.raises(InvalidInput, match="takes no adapters"):
        run(model(api).inpaint(replace(request(), adapters=(Adapter("a.safetensors", 1),))))
    assert api.asked == []


def test_a_picture_by_its_address_comes_from_the_same_server_alone(api: FakeImagesApi, tmp_path: Path) -> None:
    api.key = SECRET
    there = model(api, keys=kept(api, tmp_path))
    for where in ("{url}/v1/drawn.png", "/v1/drawn.png", "drawn.png"):
        api.by_url = where
        assert (run(there.inpaint(request()))[0, 16, 16] == api.colour).all()
    other = FakeImagesApi()
    for where in (f"{other.url}/v1/drawn.png", "https://127.0.0.1/drawn.png", "file:///etc/passwd"):
        api.by_url = where
        with pytest.raises(InvalidInput, match="another server"):
            run(there.inpaint(request()))
    other.stop()
    assert other.asked == []


def test_a_server_with_one_form_of_answer_is_asked_without_a_choice(api: FakeImagesApi) -> None:
    there = model(api)
    api.replies = [refusal(400, "Unknown parameter: 'response_format'.", "unknown_parameter")]
    run(there.inpaint(request(seeds=(1, 2))))
    assert ["response_format" in came.fields for came in api.asked] == [True, False, False]


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (refusal(401, f"Incorrect key: {SECRET}."), ("does not take its key", "Enter it in Settings", "[the key]")),
        (refusal(403, "You may not."), ("does not let this key use painter", "You may not")),
        (refusal(404, "The model does not exist."), ("no model painter", "does not exist")),
        (refusal(429, "Slow down.", Retry_After="20"), ("in 20 seconds", "Slow down")),
        (refusal(429, "Slow down.", Retry_After="Wed, 21 Oct 2026 07:28:00 GMT"), ("a little later",)),
        (refusal(429, "You exceeded your quota.", "insufficient_quota"), ("nothing left to pay",)),
        (refusal(400, "Rejected by the safety system.", "moderation_blocked"), ("against its rules", "safety")),
        (refusal(400, "Invalid size '64x64'."), ("does not draw 64x64", ";512x512")),
        (refusal(400, "Something\x1b[2J\nelse " + "x" * 9999), ("refused the request", "Something [2J else")),
        (Reply(400, b"<html>"), ("does not say why",)),
        (refusal(413, ""), ("takes no picture of 64x64",)),
        (refusal(500, "Oops."), ("failed while it drew (status 500)",)),
        (Reply(503, b""), ("failed while it drew (status 503)",)),
        (Reply(302, b"", (("Location", "http://127.0.0.1:1/"),)), ("sends on to another address",)),
        (Reply(200, b"{}"), ("answered with no picture",)),
        (Reply(200, b"[" * 100_000), ("answered with no picture",)),
        (Reply(200, b'{"data": [{"b64_json": "!"}]}'), ("answered with no picture",)),
        (Reply(200, b'{"data": [{"b64_json": 5}]}'), ("answered with no picture",)),
        (answer(b64_json="AAAA"), ("broken",)),
        (Reply(200, b"{", (("Content-Length", "100"),)), ("broke",)),
        (Reply(200, b"", (("Content-Length", str(1 << 40)),)), ("far more than a picture needs",)),
    ],
)  # fmt: skip
def test_every_refusal_is_a_sentence(api: FakeImagesApi, tmp_path: Path, reply: Reply, words: tuple[str, ...]) -> None:
    sentence = refused(api, reply, keys=kept(api, tmp_path))
    assert all(each in sentence for each in words), sentence
    assert len(sentence) < 700 and sentence.isprintable()
    assert len(api.asked) == 1


def kept(api: FakeImagesApi, folder: Path) -> Path:
    """A file with the key for this server."""
    file = folder / "api-keys.json"
    save_key(read_endpoint(api.name().removeprefix("openai:")), SECRET, file)
    return file


def test_a_picture_of_another_size_or_cut_short_is_refused(api: FakeImagesApi) -> None:
    import base64

    whole = png(noise(32, 32))
    assert "drew 32x32 pixels where 64x64" in refused(api, answer(b64_json=base64.b64encode(whole).decode()))
    half = png(noise(64, 64))[:3000]
    assert "broken" in refused(api, answer(b64_json=base64.b64encode(half).decode()))


def test_an_answer_without_end_is_not_read_to_its_end(api: FakeImagesApi, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_call, "MOST_BYTES", 1 << 20)
    body = b"x" * (1 << 23)
    for headers in ((("Content-Length", str(len(body))),), (("Connection", "close"),)):  # with its length said, and not
        assert "far more than a picture needs" in refused(api, Reply(200, body, headers))


def test_a_closed_run_ends_its_connection_at_once(api: FakeImagesApi) -> None:
    api.hold.clear()
    steps = model(api).inpaint(request(seeds=(1, 2)))
    step = next(steps)
    assert (step.index, step.total, step.preview) == (0, 2, None)
    assert api.held.wait(PATIENCE)
    began = time.monotonic()
    steps.close()
    assert time.monotonic() - began < 1  # the promise of a second is what is tested
    assert api.cut.wait(PATIENCE)
    assert len(api.asked) == 1


def test_a_server_that_says_nothing_is_given_up(api: FakeImagesApi, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_call, "CONNECT_TIMEOUT", 0.3)
    monkeypatch.setattr(http_call, "ANSWER_TIMEOUT", 0.0001)
    api.hold.clear()
    with pytest.raises(InvalidInput, match="did not answer"):
        run(model(api).inpaint(request()))
    assert api.cut.wait(PATIENCE)
    api.hold.set()
    # seconds: each byte comes well within them, the last does not
    monkeypatch.setattr(http_call, "ANSWER_TIMEOUT", 0.5)
    api.replies = [Reply(200, b" " * 1000, (("Content-Length", "1000"),), pause=0.02)]
    with pytest.raises(InvalidInput, match=r"did not answer within 0\.5 seconds"):
        run(model(api).inpaint(request()))


def test_a_server_that_is_not_there_is_named(api: FakeImagesApi) -> None:
    there = model(api)
    api.stop()
    with pytest.raises(InvalidInput, match="Nothing listens at 127"):
        run(there.inpaint(request()))


def test_a_name_that_leads_nowhere_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(InvalidInput, match="There is no server nowhere to be found"):
        run(pipelines.load("openai:https://nowhere/v1#m;64x64").inpaint(request()))


def test_a_certificate_that_nobody_vouches_for_ends_it_before_anything_is_sent(tmp_path: Path) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
         "-addext", "subjectAltName=DNS:localhost", "-keyout", key, "-out", certificate],
        check=True, capture_output=True,
    )  # fmt: skip
    came = list[str]()

    class Noting(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            came.append(self.path)

        def log_message(self, *_: object) -> None: ...

    class Quiet(ThreadingHTTPServer):
        def handle_error(self, *_: object) -> None: ...

    server = Quiet(("127.0.0.1", 0), Noting)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    there = pipelines.load(f"openai:https://localhost:{server.server_port}/v1#m;64x64")
    with pytest.raises(InvalidInput, match="could not prove who it is"):
        run(there.inpaint(request()))
    server.shutdown()
    server.server_close()
    assert came == []


# names


@pytest.mark.parametrize(
    ("written", "one"),
    [
        ("https://API.example.org/v1/#gpt-image-1", "https://api.example.org/v1#gpt-image-1"),
        ("HTTPS://api.example.org:443/v1#m", "https://api.example.org/v1#m"),
        ("http://127.0.0.1:8000/v1#m;1024x1024,1536x1024,1024x1536", "http://127.0.0.1:8000/v1#m"),
        ("http://[::1]:8000#owner/m;512x512", "http://[::1]:8000#owner/m;512x512"),
        ("http://box:80/v1#m", "http://box/v1#m"), ("http://box.local/v1#@cf/m", "http://box.local/v1#@cf/m"),
        ("http://192.168.1.7/v1#m", "http://192.168.1.7/v1#m"),
    ],
)  # fmt: skip
def test_one_model_has_one_name(written: str, one: str) -> None:
    assert pipelines.in_full(f"openai:{written}") == f"openai:{one}"
    assert pipelines.in_full(f"openai:{one}") == f"openai:{one}"
    assert read_endpoint(one).name == one


@pytest.mark.parametrize(
    "written",
    [
        "", "#m", "gpt-image-1", "https://host/v1", "https://host/v1#", "ftp://host#m", "file:///etc/passwd#m",
        "https:///v1#m", "https://host:port/v1#m", "https://[::1#m", "https://ho st/v1#m", "https://host/v1#m\n",
        f"https://{SECRET}@host/v1#m", f"https://user:{SECRET}@host/v1#m", f"https://host/v1?key={SECRET}#m",
        "http://example.org/v1#m", "http://8.8.8.8/v1#m", "https://host#m;512", "https://host#m;512x768",
        "https://host#m;512x512,", "https://host#m;8x8", "https://host#m;9000x9000",
    ],
)  # fmt: skip
def test_what_is_no_address_is_refused_with_a_sentence_and_without_its_key(written: str) -> None:
    with pytest.raises(InvalidInput) as raised:
        pipelines.in_full(f"openai:{written}")
    assert SECRET not in str(raised.value) and str(raised.value).endswith(".")


def test_the_sizes_are_the_hosted_ones_unless_the_name_has_others(api: FakeImagesApi) -> None:
    there = pipelines.load(api.name())
    assert there.size == 1024 and {(wide, high) for high, wide in there.buckets} | {(1024, 1024)} == {*HOSTED_SIZES}
    assert there.host == api.host
    other = model(api)
    assert (other.size, other.buckets) == (64, ((64, 96),))


# keys


def test_a_key_goes_to_the_server_it_was_given_for_and_to_no_other(
    api: FakeImagesApi, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = FakeImagesApi()
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-the-hosted-one")
    monkeypatch.setenv(KEYS, f"{other.url}=of-the-other https://elsewhere.example=no")
    file = kept(api, tmp_path)
    api.key, other.key = SECRET, "of-the-other"
    for each in (api, other):
        run(model(each, keys=file).inpaint(request()))
    other.stop()
    assert [came.authorization for came in api.asked] == [f"Bearer {SECRET}"]
    assert [came.authorization for came in other.asked] == ["Bearer of-the-other"]
    assert key_for(HOSTED, file) == "sk-of-the-hosted-one"
    for stranger in ("http://api.openai.com", "https://api.openai.com.example", "https://api.openai.com:8443"):
        assert key_for(stranger, file) == ""


def test_an_entered_key_is_its_owners_alone_and_can_be_forgotten(api: FakeImagesApi, tmp_path: Path) -> None:
    file = kept(api, tmp_path)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    there = read_endpoint(api.name().removeprefix("openai:"))
    assert key_for(there.origin, file) == SECRET
    second = read_endpoint("https://example.org/v1#m")
    save_key(second, "another", file)
    save_key(there, "", file)
    assert json.loads(file.read_text()) == {"https://example.org": "another"}
    assert [each.name for each in tmp_path.iterdir()] == [file.name]
    for wrong in ("two words", "new\r\nHost: x", "ключ", "x" * 501):
        with pytest.raises(InvalidInput):
            save_key(there, wrong, file)
    file.write_text("{")
    with pytest.raises(InvalidInput, match="cannot be read"):
        key_for(there.origin, file)


def test_a_key_in_the_environment_comes_before_the_entered_one(
    api: FakeImagesApi, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(KEYS, f"{api.url}/=newer")
    assert key_for(api.url, kept(api, tmp_path), os.environ) == "newer"


def test_an_address_is_asked_as_it_is(api: FakeImagesApi) -> None:
    """Nothing is asked before an edit is: neither by naming a model nor by loading it."""
    there = pipelines.load(api.name(model="owner/painter v2", sizes=";64x64"))
    assert api.asked == []
    run(there.inpaint(request()))
    assert [came.fields["model"] for came in api.asked] == ["owner/painter v2"]
    assert isinstance(api.asked[0], Asked)


# from the command line


def test_a_recipe_keeps_the_address_without_the_key_and_asks_nobody_unasked(
    api: FakeImagesApi, tmp_path: Path, here: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    api.key, name = SECRET, api.name(sizes=";64x64")
    monkeypatch.setenv(KEYS, f"{api.url}={SECRET}")
    picture, mask, out = tmp_path / "picture.png", tmp_path / "mask.png", tmp_path / "out.png"
    before = noise(120, 90)
    picture.write_bytes(png(before))
    hole = np.zeros((90, 120), np.uint8)
    hole[30:50, 40:70] = 255
    mask.write_bytes(png(hole))
    (tmp_path / "models.toml").write_text(f'[painter]\npipeline = "{name}"\n')
    own = ("--models", tmp_path / "models.toml")
    done = here(
        "edit", picture, "--mask", mask, "--prompt", "a vase", "--pipeline", "painter", *own, "--variations", 2,
        "-o", out,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert f"Up to 8,192 pixels of the picture are sent to {api.host}." in done.stderr
    first = tmp_path / "out-1.png"
    recipe = recipe_of(first.read_bytes())
    assert recipe is not None and json.loads(recipe)["steps"] and name in recipe
    assert all(SECRET.encode() not in file.read_bytes() for file in tmp_path.glob("*"))
    after = np.asarray(Image.open(first))
    changed = (after != before).any(axis=-1)
    assert changed[35:45, 45:65].all() and not changed[:20].any() and not changed[:, :25].any()

    asked = len(api.asked)
    alone = here("--data", tmp_path / "data", "run", first, picture, "-o", tmp_path / "results")
    assert alone.returncode == 1 and "none of those offered here" in alone.stderr
    assert len(api.asked) == asked  # a recipe of somebody's sends nothing
    chosen = here("run", first, picture, *own, "-o", tmp_path / "results")
    assert chosen.returncode == 0, chosen.stderr
    assert len(api.asked) == asked + 1


def test_the_list_of_models_names_the_server(api: FakeImagesApi, tmp_path: Path, here: Run) -> None:
    (tmp_path / "models.toml").write_text(f'[painter]\npipeline = "{api.name()}"\n')
    done = here("models", "--models", tmp_path / "models.toml")
    assert done.returncode == 0 and api.name() in done.stdout and f"the terms of {api.host}" in done.stdout
    assert api.asked == []
