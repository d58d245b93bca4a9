"""The list of models: the embedded ones, the user's own in a TOML file, those in the Hugging Face cache."""

import textwrap
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path, PureWindowsPath
from typing import Any

from pipelines import API, FOLDER, HUB, LAMA, NAMES, PIPELINES, in_full
from pipelines.errors import InvalidInput
from pipelines.hf.hub import ON_HUB
from pipelines.installed import Model, cached, described, embedded, in_words

# what a model of the user's TOML says, the first always, and what it is
ENTRY: dict[str, type | tuple[type, ...]] = {
    "pipeline": str, "good_for": str, "licence": str, "needs": str, "gpus": (int, float), "node": str,
}  # fmt: skip
PIPELINE = "pipeline"
MOST_CARDS = 64  # that one model may need
WIDTH = 100  # characters of a line that is printed


def installed(file: Path | None, added: Iterable[str] = ()) -> list[Model]:
    """Lists the embedded models, those of the user's TOML, those added, and what else the Hugging Face cache has.

    OpenCV's inpainting is among them only where there is no PatchMatch.

    Args:
        file: the TOML; None where there is none.
        added: the full names of others.

    Raises:
        InvalidInput: the TOML is not as it must be.
    """
    ours = [model for model in embedded() if model.pipeline != "classical" or not find_spec("patchmatch")]
    named = [*ours, *([] if file is None else listed(file)), *(described(name, name) for name in added)]
    return [*named, *(model for model in cached() if model.pipeline not in {each.pipeline for each in named})]


def offered(default: str, models: Iterable[Model]) -> dict[str, str]:
    """Decides which models may be loaded here, and no others.

    They are the embedded ones, the default, and what is whole of those that are here.

    Args:
        default: the full name of the default model.
        models: those that are here.

    Returns:
        What each is called in a list, by its full name.
    """
    complete = [model for model in models if model.offered and not model.trouble]
    called = {model.pipeline: model.title for model in reversed(complete)}
    names = dict.fromkeys([*PIPELINES, default, *(model.pipeline for model in complete)])
    return {name: called.get(name, name) for name in names}


def missing(name: str) -> str:
    """Says in a sentence why a pipeline cannot be loaded, as far as can be seen from outside; '' where it can."""
    model = described(name, in_full(name))
    return "" if model.place is None else model.trouble  # what is on the hub is downloaded


def listed(file: Path) -> list[Model]:
    """Reads the models of a TOML file, each a table of `ENTRY` under the name that it has there.

    Raises:
        InvalidInput: something in the file is wrong; the message names the file and the key.
    """
    try:
        tables = tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise InvalidInput(f"The models in {file} cannot be read: {error.strerror}.") from error
    except ValueError as error:
        raise InvalidInput(f"{file} is no TOML: {error}") from error
    return [_entry(file, name, table) for name, table in tables.items()]


def full_name(name: str, file: Path | None) -> str:
    """Returns what a name stands for: one of the user's TOML, for the pipeline there; any other, for itself.

    An Edit has this one: it means the same when the TOML has changed, and to a user with another.

    Raises:
        InvalidInput: the TOML has no such model, or is not as it must be.
    """
    if name.startswith(API):
        return in_full(name)
    if file is None or name in PIPELINES or name.startswith((FOLDER, HUB, LAMA)):
        return name
    models = {model.name: model.pipeline for model in listed(file)}
    if name not in models:
        raise InvalidInput(f"There is no pipeline named {name!r}; there are {', '.join([NAMES, *models])}.")
    return models[name]


