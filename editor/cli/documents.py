"""The commands about documents: open, list, change and export them, and move through their history."""

import logging
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from tqdm import tqdm

from editor.cli.context import CommandContext
from editor.cli.export_options import check_export
from editor.edits.adjustment import Adjustment
from editor.edits.edit import read_adjustment
from editor.edits.intents import painted_as
from editor.session import Session
from editor.store.document_file import SUFFIX
from editor.store.revisions import Node, Revision
from editor.worker import Worker
from pipelines.errors import InvalidInput, UserError, reason
from pipelines.models import printable


def open_files(context: CommandContext) -> None:
    """Runs the command `open`: opens picture and document files as new documents."""
    failed = 0
    with context.session(create=True) as session:
        for file in context.options.files:
            try:
                if file.suffix.lower() == SUFFIX:
                    document = session.open_document(file)
                else:
                    document, notes = session.open_file(file.read_bytes(), file.stem)
                    for note in notes:
                        print(f"{file}: {note}", file=sys.stderr)
            except (UserError, OSError) as error:
                print(f"{file}: {reason(error, 'a picture or a .palimpsest file')}", file=sys.stderr)
                failed += 1
            else:
                print(f"{document.id}  {document.name}")
    if failed:
        raise InvalidInput(f"{failed} of {len(context.options.files)} files could not be opened: see above.")


def history(context: CommandContext) -> None:
    """Runs the command `history`: lists all documents, or the steps of one."""
    with context.session() as session:
        if context.options.document is None:
            for document in session.store.documents.all():
                print(f"{document.id}  {printable(document.name)}")
            return
        document = session.store.documents.get(context.options.document)
        try:
            found = session.credentials(document.id)
            for sentence in () if found is None else found.sentences:
                print(sentence, file=sys.stderr)
        except InvalidInput as error:
            print(error, file=sys.stderr)
        tree = session.store.revisions.tree(document.id)
        children: dict[str | None, list[Node]] = {}
        for node in tree:
            children.setdefault(node.parent, []).append(node)
        stack = [(node, 0) for node in children.get(None, [])]
        first: dict[str, Mapping[str, Any]] = {}  # the first edit of each prompt and seed
        while stack:  # lists each step below its parent
            node, depth = stack.pop()
            stack += [(child, depth + 1) for child in reversed(children.get(node.id, []))]
            title = document.name if node.edit is None else _summary(node.edit, first)
            status = "" if node.finished else f"  ({node.error or 'waiting'})"
            marker = "  <- shown" if node.id == document.head else ""
            print(f"{node.id}  {'  ' * depth}{printable(node.name or title)}{status}{marker}")


def _summary(edit: Mapping[str, Any], first: dict[str, Mapping[str, Any]]) -> str:
    """Returns an edit's prompt and seed, and how it differs from the first edit with the same prompt and seed.

    An adjustment has neither, so its values are returned.
    """
    if "adjustment" in edit:
        return f"adjusted {read_adjustment(edit['adjustment'])}"
    title = f"“{edit['prompt']}” seed {edit['seed']}"
    earlier = first.setdefault(title, edit)
    new, old = ({**each, **each["blend"], "blend": None} for each in (edit, earlier))
    changes = []
    for name in sorted(new.keys() | old.keys()):
        if (value := new.get(name)) != old.get(name):
            printable = isinstance(value, int | float | str)  # not a mask
            changes.append(name.replace("_", " ") + (f" {value}" if printable else ""))
    return f"{title} ({', '.join(changes)})" if changes else title


