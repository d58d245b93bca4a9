"""Adapters in the API: their list, and what `edit` is given of them."""

from collections.abc import Callable, Sequence
from typing import Any

from editor.formats.images import read_reference
from editor.web import large_work
from editor.web.context import AppContext
from editor.web.regions import read_base64
from pipelines.base import Adapter


def adapters_tool(context: AppContext) -> Callable[..., list[dict[str, Any]]]:
    """Returns the tool that lists the adapters."""

    def adapters(model: str = "") -> list[dict[str, Any]]:
        """List the LoRAs, IP-Adapters and ControlNets that `edit` may name.

        Parameters:
            model: its name, as `describe` lists them; empty: the default
        Returns:
            of each its `name`, `title`, `kind` (lora, ip-adapter or controlnet), whether the model `takes` it, `why`
            not, and the `settings` (steps, guidance) that it was trained for, if they are known
        """
        name = model or context.default
        context.check_model(name)
        return context.library.adapters(name)

    return adapters


def adapter_settings(context: AppContext, adapters: Sequence[str] | None, reference: str) -> dict[str, Any]:
    """Reads the adapters of an edit, NAME or NAME=WEIGHT each, and its reference picture in base64.

    Returns:
        The fields of the Edit.

    Raises:
        InvalidInput: one of the adapters is not on the list, or the reference is no picture.
    """
    settings: dict[str, Any] = {"adapters": tuple(map(Adapter.from_text, adapters or ()))}
    context.check_adapters(settings["adapters"])
    if reference:
        settings["reference"] = large_work.wait(None, read_reference, read_base64("reference", reference))
    return settings
