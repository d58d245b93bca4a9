"""The command about studies: serve one, print its results, close it, list all."""

import json
import re
from collections.abc import Sequence
from pathlib import Path

from tqdm import tqdm

from editor.cli.context import CommandContext
from editor.cli.draw import blank, draw_prompts, read_prompts
from editor.formats.atomic_write import atomic_write
from editor.imaging.digest import digest_of
from editor.store.store import Store
from editor.study.results import report, table
from editor.study.samples import paired, read_samples
from editor.study.study import Study, find_study, open_study, pair_of
from editor.web.addresses import Addresses
from editor.web.listening import check
from pipelines.errors import InvalidInput
from pipelines.models import printable


def study(context: CommandContext) -> None:
    """Runs the command `study`."""
    words: Sequence[str] = context.options.words
    if context.options.output is not None and words[:1] != ["results"]:
        raise InvalidInput("--output is for `study results`.")
    opens = len(words) == 2 and words[0] not in ("results", "close")
    with context.session(create=opens) as session:
        if not words:
            _list(session.store)
        elif words[0] in ("results", "close") and len(words) <= 2:
            name = words[1] if len(words) > 1 else None
            (_results if words[0] == "results" else _close)(context, session.store, name)
        elif len(words) == 2:
            _serve(context, session.store, _samples(context, words))
        else:
            raise InvalidInput(
                "`study` takes two folders or models to compare, `results [NAME]` or `close [NAME]`. Put a name with"
                " spaces in quotation marks."
            )


def _samples(context: CommandContext, words: Sequence[str]) -> tuple[Path, Path]:
    """Returns the folders that are meant: for a model, one with what it draws for --prompts."""
    file: Path | None = context.options.prompts
    models = {word: context.typed(word) for word in words if file is not None and not Path(word).is_dir()}
    if len({Path(word).resolve() for word in words}) == 1:
        raise InvalidInput(f"A study compares two things; {words[0]} is named twice. Name another as A or B.")
    if file is not None and not models:
        raise InvalidInput("Both A and B are folders, which have their own prompts: leave --prompts out.")
    prompts = [] if file is None else read_prompts(file)
    blanks = {word: blank(context, name, None) for word, name in models.items()}  # loads all before one draws
    folders = []
    for word in words:
        if word not in models:
            folders.append(Path(word))
            continue
        own = re.sub(r"[^\w.-]+", "-", word).strip("-")
        folders.append(context.folder / "study-samples" / f"{own}-{digest_of(json.dumps(prompts))[:8]}")
        draw_prompts(context, prompts, folders[-1], blanks[word], {"pipeline": models[word], "seed": 0})
    return folders[0], folders[1]


def _list(store: Store) -> None:
    for row in store.studies.all():
        answers = store.studies.answers(row.id)
        people = len({answer.rater for answer in answers})
        state = "open" if row.closed is None else "closed"
        print(f"{printable(row.name)}  {state}, {len(answers):,} answers, people: {people}")


def _serve(context: CommandContext, store: Store, folders: tuple[Path, Path]) -> None:
    options = context.options
    check(options.host, options.port)
    addresses = Addresses(options.host, options.public_host, options.root_path)
    samples = paired(read_samples(folders[0]), read_samples(folders[1]))
    pairs = [pair_of(*each) for each in tqdm(samples, unit=" pairs", leave=False, delay=0.5)]
    opened = open_study(store, folders, pairs, options.name, options.questions)
    from editor.web.study import link, serve_study  # starlette takes a moment to load, which the results do not need

    _describe(opened)
    print(f"The study {printable(opened.name)} is at {link(opened, addresses, options.host, options.port)}")
    if addresses.local and not addresses.public:
        print("Only this machine reaches it. For other people: --host 0.0.0.0, or --public-host behind a proxy.")
    print("Whoever has the link may answer. Ctrl+C stops the page, not the study.", flush=True)
    serve_study(store, opened, addresses, options.host, options.port)


def _describe(study: Study) -> None:
    """Says what people will be asked."""
    each = min(study.questions, len(study.pairs))
    asked = "for realism" + (" and for the match with the prompt" if study.has_prompts else ": there are no prompts")
    pairs = "1 pair" if len(study.pairs) == 1 else f"{len(study.pairs):,} pairs"
    print(f"{pairs}, of which each person compares {each} {asked}.")


def _results(context: CommandContext, store: Store, name: str | None) -> None:
    found = find_study(store, name)
    answers = store.studies.answers(found.id)
    output: Path | None = context.options.output
    if output is not None:
        if not found.closed:
            raise InvalidInput(
                f"The study {found.name!r} is open. Its answers show which picture is whose, so they are written once"
                " it is closed: `palimpsest study close`."
            )
        with atomic_write(output) as part:
            part.write_text(table(found, answers), "utf-8", newline="")
    print(report(found, answers))
    if output is not None:
        print(output)


def _close(context: CommandContext, store: Store, name: str | None) -> None:
    found = find_study(store, name, only_open=True)
    store.studies.close(found.id)
    print(
        f"The study {printable(found.name)} is closed. `palimpsest study results -o FILE.csv` writes its answers to a"
        " file."
    )