def walk(context: CommandContext) -> None:
    """Runs the commands `undo`, `redo`, `checkout`, `name`, `discard` and `recover`."""
    options = context.options
    with context.session() as session:
        document, revision = session.store.documents.get(options.document), getattr(options, "revision", "")
        if options.command == "undo" and not session.can_undo(document.id):
            print("There is nothing to undo: the opened picture is shown.", file=sys.stderr)
        if options.command == "redo" and not session.can_redo(document.id):
            print("There is nothing to redo: the newest step of its branch is shown.", file=sys.stderr)
        if revision and session.store.revisions.get(revision).document != document.id:
            raise InvalidInput(f"The step {revision!r} belongs to another document.")
        commands: dict[str, Callable[[], object]] = {
            "undo": lambda: session.undo(document.id),
            "redo": lambda: session.redo(document.id),
            "checkout": lambda: session.checkout(document.id, revision),
            "name": lambda: session.rename(revision, options.name),
            "discard": lambda: session.discard(revision),
            "recover": lambda: session.recover(revision),
        }
        commands[options.command]()
    history(context)


def amend(context: CommandContext) -> None:
    """Runs the command `amend`: changes a step and replays those after it."""
    options = context.options
    with context.session() as session:
        edit = session.store.revisions.get(options.revision).edit
        if edit is None:
            raise InvalidInput("The opened picture is not an edit, so it has no settings to change.")

        def set_options(*names: str) -> dict[str, Any]:
            return {name: value for name in names if (value := getattr(options, name)) is not None}

        blend = replace(edit.blend, **set_options("feather", "edge", "opacity"))
        changes = set_options("prompt", "negative_prompt", "seed", "steps", "strength", "guidance")
        if options.prompt is not None and edit.adjustment is None:  # which has no prompt, as `replace` will say
            changes["painted_as"] = painted_as(options.prompt, context.load(edit.pipeline).vocabulary)
        if options.grow is not None:
            frame = session.store.revisions.picture(options.revision).box
            mask = edit.mask
            new_mask = mask.grown(options.grow) if options.grow > 0 else mask.shrunk(-options.grow, frame)
            changes["mask"] = new_mask
            if new_mask.bounds.empty and not mask.bounds.empty:
                raise InvalidInput(f"Nothing is left of the mask when it shrinks by {-options.grow} px. Choose fewer.")
        if options.adjust is not None:
            if edit.adjustment is None:
                raise InvalidInput("--adjust changes the values of an adjusted step; this step was made otherwise.")
            changes["adjustment"] = Adjustment.from_text(options.adjust)
        new_edit = replace(edit, blend=blend, **changes)
        finish(context, session, session.amend(options.document, options.revision, new_edit))
    history(context)


def finish(context: CommandContext, session: Session, jobs: Sequence[Revision]) -> None:
    """Runs jobs that were just queued, and shows how many are done; raises InvalidInput when one fails."""
    logging.getLogger("editor.worker").setLevel(logging.CRITICAL)  # the reason of a failure is printed at the end
    worker = Worker(session.store, context.load)
    with tqdm(total=len(jobs), unit=" steps", leave=False) as bar:
        for job in jobs:
            while session.store.revisions.get(job.id).pending and worker.run_one():
                pass  # runs jobs that others queued before this one, too
            if error := session.store.revisions.get(job.id).error:
                raise InvalidInput(error)
            bar.update()


def export(context: CommandContext) -> None:
    """Runs the command `export`: writes a document, a contact sheet or a time-lapse of it to a file."""
    options = context.options
    check_export(options)
    with context.session() as session:
        document, to = options.document, options.output
        given: dict[str, Any] = {"dpi": options.dpi, "quality": options.quality, "seconds": options.seconds}
        if options.size is not None:
            head = session.store.documents.get(document).head
            box = session.store.revisions.picture(options.revision or head).box
            given["side"] = options.size(max(box.width, box.height))
        given = {name: value for name, value in given.items() if value is not None}
        if options.sheet is not None:
            notes = session.exports.write_sheet(document, to, options.sheet, **given)
        elif options.timelapse:
            notes = session.exports.write_timelapse(document, to, options.revision, **given)
        else:
            made_with = None if options.no_recipe else context.made_with()
            notes = session.exports.write(document, to, options.revision, made_with=made_with, **given)
    for note in notes:
        print(note, file=sys.stderr)
    print(options.output)
