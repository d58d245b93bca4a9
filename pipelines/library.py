"""Library: the models of this machine, and what its operator decided about them, in one small file."""

import json
import time
from collections.abc import Collection, Mapping
from dataclasses import asdict
from pathlib import Path
from threading import Lock
from typing import Any

from pipelines import API, models
from pipelines.added import name_of
from pipelines.base import Machine
from pipelines.downloads import Downloads
from pipelines.endpoint import read_endpoint, save_key
from pipelines.errors import InvalidInput
from pipelines.hf.adapter_list import KINDS, InstalledAdapter, installed_adapters, why_not
from pipelines.hf.hub import ON_HUB
from pipelines.hf.repository import (
    Unavailable,
    cache_folder,
    check_licence,
    delete,
    discard_parts,
    look_up,
    page_url,
    token_url,
)
from pipelines.hf.token import has_token, store_token
from pipelines.installed import ADAPTER_FILE, Model, cached_id
from pipelines.kinds import LIST, PICTURES, kinds_version
from pipelines.recommended import (
    SETTINGS,
    best,
    commercial,
    files_to_download,
    fits_by_size,
    free_disk,
    memory_on,
    recommended,
)
from pipelines.whole_file import write_whole

INTENTS = ("fill", "remove", "refine")  # what may have a model of its own to begin with
SHARED = {"expand": "fill", "sketch": "refine"}  # intents that begin with another's
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
        adapters: names of adapters that the user typed.
    """

    def __init__(self, folder: Path, pipeline: str, file: Path | None, adapters: Collection[str] = ()) -> None:
        self.folder, self.pipeline, self._models_file, self._named_adapters = folder, pipeline, file, adapters
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

    def kinds_version(self, name: str) -> str:
        """Returns the version of a model's list of what it paints, see `pipelines.kinds`; '' where it has none.

        Args:
            name: the model's full name.
        """
        return kinds_version(self._place(name))

    def kinds_file(self, name: str, version: str, file: str) -> Path | None:
        """Finds the list of what a model paints, or its pictures; None where there is none of that version.

        Args:
            name: the model's full name.
            version: as `kinds_version` says it.
            file: `kinds.json` or `kinds.webp`.
        """
        place = self._place(name)
        found = place is not None and file in (LIST, PICTURES) and version == kinds_version(place)
        return place / file if place and found else None

    def _place(self, name: str) -> Path | None:
        return next((model.place for model in self.installed() if model.pipeline == name), None)

    def adapter_names(self) -> frozenset[str]:
        """Returns the names of the adapters on this machine, the only ones that an edit may have."""
        return frozenset(adapter.name for adapter in self._adapters())

    def adapters(self, pipeline: str) -> list[dict[str, Any]]:
        """Lists the adapters on this machine, and whether a model takes them, as JSON holds it: see docs/api.md.

        Args:
            pipeline: the model's full name.
        """
        listed = []
        for adapter in self._adapters():
            why = why_not(adapter, pipeline)
            entry = {"name": adapter.name, "title": adapter.title, "kind": KINDS[adapter.file.kind]}
            listed.append({**entry, "takes": not why, "why": why, "settings": dict(adapter.settings)})
        return listed

    def _adapters(self) -> list[InstalledAdapter]:
        return installed_adapters(self.installed(), self.folder, self._named_adapters)

    def changed(self) -> None:
        """Has the list read again, since a model has come or gone."""
        self._read = None

    @property
    def added(self) -> list[str]:
        """The full names of the models that were added by hand, in their order."""
        return [name for name in self._note().get("added", ()) if isinstance(name, str)]

    def removable(self, name: str) -> bool:
        """Tells whether a model can be removed: one that was added, or that lies in the hub's cache."""
        return name != self.pipeline and (
            name in [each.removeprefix(ADAPTER_FILE) for each in self.added] or cached_id(name) is not None
        )

    def free_disk(self) -> int:
        """Returns the free bytes of the disk that models of the hub are downloaded to."""
        return free_disk(cache_folder("any/model"))

    def listing(self, machine: Machine, loaded: Collection[str]) -> dict[str, Any]:
        """Lists all that there is, as JSON holds it: what the route `models` answers.

        Args:
            machine: what the models run on.
            loaded: the names of those that are in memory.
        """
        free, names = self.free_disk(), self.names()
        chosen = best(machine, free)
        return {
            "installed": [
                {name: getattr(model, name) for name in SHOWN}
                | {
                    "name": model.pipeline,
                    "removable": self.removable(model.pipeline),
                    "loaded": model.pipeline in loaded,
                    "offered": model.pipeline in names,
                    "frees": model.size if cached_id(model.pipeline) else 0,  # what is elsewhere stays there
                }
                for model in self.installed()
            ],
            "recommended": [
                {name: getattr(row, name) for name in ADVISED}
                | {
                    "memory": {
                        "whole": memory_on(machine, row.memory),
                        "offloaded": memory_on(machine, row.memory_offloaded),
                    },
                    "fits": row.fits(machine, free),
                    "best": row.id in chosen,
                    "installed": row.place is not None,
                    "url": page_url(row.id),
                    "licence_url": "",
                }
                for row in recommended().values()
            ],
            "downloads": [
                asdict(each)
                | {
                    "seconds_left": each.seconds_left,
                    "title": recommended()[each.model].title if each.model in recommended() else each.model,
                    "name": next((name for name in names if cached_id(name) == each.model), ""),
                    "url": page_url(each.model),
                }
                for each in self.downloads.all()
            ],
            "defaults": {intent: self.default(intent) for intent in INTENTS},
            "machine": {
                "gpu": machine.gpu,
                "gpu_memory": machine.gpu_memory,
                "memory": machine.memory,
                "disk": free,
            },
            "token": has_token(),
            "token_url": token_url(),
        }

    def look_up(self, model: str, machine: Machine) -> dict[str, Any]:
        """Asks the hub about a model; what is found out is as JSON holds it, a failure too.

        Args:
            model: OWNER/MODEL.
            machine: what the models run on.
        """
        found: dict[str, Any] = {"model": model, "url": page_url(model) if ON_HUB.fullmatch(model) else ""}
        began = not cache_folder(model).exists() if found["url"] else False
        try:
            if not found["url"]:
                raise Unavailable(f"{model!r} is no name on the hub. Give OWNER/MODEL.", "missing")
            repository = look_up(model)
            found |= {
                "licence": repository.licence,
                "licence_url": repository.licence_url,
                "commercial": commercial(repository.licence),
                "gated": repository.gated,
                "installed": any(cached_id(each.pipeline) == model for each in self.installed()),
            }
            files = files_to_download(repository)
            row, free = recommended().get(model), self.free_disk()
            found["size"] = sum(file.size for file in files)
            found["fits"] = row.fits(machine, free) if row else fits_by_size(files, machine, free)
        except Unavailable as error:
            found |= {"kind": error.kind, "error": str(error)}
        finally:
            if began and all(each.model != model for each in self.downloads.all()):
                discard_parts(model)  # the index, which told the files
        return found

    def download(self, model: str, licence: str) -> None:
        """Queues a download of the hub's model, or goes on with one.

        Args:
            model: OWNER/MODEL.
            licence: that the user accepts.

        Raises:
            Unavailable: that is not its licence, it is not there, or the hub does not answer.
            InvalidInput: it is no name on the hub.
        """
        if not ON_HUB.fullmatch(model):
            raise InvalidInput(f"{model!r} is no name on the hub. Give OWNER/MODEL.")
        if all((each.model, each.licence) != (model, licence) for each in self.downloads.all()):
            check_licence(look_up(model), licence)
        self.downloads.add(model, licence)

    def add(self, source: str) -> str:
        """Adds a folder or a file of this machine, or a model in the hub's cache.

        Returns:
            Its full name.

        Raises:
            InvalidInput: there is no such thing here, or it is nothing that can be used.
        """
        name = name_of(source)
        if all(name != model.name and name != model.pipeline for model in self.installed()):
            self._change(added=[*(each for each in self.added if each != name), name])
        return name.removeprefix(ADAPTER_FILE)

    def remove(self, name: str, in_use: Collection[str]) -> int:
        """Removes a model: what was added goes off the list, what lies in the hub's cache is deleted.

        Args:
            name: its full name.
            in_use: the names of the models that edits wait for, see `Jobs.models_in_use`.

        Returns:
            The bytes of the disk that are free now.

        Raises:
            InvalidInput: there is no such model, it is in use, or it is not to be removed.
        """
        if name in in_use:
            raise InvalidInput(f"{name} is in use: wait until its edits are finished, or cancel them.")
        if not self.removable(name):
            raise InvalidInput(
                f"{name} cannot be removed: it comes with the program, is listed in models.toml, is what the server "
                "was started with, or is not here."
            )
        noted = [each for each in self.added if each.removeprefix(ADAPTER_FILE) != name]
        chosen = {intent: each for intent, each in self._note().get("defaults", {}).items() if each != name}
        self._change(added=noted, defaults=chosen)
        freed = 0
        if (model := cached_id(name)) is not None:
            freed = delete(model)
            self.downloads.remove(model)
        self.changed()
        return freed

    def store_token(self, token: str) -> None:
        """Stores the token of the user's account on the hub; '' removes it.

        Raises:
            Unavailable: the hub refuses it, or does not answer.
            InvalidInput: it is no token, or the environment has another, which wins.
        """
        store_token(token)

    @property
    def keys_file(self) -> Path:
        """Where the keys for other servers are, see `pipelines.endpoint`."""
        return self.folder / "api-keys.json"

    def set_key(self, name: str, key: str) -> None:
        """Keeps the key for the server that a model is on; '' forgets it.

        Args:
            name: the model's full name.
            key: shown to that server alone.

        Raises:
            InvalidInput: the model is on no other server, is not offered here, or it is no key.
        """
        if not name.startswith(API) or name not in self.names():
            raise InvalidInput(f"{name!r} is no model on another server that is offered here, so it needs no key.")
        self.folder.mkdir(parents=True, exist_ok=True)
        save_key(read_endpoint(name.removeprefix(API)), key, self.keys_file)

    def default(self, intent: str) -> str:
        """Returns the model to begin with for an intent; '' where the picture is to decide, in Remove alone."""
        chosen = self._note().get("defaults", {}).get(SHARED.get(intent, intent), "")
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
            write_whole(self._noted, json.dumps({**self._note(), **entries}, indent=2))
        self.changed()
