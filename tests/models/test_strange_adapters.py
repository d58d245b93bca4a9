"""An adapter that a stranger's document names: refused by its name alone, before anybody looks whether it is there."""

from types import SimpleNamespace

import pytest

from pipelines.base import Adapter
from pipelines.errors import InvalidInput

pytest.importorskip("diffusers")
from pipelines.hf import adapters
from tests.models.test_adapters import a_request

OFFERED = "/offered/adapters/mine.safetensors"


@pytest.mark.parametrize("name", ["/etc/passwd", "a-stranger/lora", "~/lora.safetensors", "//host/share/x.safetensors"])
def test_an_adapter_is_neither_read_nor_looked_for(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    looked: list[str] = []
    monkeypatch.setattr(adapters, "canonical_adapter", lambda each: looked.append(each) or each)
    monkeypatch.setattr(adapters, "adapter_file", lambda each, fetch: looked.append(each))
    loaded = adapters.Adapters(SimpleNamespace(unet=None, components={}), lambda: {OFFERED})
    with pytest.raises(InvalidInput, match="none of those offered here"):
        loaded.put(a_request(adapters=(Adapter(name, 1.0),)))
    assert looked == [OFFERED]  # what the operator offers alone
