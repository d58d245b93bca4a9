"""The commands about models: list, download, add and remove them, and convert OpenAI's."""

import json
import sys
from dataclasses import asdict

from tqdm import tqdm

from editor.cli.context import CommandContext
from pipelines.download import shown_in
from pipelines.errors import InvalidInput
from pipelines.hf.repository import check_licence, download, look_up
from pipelines.installed import in_words
from pipelines.models import listing
from pipelines.recommended import files_to_download


def manage(context: CommandContext) -> None:
    """Runs the command `models`: lists the models on this machine, or changes what there is."""
    options = context.options
    if options.action == "list":
        _list(context)
    elif not options.name:
        raise InvalidInput(f"`models {options.action}` needs a name: give OWNER/MODEL, a folder or a file.")
    elif options.action == "download":
        _download(options.name, options.licence)
    elif options.action == "add":
        print(context.library.add(options.name))
    else:
        _remove(context, options.name)


def _list(context: CommandContext) -> None:
    entries = context.library.installed()
    if context.options.json:
        print(json.dumps([asdict(model) for model in entries], indent=2, default=str))
    else:
        print(listing(entries))


def _download(model: str, licence: str | None) -> None:
    """Downloads a model of the hub, if the user accepts its licence."""
    repository = look_up(model)
    files = files_to_download(repository)
    where = f", {repository.licence_url}" if repository.licence_url else ""
    print(f"{model}: {in_words(sum(file.size for file in files))}, licence {repository.licence or 'not stated'}{where}")
    if licence is not None:
        check_licence(repository, licence)
    elif not sys.stdin.isatty():
        raise InvalidInput(f"To accept its licence, add --licence '{repository.licence}'.")
    elif input("Do you accept the licence? [y/N] ").strip().lower() not in ("y", "yes"):
        raise InvalidInput("Nothing was downloaded, since the licence was not accepted.")
    with tqdm(desc=model, unit="B", unit_scale=True) as bar:
        print(download(repository, files, shown_in(bar)))


def _remove(context: CommandContext, name: str) -> None:
    name = next((each for each in (name, f"hf:{name}", f"lama:{name}") if context.library.removable(each)), name)
    with context.session(create=True) as session:  # where none is there, no document uses a model
        in_use = session.store.revisions.models_in_use()
    print(f"{name} removed, {in_words(context.library.remove(name, in_use))} freed")


def convert(context: CommandContext) -> None:
    """Runs the command `convert`: converts OpenAI's GLIDE, and downloads it if asked."""
    from pipelines.glide import download, released  # these load PyTorch, which a list of models does not need

    folder = context.options.folder
    if context.options.download:
        download.download(folder)
    for line in released.convert(folder):
        print(line, flush=True)
