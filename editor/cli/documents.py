"""Documents of the store: opened, listed, walked through, changed and written out."""

import logging
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from tqdm import tqdm

from editor.cli.context import CommandContext
from editor.formats.images import read_image
from editor.store.document_file import SUFFIX
from editor.store.revisions import Node
from editor.worker import Worker
from pipelines.errors import InvalidInput, UserError


def open_files(context: CommandContext) -> None:
    unread = 0
    with context.session() as session:
        for file in context.options.files:
            try:
                if file.suffix.lower() == SUFFIX:
                    document = session.open_document(file)
                else:
                    opened = read_image(file.read_bytes())
                    for note in opened.notes:
                        print(f"{file}: {note}", file=sys.stderr)
                    document = session.open(opened.pixels, file.stem, opened.icc, opened.metadata)
            except (UserError, OSError) as error:
                print(f"{file}: {error}", file=sys.stderr)
                unread += 1
            else:
                print(f"{document.id}  {document.name}")
    if unread:
        raise InvalidInput(f"{unread} of {len(context.options.files)} files could not be opened: see above.")


def _plain(text: str) -> str:
    """On one line, and nothing that tells a terminal what to do."""
    return "".join(letter if letter.isprintable() else " " for letter in text)


def history(context: CommandContext) -> None:
    with context.session() as session:
        if context.options.document is None:
            for document in session.store.documents.all():
                print(f"{document.id}  {_plain(document.name)}")
            return
        document = session.store.documents.get(context.options.document)
        tree = session.store.revisions.tree(document.id)
        below: dict[str | None, list[Node]] = {}
        for node in tree:
            below.setdefault(node.parent, []).append(node)
        waiting = [(node, 0) for node in below.get(None, [])]
        first: dict[str, Mapping[str, Any]] = {}  # edit of each prompt and seed
        while waiting:  # each state is listed under its parent
            node, deep = waiting.pop()
            waiting += [(child, deep + 1) for child in reversed(below.get(node.id, []))]
            words = document.name if node.edit is None else _summary(node.edit, first)
            state = "" if node.finished else f"  ({node.error or 'waiting'})"
            shown = "  <- shown" if node.id == document.head else ""
            print(f"{node.id}  {'  ' * deep}{_plain(node.name or words)}{state}{shown}")


def _summary(edit: Mapping[str, Any], first: dict[str, Mapping[str, Any]]) -> str:
    """An edit's prompt and seed, and in what it differs from the first edit with the same."""
    words = f"“{edit['prompt']}” seed {edit['seed']}"
    earlier = first.setdefault(words, edit)
    now, before = ({**one, **one["blend"], "blend": None} for one in (edit, earlier))
    changes = []
    for name in sorted(now.keys() | before.keys()):
        if (value := now.get(name)) != before.get(name):
            shown = isinstance(value, int | float | str)  # no mask
            changes.append(name.replace("_", " ") + (f" {value}" if shown else ""))
    return f"{words} ({', '.join(changes)})" if changes else words


def walk(context: CommandContext) -> None:
    """undo, redo, checkout, name, discard, recover."""
    options = context.options
    with context.session() as session:
        document, revision = session.store.documents.get(options.document), getattr(options, "revision", "")
        if options.command == "undo" and not session.can_undo(document.id):
            print("There is nothing to undo: the picture that was opened is shown.", file=sys.stderr)
        if options.command == "redo" and not session.can_redo(document.id):
            print("There is nothing to redo: the newest state of its branch is shown.", file=sys.stderr)
        if revision and session.store.revisions.get(revision).document != document.id:
            raise InvalidInput(f"The state {revision!r} is another document's.")
        steps: dict[str, Callable[[], object]] = {
            "undo": lambda: session.undo(document.id),
            "redo": lambda: session.redo(document.id),
            "checkout": lambda: session.checkout(document.id, revision),
            "name": lambda: session.rename(revision, options.name),
            "discard": lambda: session.discard(revision),
            "recover": lambda: session.recover(revision),
        }
        steps[options.command]()
    history(context)


def amend(context: CommandContext) -> None:
    options = context.options
    with context.session() as session:
        edit = session.store.revisions.get(options.revision).edit
        if edit is None:
            raise InvalidInput("The picture that was opened is no step: there is nothing in it to change.")

        def given(*names: str) -> dict[str, Any]:
            return {name: value for name in names if (value := getattr(options, name)) is not None}

        blend = replace(edit.blend, **given("feather", "edge", "opacity"))
        changes = given("prompt", "negative_prompt", "seed", "steps", "strength", "guidance")
        if options.grow is not None:
            frame = session.store.revisions.picture(options.revision).box
            mask = edit.mask
            changes["mask"] = now = mask.grown(options.grow) if options.grow > 0 else mask.shrunk(-options.grow, frame)
            if now.bounds.empty and not mask.bounds.empty:
                raise InvalidInput(f"Nothing is left of the mask when it shrinks by {-options.grow} px: choose fewer.")
        changed = replace(edit, blend=blend, **changes)
        logging.getLogger("editor.worker").setLevel(logging.CRITICAL)  # why a step failed is said once, at the end
        jobs = session.amend(options.document, options.revision, changed)
        worker = Worker(session.store, context.load)
        with tqdm(total=len(jobs), unit=" steps", leave=False) as bar:
            for job in jobs:
                while session.store.revisions.get(job.id).pending and worker.run_one():
                    pass  # jobs that others queued before this, too
                if error := session.store.revisions.get(job.id).error:
                    raise InvalidInput(error)
                bar.update()
    history(context)


def export(context: CommandContext) -> None:
    options = context.options
    with context.session() as session:
        made_with = None if options.no_recipe else context.made_with()
        notes = session.export(
            options.document, options.output, options.revision, quality=options.quality, made_with=made_with
        )
    for note in notes:
        print(note, file=sys.stderr)
    print(options.output)
