"""Library: the models of this machine, and what its operator decided about them, in one small file."""

import json
import time
from collections.abc import Collection, Mapping
from dataclasses import asdict
from pathlib import Path
from threading import Lock
from typing import Any

from pipelines import models
from pipelines.base import Machine
from pipelines.download import part_of
from pipelines.downloads import Downloads
from pipelines.errors import InvalidInput
from pipelines.hf.repository import cache_folder
from pipelines.hf.token import has_token
from pipelines.installed import Model, cached_id
from pipelines.recommended import SETTINGS, best, free_disk, recommended

INTENTS = ("fill", "remove", "refine")  # what may have a model of its own to begin with
SHOWN = ("title", "use", "size", "licence", "needs", "good_for", "trouble", "style")  # of what is installed
ADVISED = (  # of what is recommended
    "id", "title", "use", "family", "good_for", "download", "licence", "commercial", "gated", *SETTINGS,
)  # fmt: skip
READ_AGAIN = 1.0  # seconds for which the list is believed: other processes may have changed it


class Library:
    """The models of this machine. Safe to share between threads; other processes see a change within a second.

    Args:
        folder: where `models.json` lies: what was added, and the defaults.
        pipeline: the full name of the model that the server was started with.
        file: the user's TOML; None where there is none.
    """

    def __init__(self, folder: Path, pipeline: str, file: Path | None) -> None:
        self.folder, self.pipeline, self._models_file = folder, pipeline, file
        self._noted = folder / "models.json"
        self.downloads = Downloads(folder / "downloads.json", lambda model: self.changed())
        self._lock = Lock()
        self._read: tuple[float, list[Model]] | None = None  # when the list was read, and the list

    def installed(self) -> list[Model]:
        """Lists the models that are here, whatever they are for.

        Raises:
            InvalidInput: the user's TOML is not as it must be.
        """
        read = self._read
        if read is None or time.monotonic() - read[0] > READ_AGAIN:
            self._read = read = time.monotonic(), self.list_installed()
        return read[1]

    def list_installed(self) -> list[Model]:
        """Reads the list that `installed` returns."""
        return models.installed(self._models_file, self.added)

    def names(self) -> dict[str, str]:
        """Returns the full names of the models that may be loaded, each with its name in a list to choose from."""
        return models.offered(self.pipeline, self.installed())

    def changed(self) -> None:
        """Has the list read again, since a model has come or gone."""
        self._read = None

    @property
    def added(self) -> list[str]:
        """The full names of the models that were added by hand, in their order."""
        return [name for name in self._note().get("added", ()) if isinstance(name, str)]

    def removable(self, name: str) -> bool:
        """Tells whether a model can be removed: one that was added, or that lies in the hub's cache."""
        return name != self.pipeline and (name in self.added or cached_id(name) is not None)

    def free_disk(self) -> int:
        """Returns the free bytes of the disk that models of the hub are downloaded to."""
        return free_disk(cache_folder("any/model"))

    def listing(self, machine: Machine, loaded: Collection[str]) -> dict[str, Any]:
        """Lists all that there is, as JSON holds it: see docs/api.md.

        Args:
            machine: what the models run on.
            loaded: the names of those that are in memory.
        """
        free = self.free_disk()
        chosen = best(machine, free)
        return {
            "installed": [
                {name: getattr(model, name) for name in SHOWN}
                | {
                    "name": model.pipeline,
                    "removable": self.removable(model.pipeline),
                    "loaded": model.pipeline in loaded,
                }
                for model in self.installed()
            ],
            "recommended": [
                {name: getattr(row, name) for name in ADVISED}
                | {
                    "memory": {"whole": row.memory, "offloaded": row.memory_offloaded},
                    "fits": row.fits(machine, free),
                    "best": row.id in chosen,
                    "installed": row.place is not None,
                }
                for row in recommended().values()
            ],
            "downloads": [{**asdict(each), "seconds_left": each.seconds_left} for each in self.downloads.all()],
            "defaults": {intent: self.default(intent) for intent in INTENTS},
            "machine": {
                "gpu": machine.gpu,
                "gpu_memory": machine.gpu_memory,
                "memory": machine.memory,
                "disk": free,
            },
            "token": has_token(),
        }

    def default(self, intent: str) -> str:
        """Returns the model to begin with for one of INTENTS; '' where the picture is to decide, in Remove alone."""
        chosen = self._note().get("defaults", {}).get(intent, "")
        if chosen in self.names():
            return str(chosen)
        return "" if intent == "remove" else self.pipeline

    def set_default(self, intent: str, name: str) -> None:
        """Sets the model to begin with; '' for the one that the program chooses.

        Raises:
            InvalidInput: there is no such intent, or no such model to choose.
        """
        if intent not in INTENTS:
            raise InvalidInput(f"A default can be set for {', '.join(INTENTS)}, not for {intent!r}.")
        if name and name not in self.names():
            raise InvalidInput(f"There is no model {name!r} here. The models are: {', '.join(self.names())}.")
        self._change(defaults={**self._note().get("defaults", {}), intent: name})

    def _note(self) -> Mapping[str, Any]:
        """Reads the file; a damaged one decides nothing."""
        try:
            noted = json.loads(self._noted.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        kinds = {"added": list, "defaults": dict}
        right = isinstance(noted, dict)
        return {key: noted[key] for key, kind in kinds.items() if right and isinstance(noted.get(key), kind)}

    def _change(self, **entries: Any) -> None:
        with self._lock:
            self.folder.mkdir(parents=True, exist_ok=True)
            part = part_of(self._noted)
            part.write_text(json.dumps({**self._note(), **entries}, indent=2), encoding="utf-8")
            part.replace(self._noted)
        self.changed()