def located(name: str, here: Iterable[str], option: str) -> str:
    """Finds a model or an adapter of a recipe on this machine.

    That is itself, where it is there or on the hub; otherwise the one of `here` whose file is called so.

    Args:
        name: as the recipe has it.
        here: names of what is on this machine.
        option: of the command line, that says where a thing lies; for the message.

    Raises:
        InvalidInput: it is not here; the message names the option.
    """
    if name.startswith(API):
        return name  # it is on no machine; whether it may be asked, those that are offered say
    kind, _, rest = name.partition(":") if name.startswith((FOLDER, HUB, LAMA)) else ("", "", name)
    if name in PIPELINES or (not kind and option == "--pipeline"):
        return name  # loading says which there are
    if Path(rest).expanduser().exists() or (not on_disk(rest) and "/" in rest and kind in ("", HUB[:-1], LAMA[:-1])):
        return name
    wanted = PureWindowsPath(rest).name  # which reads both sorts of paths
    for other in here:
        path = other.removeprefix(f"{kind}:") if kind else other
        if (not kind or other != path) and PureWindowsPath(path).name == wanted:
            return other
    defaults = f"{kind}:/folder/{wanted}" if kind else f"/folder/{wanted}"
    raise InvalidInput(
        f"The recipe needs {name}, which is not here under that name: say where it lies with {option} {defaults}"
        + (", or list it in models.toml" if kind else "")
    )


def on_disk(path: str) -> bool:
    """Whether a name begins as a path does, and not as a name on the hub."""
    return path[:1] in ("/", "\\", ".", "~") or path[1:3] in (":/", ":\\")


def listing(models: Iterable[Model]) -> str:
    """Lists models in words, for a terminal of `WIDTH` characters."""
    return "\n\n".join("\n".join(_lines(model)) for model in models)


def _lines(model: Model) -> Iterator[str]:
    yield model.name
    place = "in this program" if model.place is None else f"{model.place}, {in_words(model.size)}"
    for key, value in (
        ("is", model.pipeline if model.pipeline != model.name else ""), ("lies", place), ("licence", model.licence),
        ("needs", model.needs), ("good for", model.good_for), ("but", model.trouble),
    ):  # fmt: skip
        if value:
            yield textwrap.fill(
                printable(value), WIDTH, initial_indent=f"    {key:<10}", subsequent_indent=" " * 14,
                break_long_words=False, break_on_hyphens=False,
            )  # fmt: skip


def _entry(file: Path, name: str, table: Any) -> Model:
    where = f"[{name}] in {file}"
    if not isinstance(table, dict):
        raise InvalidInput(f"{name} in {file} is {table!r}; give a model as [{name}] and below it {PIPELINE} = ...")
    if name in PIPELINES or ":" in name or not name.strip() or not name.isprintable():
        raise InvalidInput(f"{where} needs another name: it is one of this program's own, is empty or has a colon.")
    for key, value in table.items():
        if key not in ENTRY:
            raise InvalidInput(f"{where} has a {key!r}, which means nothing here; there are {', '.join(ENTRY)}.")
        if not isinstance(value, ENTRY[key]) or isinstance(value, bool):
            kind = "text" if ENTRY[key] is str else "a number"
            raise InvalidInput(f"{key} of {where} must be {kind}, not {value!r}.")
    if not 0 < table.get("gpus", 1) <= MOST_CARDS:
        raise InvalidInput(f"The gpus of {where} must be above 0, and at most {MOST_CARDS}, not {table['gpus']}.")
    if not table.get(PIPELINE):
        raise InvalidInput(f"{where} says no {PIPELINE}; give what --pipeline takes, as {PIPELINE} = 'hf:OWNER/MODEL'.")
    try:
        model = described(name, _beside(file, table[PIPELINE]))
    except ValueError as error:
        raise InvalidInput(f"{PIPELINE} of {where}: {error}") from error
    fields = {key: value for key, value in table.items() if key != PIPELINE}
    return replace(model, **fields)


def _beside(file: Path, name: str) -> str:
    """Completes a pipeline's name; a relative path in it begins at the file's folder."""
    kind, _, path = name.partition(":")
    there = file.parent / Path(path).expanduser()
    on_hub = ON_HUB.fullmatch(path) and there.suffix != ".pt" and not there.exists()
    if f"{kind}:" == FOLDER or (f"{kind}:" in (HUB, LAMA) and not on_hub):
        name = f"{kind}:{there}"
    return in_full(name)


def printable(text: str) -> str:
    """Replaces line breaks and what tells a terminal what to do: cards and files are others' words."""
    return "".join(letter if letter.isprintable() else " " for letter in text)
