"""The command `credentials`: shows what the content credentials of files say."""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from editor.cli.context import CommandContext
from editor.formats.credentials import Action, Credentials, read_credentials
from editor.formats.decoding import is_picture
from editor.session import Session
from editor.store.document_file import HEADER
from editor.store.store import Store
from pipelines.errors import InvalidInput, UserError, reason

LONGEST_START = 2**20  # bytes at the start of a file to read to tell whether it is a picture


def show(context: CommandContext) -> None:
    """Runs the command."""
    failed = 0
    for file in context.options.files:
        try:
            sentences, credentials = _credentials_in(file, context.anchors)
        except (UserError, OSError) as error:
            print(f"{file}: {reason(error, 'a picture or a .palimpsest file')}", file=sys.stderr)
            failed += 1
            continue
        for sentence in sentences:
            print(f"{file}: {sentence}")
        for action in () if credentials is None else credentials.actions:
            print(f"  {_line(action)}")
    if failed:
        raise InvalidInput(f"The credentials of {failed} of {len(context.options.files)} files cannot be read.")


def credentials_sentence(file: Path, anchors: str) -> str:
    """Returns what a picture file's credentials come to, or why they cannot be read; "" where it has none."""
    try:
        credentials = read_credentials(file.read_bytes(), anchors)
    except InvalidInput as error:
        return str(error)
    return "" if credentials is None else credentials.sentence


def _credentials_in(file: Path, anchors: str) -> tuple[tuple[str, ...], Credentials | None]:
    """Returns sentences about the credentials of a picture or a document's file, and what they say."""
    data = file.read_bytes()
    if data.startswith(HEADER):
        with TemporaryDirectory(prefix="palimpsest-") as folder:
            store = Store(Path(folder))  # where what is in the file is checked as ever
            try:
                session = Session(store)
                found = session.credentials(session.open_document(file).id)
            finally:
                store.close()
        return ("It has no content credentials.",) if found is None else found.sentences, found and found.credentials
    if not is_picture(data[:LONGEST_START]):
        raise InvalidInput("This is neither a picture nor a .palimpsest file.")
    credentials = read_credentials(data, anchors)
    return ("It has no content credentials." if credentials is None else credentials.sentence,), credentials


def _line(action: Action) -> str:
    parts = [action.action, action.agent and f"by {action.agent}", action.source and f"({action.source})"]
    return " ".join([*filter(None, parts), f"says {action.signer or 'nobody with a name'}"])
