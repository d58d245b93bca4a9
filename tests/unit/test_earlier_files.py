"""A store, a recipe and a document's file as the program of November 2026 wrote them, before its names changed.

They hold no crops, which are large.
"""

import gzip
from pathlib import Path

import numpy as np
import pytest

from editor.recipes.recipe import Recipe
from editor.recipes.replay import replay
from editor.session import Session
from editor.store.maintenance import check
from editor.store.queue import revision_id
from editor.store.store import FILE, Store
from editor.worker import Worker
from pipelines.base import run
from pipelines.classical import Classical

FILES = Path(__file__).parents[1] / "data" / "earlier"
DOCUMENT, WAITS = "d736b62355b6ab5825fc0a8b966e774c", "049ef371122671c141c2b645f157b460"
SHOWN = "51759790c29aeb570c4eb5a849c76c4f"  # the digest of the picture that was exported


def written(name: str, to: Path) -> Path:
    to.write_bytes(gzip.decompress((FILES / f"{name}.gz").read_bytes()))
    return to


@pytest.fixture
def earlier(tmp_path: Path) -> Store:
    written(FILE, tmp_path / FILE)
    return Store(tmp_path)


def test_a_store_opens_with_every_name_as_it_was(earlier: Store) -> None:
    tree = earlier.revisions.tree(DOCUMENT)
    assert [node.finished for node in tree] == [True] * 6 + [False] and tree[3].name == "Wider"
    for node in tree[1:]:
        edit = earlier.revisions.get(node.id).edit
        assert edit is not None and revision_id(DOCUMENT, node.parent, edit.to_json()) == node.id
    assert [each.complaint for each in check(earlier) if each.complaint] == []
    first, second = tree[4:6]
    assert earlier.revisions.variations(first.id) == [first.id, second.id]
    assert Worker(earlier, lambda name: Classical()).run_one()  # a job that waited then
    assert earlier.documents.get(DOCUMENT).head == WAITS
    earlier.close()


def test_a_recipe_leads_to_the_same_picture(earlier: Store) -> None:
    recipe = Recipe.from_json((FILES / "recipe.json").read_text(encoding="utf-8"))
    way = earlier.revisions.path_to(earlier.revisions.tree(DOCUMENT)[4].id)
    pictures = [each.picture for each in way if each.picture is not None]
    assert recipe.before == pictures[0].digest and list(recipe.after) == [each.digest for each in pictures[1:]]
    assert [step.digest for step in recipe.steps] == [each.edit.digest for each in way if each.edit is not None]
    for now, then in zip(run(replay(recipe, pictures[0], lambda name: Classical())), pictures[1:], strict=True):
        # another processor may round otherwise
        assert now.box == then.box and np.abs(now.pixels().astype(int) - then.pixels()).max() <= 1
    earlier.close()


def test_a_documents_file_opens(tmp_path: Path) -> None:
    session = Session(Store(tmp_path / "data"))
    document = session.open_document(written("room.palimpsest", tmp_path / "room.palimpsest"))
    tree = session.store.revisions.tree(document.id)
    assert len(tree) == 6 and tree[3].name == "Wider"
    assert session.picture(document.id).digest == SHOWN
    session.store.close()
