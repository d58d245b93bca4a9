"""Which adapters are found on a machine, and that what is said of a model taking one is what loading it shows."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("diffusers")

from pipelines.base import Adapter
from pipelines.errors import InvalidInput
from pipelines.hf.adapter_list import LOOK_AT_PICTURES, InstalledAdapter, installed_adapters, why_not
from pipelines.hf.adapters import Adapters
from pipelines.hf.families import FAMILIES, network_of
from pipelines.hf.loading import class_of
from pipelines.library import Library
from tests import fake_hub, tiny_adapters, tiny_diffusers
from tests.models.test_adapters import CONTROLNETS, HEADS, a_request, made

MODELS = ("sd-9", "sdxl-4", "flux")


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("models")
    return {name: tiny_diffusers.save(name, folder / name) for name in MODELS}


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with adapters for each model, in each layout, and with what are none."""
    data = tmp_path_factory.mktemp("data")
    folder = data / "adapters"
    folder.mkdir()
    for name in MODELS:
        network = network_of(made(name))
        flux = name == "flux"
        part = "transformer" if flux else "unet"
        for style in ("peft",) if flux else ("peft", "diffusers", "kohya"):
            tiny_adapters.lora(network, folder / f"{name}-{style}.safetensors", style, part)
        tiny_adapters.ip_adapter(network, folder / f"{name}-likeness" / f"{name}-likeness.safetensors")
        seen = network_of(made("sd-4")) if name == "sd-9" else network
        how = HEADS | {"num_single_layers": 1} if flux else {}
        tiny_adapters.controlnet(seen, folder / f"{name}-control", CONTROLNETS[name], **how)
    (folder / "notes.txt").write_text("none of them")
    (folder / "damaged.safetensors").write_bytes(b"no header")
    return data


def found(data: Path) -> dict[str, InstalledAdapter]:
    return {adapter.title: adapter for adapter in installed_adapters([], data, [])}


def test_the_folder_for_adapters_is_listed_by_kind_and_what_is_none_is_left_out(data: Path) -> None:
    kinds = {title: adapter.file.kind for title, adapter in found(data).items()}
    assert kinds == {
        **{f"{name}-{style}": "LoRA" for name in MODELS[:2] for style in ("peft", "diffusers", "kohya")},
        "flux-peft": "LoRA",
        **{f"{name}-likeness": "IP-Adapter" for name in MODELS},
        **{f"{name}-control": "ControlNet" for name in MODELS},
    }


@pytest.mark.parametrize("model", MODELS)
def test_what_is_said_of_an_adapter_is_what_loading_it_shows(model: str, models: dict[str, Path], data: Path) -> None:
    """A model takes those made for it and no others: as the files tell, and as the loaded pipeline does."""
    adapters = Adapters(made(model))
    for title, adapter in found(data).items():
        why = why_not(adapter, f"hf:{models[model]}")
        reference = {"reference": a_request().image} if adapter.file.kind == "IP-Adapter" else {}
        request = a_request(adapters=(Adapter(adapter.name, 1.0),), **reference)
        try:
            adapters.put(request)
            refused = ""
        except InvalidInput as error:
            refused = str(error)
        assert bool(why) == bool(refused) == (not title.startswith(model)), (title, why, refused)
        assert why == "" or why.endswith(".")


def test_a_model_that_is_none_of_diffusers_takes_none(data: Path) -> None:
    for pipeline in ("glide-mini", "lama:/a/file.pt", "openai:http://127.0.0.1/v1#m", "hf:/not/there"):
        for adapter in found(data).values():
            assert why_not(adapter, pipeline).endswith(".")


def test_classes_with_ip_adapters_are_those_that_diffusers_has() -> None:
    for family in FAMILIES:
        kind: Any = class_of(family)
        if kind is not None:
            assert hasattr(kind, "load_ip_adapter") == bool({family.repaints, *family.takes} & LOOK_AT_PICTURES)


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[fake_hub.FakeHub]:
    with fake_hub.served(tmp_path, monkeypatch) as hub:
        yield hub


def test_the_hubs_cache_is_listed_with_the_names_that_an_edit_has(
    hub: fake_hub.FakeHub, tmp_path: Path, data: Path
) -> None:
    from pipelines.hf.adapter_files import adapter_file

    folder = tmp_path / "published"
    folder.mkdir()
    (folder / "velvet.safetensors").write_bytes((data / "adapters" / "sd-9-peft.safetensors").read_bytes())
    hub.models["someone/velvet"] = folder
    library = Library(tmp_path / "data", "glide-mini", None)
    assert library.adapters("glide-mini") == []
    adapter_file("someone/velvet/velvet.safetensors", fetch=True)
    (listed,) = library.adapters("glide-mini")
    assert (listed["name"], listed["kind"], listed["takes"]) == ("someone/velvet/velvet.safetensors", "lora", False)
    assert library.adapter_names() == {"someone/velvet/velvet.safetensors"}


def test_a_file_laid_there_while_the_program_runs_may_be_used(tmp_path: Path, data: Path) -> None:
    library = Library(tmp_path, "glide-mini", None, [str(data / "adapters" / "sd-9-kohya.safetensors")])
    assert library.adapter_names() == {str(data / "adapters" / "sd-9-kohya.safetensors")}
    allowed = Adapters(made("sd-9"), library.adapter_names)
    there = tmp_path / "adapters" / "new.safetensors"
    request = a_request(adapters=(Adapter(str(there), 1.0),))
    there.parent.mkdir()
    source = data / "adapters" / "sd-9-peft.safetensors"
    (tmp_path / "elsewhere.safetensors").write_bytes(source.read_bytes())
    with pytest.raises(InvalidInput, match="none of those offered here"):
        allowed.put(a_request(adapters=(Adapter(str(tmp_path / "elsewhere.safetensors"), 1.0),)))
    there.write_bytes(source.read_bytes())
    allowed.put(request)
