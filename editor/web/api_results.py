"""Results of the API's tools: documents, revisions and where their pictures are, as JSON."""

from typing import Any

from editor.edits.edit import Blend
from editor.store.documents import Document
from editor.store.revisions import Node
from editor.web.context import AppContext

Result = dict[str, Any]


def summary(context: AppContext, document: Document) -> Result:
    """Returns what every tool says of a document."""
    session = context.session
    return {
        "document": document.id,
        "name": document.name,
        "box": list(session.store.revisions.picture(document.head).box),
        **picture_url(context, document.head),
        "can_undo": session.can_undo(document.id),
        "can_redo": session.can_redo(document.id),
    }


def picture_url(context: AppContext, revision: str) -> Result:
    """Returns a revision's id and the URL of its picture."""
    return {
        "revision": revision,
        "picture": f"{context.addresses.root_path}/palimpsest/revisions/{revision}/picture.png",
    }


def history_entry(node: Node) -> Result:
    """Returns a revision as `describe` lists it."""
    entry: Result = {
        "revision": node.id, "parent": node.parent, "name": node.name, "finished": node.finished, "error": node.error,
    }  # fmt: skip
    if node.edit is not None:
        names = ("prompt", "negative_prompt", "seed", "steps", "guidance", "strength")
        entry |= {name: node.edit[name] for name in names}
        entry |= {"model": node.edit["pipeline"], "box": node.edit["mask"]["box"]}
        entry |= {name: node.edit[name] for name in ("adjustment", "painted_as") if name in node.edit}
        blend = Blend(**node.edit["blend"])
        entry |= {"visible": blend.visible, "opacity": blend.opacity, "match": node.match.word if node.match else ""}
    return entry
