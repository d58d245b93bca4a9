"""The table of recommended models: what fits where, what is taken of each, and its own settings."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import pipelines
from editor.imaging.geometry import Box
from editor.recipes.recipe import Recipe
from pipelines.base import Machine, Request, run
from pipelines.errors import InvalidInput
from pipelines.hf.hub import ON_HUB
from pipelines.hf.loading import load_hf
from pipelines.hf.repository import RemoteFile, Repository, Unavailable, download, look_up
from pipelines.library import Library
from pipelines.recommended import (
    ADAPTER,
    DISK,
    FILL,
    NO,
    OFFLOADED,
    REMOVE,
    USES,
    WHOLE,
    best,
    commercial,
    files_to_download,
    fits_by_size,
    fitting,
    recommended,
)
from tests import tiny_diffusers
from tests.fake_hub import FakeHub, served
from tests.models.test_lama import Tiny
from tests.samples import an_edit, disc

GB = 10**9
ROOMY = 10**13  # bytes
LAMA = "JosephCatrambone/big-lama-torchscript"
TURBO = "Tongyi-MAI/Z-Image-Turbo"


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeHub]:
    with served(tmp_path, monkeypatch) as fake:
        yield fake


def card(gigabytes: float, memory: float = 64) -> Machine:
    return Machine("a card", int(gigabytes * GB), int(memory * GB), 2)


def test_every_row_says_what_it_must() -> None:
    rows = recommended()
    assert len(rows) > 10
    for id, row in rows.items():
        assert ON_HUB.fullmatch(id) and row.id == id and row.use in USES and row.title and row.good_for, id
        assert 0 < row.memory_offloaded <= row.memory and row.download > 10**8, id
        assert commercial(row.licence) is row.commercial, f"{id}: {row.licence}"
        assert bool(row.files) == (row.use != FILL), id  # the others are folders of diffusers
        assert row.use != ADAPTER or any(row.family == other.family for other in rows.values() if other.use == FILL), id


@given(st.floats(0.1, 200), st.floats(0.1, 200), st.floats(0, 200), st.floats(1, 500))
def test_more_memory_never_fits_worse(one: float, other: float, gpu: float, memory: float) -> None:
    offloaded, whole = sorted((one, other))
    order = [NO, OFFLOADED, WHOLE]
    small, large = (fitting(int(whole * GB), int(offloaded * GB), card(gpu + more, memory)) for more in (0, 10))
    assert order.index(small) <= order.index(large)
    if small == WHOLE:
        assert gpu >= whole - 1e-6
    if small == OFFLOADED:
        assert gpu >= offloaded - 1e-6 and memory >= whole - 1e-6  # what is not on the card waits beside it


def test_without_bfloat16_a_model_needs_twice_the_memory(hub: FakeHub, tmp_path: Path) -> None:
    assert fitting(5 * GB, GB, Machine("", 0, 6 * GB, 2)) == WHOLE
    assert fitting(5 * GB, GB, Machine("", 0, 6 * GB, 4)) == NO
    library = Library(tmp_path, "glide-mini", None)
    listed = [library.listing(Machine("", 0, 6 * GB, width), ())["recommended"][0]["memory"] for width in (2, 4)]
    assert listed[1] == {name: 2 * memory for name, memory in listed[0].items()}


@pytest.mark.parametrize("gigabytes", [0, 2, 4, 6, 8, 12, 16, 24, 48, 96])
def test_what_is_recommended_fits_and_may_be_used_by_all(hub: FakeHub, gigabytes: int) -> None:
    machine = card(gigabytes) if gigabytes else Machine("", 0, 16 * GB, 2)
    chosen = [recommended()[id] for id in best(machine, ROOMY)]
    assert sorted(row.use for row in chosen) == [FILL, REMOVE]
    for row in chosen:
        assert row.fits(machine, ROOMY) in (WHOLE, OFFLOADED) and row.commercial and not row.gated
        assert row.fits(machine, row.download) == DISK  # the download leaves some room
    others = [row for row in recommended().values() if row.fits(machine, ROOMY) == WHOLE and row.use == FILL]
    assert not others or all(row.fits(machine, ROOMY) == WHOLE for row in chosen)


def test_a_full_disk_recommends_nothing(hub: FakeHub) -> None:
    assert best(card(48), 0) == set()


def test_a_model_of_no_row_fits_by_its_files() -> None:
    files = [RemoteFile("unet/a.safetensors", 5 * GB, ""), RemoteFile("vae/b.safetensors", GB, "")]
    assert fits_by_size(files, card(24), ROOMY) == WHOLE
    assert fits_by_size(files, card(6), ROOMY) == OFFLOADED
    assert fits_by_size(files, card(4), ROOMY) == NO
    assert fits_by_size(files, card(24), 5 * GB) == DISK


def test_of_a_row_with_files_only_these_are_taken() -> None:
    files = tuple(RemoteFile(path, 1, "") for path in ("big-lama.pt", "README.md", "other/weights.pt.zip"))
    repository = Repository(LAMA, "0", files, "apache-2.0", False)
    assert [file.path for file in files_to_download(repository)] == ["big-lama.pt"]
    with pytest.raises(Unavailable, match="has no"):
        files_to_download(repository._replace(files=files[1:]))


@pytest.mark.parametrize(
    "licence, allowed",
    [
        ("apache-2.0", True), ("MIT", True), ("openrail++", True), ("creativeml-openrail-m", True),
        ("flux-1-dev-non-commercial-license", False), ("cc-by-nc-4.0", False), ("cc-by-nc-sa-4.0", False),
        ("other", None), ("", None), ("stabilityai-ai-community", None),
    ],
)  # fmt: skip
def test_what_a_licence_says_of_earning_money(licence: str, allowed: bool | None) -> None:
    assert commercial(licence) is allowed


def test_a_few_step_model_begins_with_its_own_settings(hub: FakeHub, tmp_path: Path) -> None:
    hub.models[TURBO] = Path(tiny_diffusers.save("z-image", tmp_path / "turbo"))
    repository = look_up(TURBO)
    download(repository, files_to_download(repository))
    model = load_hf(TURBO, f"hf:{TURBO}", pipelines.AS_EVER, fetch=False)
    assert {name: model.defaults[name] for name in ("steps", "guidance", "sampler")} == recommended()[TURBO].settings
    assert model.defaults["guidance"] == 0 and model.defaults["steps"] == 9
    other = load_hf(str(tmp_path / "turbo"), "hf:other", pipelines.AS_EVER, fetch=False)
    assert other.defaults["steps"] != 9  # the row is of that id alone


@pytest.mark.filterwarnings("ignore:`torch.jit.*` is deprecated:DeprecationWarning")
def test_lama_of_the_hub_removes_by_a_name_that_means_the_same_elsewhere(hub: FakeHub, tmp_path: Path) -> None:
    import torch

    folder = tmp_path / "lama"
    folder.mkdir()
    torch.jit.script(Tiny().eval()).save(folder / "big-lama.pt")
    (folder / "README.md").write_text("a card")
    hub.models[LAMA] = folder
    library = Library(tmp_path / "data", "glide-mini", None)
    name = f"lama:{LAMA}"
    with pytest.raises(InvalidInput, match="not on this machine"):
        pipelines.load(name)
    assert name not in library.names()
    repository = look_up(LAMA)
    download(repository, files_to_download(repository))
    library.changed()
    assert library.names()[name] == "LaMa" and pipelines.in_full(name) == name
    model = next(each for each in library.installed() if each.pipeline == name)
    assert model.use == REMOVE and model.licence == "apache-2.0" and not model.trouble
    edit = an_edit(disc(Box(20, 20, 20, 20)), pipeline=name)
    recipe = Recipe((edit,), "0" * 32, ("0" * 32,), "tests", None)
    assert name in recipe.to_json()  # unlike the path of a file
    image = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    mask = np.zeros((64, 64), np.uint8)
    mask[20:40, 20:40] = 255
    request = Request(image, mask, "", "", 1.0, 0.0, 1.0, 1, "own", (0,))
    assert run(pipelines.load(name).inpaint(request)).shape == (1, 64, 64, 3)
    assert library.remove(name, ()) > (folder / "big-lama.pt").stat().st_size and name not in library.names()
    pipelines.forget(name)
    with pytest.raises(InvalidInput, match="not on this machine"):
        pipelines.load(name)
