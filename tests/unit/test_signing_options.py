"""Signing on the command line: what is refused before any model runs, and what each command signs and says."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256K1, SECP384R1
from PIL import Image

from editor.cli.context import CommandContext
from editor.exports import LOST
from editor.formats.credentials import has_credentials, read_credentials
from editor.formats.signing import load_signer
from editor.imaging.geometry import Box
from pipelines.errors import InvalidInput
from tests.certificates import DAY, identity, signing
from tests.conftest import Run
from tests.fakes import NoisePipeline
from tests.samples import disc, noise


def files(folder: Path, **options: Any) -> tuple[Path, Path]:
    return identity(**options).written(folder)


def an_authority(folder: Path) -> tuple[Path, Path]:
    return identity()._replace(certificates=identity().root).written(folder)


def another_key(folder: Path) -> tuple[Path, Path]:
    return identity()._replace(key=identity("Sam").key).written(folder)


def words(folder: Path) -> tuple[Path, Path]:
    return identity()._replace(certificates=b"hello").written(folder)


def no_key(folder: Path) -> tuple[Path, Path]:
    return identity()._replace(key=b"hello").written(folder)


def missing(folder: Path) -> tuple[Path, Path]:
    return folder / "none.pem", folder / "none.key"


REFUSED = {
    "with a password": (lambda folder: files(folder, password="x"), "has a password"),
    "expired": (lambda folder: files(folder, days=(-9, -1)), "expired on"),
    "not yet valid": (lambda folder: files(folder, days=(1, 9)), "is not valid before"),
    "an authority's": (an_authority, "certificate authority's"),
    "another's key": (another_key, "does not belong to the certificate"),
    "for servers": (lambda folder: files(folder, purpose="SERVER_AUTH"), "emailProtection|cannot be signed"),
    "of an unknown curve": (lambda folder: files(folder, curve=SECP256K1), "of a kind that"),
    "words": (words, "holds no certificate in PEM"),
    "no key": (no_key, "holds no private key"),
    "missing": (missing, "cannot be read"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_cannot_sign_is_refused_before_a_model_is_loaded(
    what: str, tmp_path: Path, here: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    make, sentence = REFUSED[what]
    certificate, key = make(tmp_path)
    loaded = []
    monkeypatch.setattr(CommandContext, "load", lambda self, name: loaded.append(name))
    out = tmp_path / "out.png"
    ran = here("draw", "--size", "64x64", "--sign-cert", certificate, "--sign-key", key, "-o", out)
    assert ran.returncode == 1 and not loaded and not out.exists()
    with pytest.raises(InvalidInput, match=sentence) as error:
        load_signer(certificate, key, "1")
    assert ran.stderr == f"palimpsest: {error.value}\n"


def test_options_that_do_not_go_together_are_refused(tmp_path: Path, here: Run) -> None:
    certificate, key = identity().written(tmp_path)
    out = ("-o", tmp_path / "out.png")
    for options, sentence in (
        (("--sign-cert", certificate), "--sign-cert needs --sign-key"),
        (("--sign-key", key), "--sign-key needs --sign-cert"),
        (("--sign-prompts",), "--sign-prompts needs a certificate"),
        (("--sign-cert", certificate, "--sign-key", key, "--trust-certs", key), "holds no certificate in PEM"),
    ):
        ran = here("--data", tmp_path / "data", *options, "export", "x", *out)
        assert ran.returncode == 1 and sentence in ran.stderr


def test_other_keys_sign_too_and_an_expired_certificate_stops(tmp_path: Path) -> None:
    picture = tmp_path / "a.png"
    Image.fromarray(noise(9, 9)).save(picture)
    signer = load_signer(*files(tmp_path, curve=SECP384R1), "1")
    assert signer.algorithm == "es384" and signer.expires - datetime.now(UTC) > 29 * DAY
    assert has_credentials(signer.sign(picture.read_bytes(), [], created=False))
    late = signer.__class__(**signer.__dict__ | {"expires": datetime.now(UTC) - timedelta(seconds=1)})
    with pytest.raises(InvalidInput, match="expired on"):
        late.sign(picture.read_bytes(), [], created=False)


def test_every_command_that_writes_pictures_signs_them(tmp_path: Path, here: Run) -> None:
    certificate, key = identity().written(tmp_path)
    sign = ("--sign-cert", certificate, "--sign-key", key)
    data = ("--data", tmp_path / "data")
    root = tmp_path / "root.pem"
    root.write_bytes(identity().root)
    picture, mask = tmp_path / "picture.png", tmp_path / "mask.png"
    camera = signing(tmp_path, "A Camera")
    Image.fromarray(noise(64, 64)).save(picture)
    picture.write_bytes(camera.sign(picture.read_bytes(), [], created=True))
    Image.fromarray(disc(Box(0, 0, 64, 64)).alpha).save(mask)
    edit = ("edit", picture, "--mask", mask, "--pipeline", "classical", "--seed", 1)

    def agents(file: Path) -> list[str]:
        credentials = read_credentials(file.read_bytes(), identity().root.decode())
        assert credentials is not None and credentials.state == "trusted" and credentials.signer.startswith("Jo Doe")
        return [each.action.removeprefix("c2pa.") + each.agent for each in credentials.actions]

    one, adjusted, plain = tmp_path / "one.webp", tmp_path / "adjusted.png", tmp_path / "plain.png"
    assert here(*edit, *sign, "-o", one).returncode == 0
    assert agents(one) == ["created", "opened", "editedclassical"]
    assert here("edit", picture, "--adjust", "exposure=1", *sign, "-o", adjusted).returncode == 0
    assert agents(adjusted) == ["created", "opened", "edited"]
    ran = here(*edit, "-o", plain)
    assert ran.returncode == 0 and LOST in ran.stderr and not has_credentials(plain.read_bytes())

    results = tmp_path / "results"
    ran = here("run", plain, picture, "--pipeline", "classical", *sign, "-o", results)
    assert ran.returncode == 0, ran.stderr
    assert agents(results / "picture.png") == ["created", "opened", "editedclassical"]

    id = here(*data, "open", picture).stdout.split()[0]
    exported = tmp_path / "exported.jpg"
    ran = here(*data, "export", id, *sign, "-o", exported)
    assert ran.returncode == 0 and ran.stderr == ""
    assert agents(exported) == ["created", "opened"]
    assert "signed by A Camera (Studio Test)" in here(*data, "history", id).stderr

    ran = here("credentials", exported, picture, plain, "--trust-certs", root)
    assert ran.returncode == 0
    lines = ran.stdout.splitlines()
    assert "signed by Jo Doe (Studio Test): valid" in lines[0]
    assert lines[1].strip() == "c2pa.created (empty) says A Camera (Studio Test)"
    assert lines[-1] == f"{plain}: It has no content credentials."
    ran = here("credentials", mask, key)
    assert ran.returncode == 1 and "neither a picture" in ran.stderr
    document = tmp_path / "room.palimpsest"
    assert here(*data, "export", id, "-o", document).returncode == 0
    assert "could not be checked" in here("credentials", document).stdout

    ran = here("verify", plain, picture, results / "picture.png", "--pipeline", "classical")
    assert ran.returncode == 0 and "identical" in ran.stdout
    assert "picture.png: It has content credentials, signed by Jo Doe" in ran.stderr


def test_drawn_pictures_are_signed_as_created(tmp_path: Path, here: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(CommandContext, "load", lambda self, name: NoisePipeline(name="glide-mini"))
    certificate, key = identity().written(tmp_path)
    out, prompts = tmp_path / "out.png", tmp_path / "prompts.txt"
    options = ("draw", "--size", "64x64", "--sign-cert", certificate, "--sign-key", key)
    assert here(*options, "-o", out).returncode == 0
    prompts.write_text("one\ntwo\n")
    for _ in range(2):  # the second time nothing is left to do: what is signed is known again
        assert here(*options, "--prompts", prompts, "-o", tmp_path / "folder").returncode == 0
    for file in (out, *sorted((tmp_path / "folder").glob("*.png"))):
        credentials = read_credentials(file.read_bytes())
        assert credentials is not None
        sources = [(each.action, each.agent, each.source) for each in credentials.actions]
        assert sources == [("c2pa.created", "", "empty"), ("c2pa.edited", "glide-mini", "trainedAlgorithmicMedia")]
