"""The editor without its page: what an edit costs, on disk and in time; rows of `make bench`."""

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from editor.formats.images import encode_png, encode_tile, read_image
from editor.imaging.geometry import Box
from editor.imaging.picture import tile_box
from editor.session import Session
from editor.store.store import Store
from tests.fakes import NoisePipeline
from tests.measuring import Row, peak, photograph, resident, spread, timed
from tests.samples import an_edit, disc
from tests.workbench import Workbench


def open_store(folder: Path) -> Workbench:
    """Opens a store with a pipeline of 256 pixels that costs nothing."""
    return Workbench(Store(folder), NoisePipeline(size=256))


def run_edit(workbench: Workbench, seed: int, side: int) -> str:
    """Runs an edit of 200x200 pixels at a random position, and returns its revision's id."""
    x, y = (int(v) for v in np.random.default_rng(seed).integers(0, side - 200, 2))
    edit = an_edit(disc(Box(x, y, 200, 200)), seed=seed, steps=1)
    job = workbench.session.submit(workbench.document.id, edit)
    assert workbench.worker.run_one()
    workbench.models[0].requests.clear()  # else they would count as the store's memory
    return job.id


def bytes_on_disk(store: Store) -> int:
    row = store.database.row("PRAGMA wal_checkpoint(TRUNCATE)")
    assert row is not None and store.database.path is not None
    return store.database.path.stat().st_size


def walking() -> Iterator[Row]:
    """Undo, redo and checkout of a neighbour, and what an edit takes on disk, at 4096x4096."""
    with tempfile.TemporaryDirectory() as folder:
        workbench = open_store(Path(folder))
        session, document = workbench.session, workbench.open(photograph(4096))
        before = bytes_on_disk(workbench.store)
        ids = [run_edit(workbench, seed, 4096) for seed in range(25)]
        grown = bytes_on_disk(workbench.store) - before
        least = sum(lossless(workbench.store, id) for id in ids)
        times: dict[str, list[float]] = {"undo": [], "redo": [], "checkout of a neighbour": []}

        for n in range(20):
            for what, verb in (
                ("undo", lambda: session.undo(document)),
                ("redo", lambda: session.redo(document)),
                ("checkout of a neighbour", lambda n=n: session.checkout(document, ids[n])),
            ):
                times[what].append(timed(lambda verb=verb: (verb(), session.picture(document)))[0])
        workbench.store.close()
    for what, seconds in times.items():
        yield f"{what} at 4096x4096", spread(seconds), "15 ms"
    yield (
        "storage for a 200x200 edit, over the lossless bytes of changed pixels and crop",
        f"{grown / least:.2f}",
        "1.3",
    )


def lossless(store: Store, id: str) -> int:
    """Bytes of what an edit changed and of its crop, each as a lossless WebP."""
    state = store.revisions.get(id)
    assert state.parent is not None and state.picture is not None
    before, crop = (
        store.revisions.picture(state.parent),
        store.database.row("SELECT crop FROM drawn WHERE revision = :id", id=id),
    )
    boxes = [tile_box(place) for place, digest in state.picture.tiles.items() if before.tiles[place] != digest]
    box = boxes[0]
    for other in boxes:
        box = box.union(other)
    inside = box.intersect(state.picture.box)
    old, new = before.read(inside).pixels, state.picture.read(inside).pixels
    changed = np.argwhere((old != new).any(2))
    (top, left), (bottom, right) = changed.min(0), changed.max(0) + 1
    part = new[top:bottom, left:right].copy()
    part[(old == new)[top:bottom, left:right].all(2)] = 0
    assert crop is not None
    return len(encode_tile(part)) + len(store.blobs.file(crop[0]))


def endurance() -> Iterator[Row]:
    """A thousand edits in one document: how it opens again, and what the process grows by on the way."""
    with tempfile.TemporaryDirectory() as folder:
        workbench = open_store(Path(folder))
        document = workbench.open(photograph(2048))
        sizes = {}
        for seed in range(1, 1001):
            run_edit(workbench, seed, 2048)
            if seed in (250, 500, 750, 1000):
                sizes[seed] = resident()
        workbench.store.close()
        opened = []
        for _ in range(7):
            store = Store(Path(folder))
            opened.append(timed(lambda store=store: everything(Session(store), document))[0])
            store.close()
    grown = ", ".join(f"{size - sizes[250]:+.0f} MB" for size in list(sizes.values())[1:])
    yield "a document of 1,000 edits opens: state, tree, all pixels", spread(opened), "200 ms"
    yield "its memory after 500, 750 and 1,000, against 250", grown, "flat"


def everything(session: Session, document: str) -> None:
    """What a tab asks for first."""
    session.store.documents.get(document)
    session.store.jobs.pending(document)
    session.store.revisions.tree(document)
    session.picture(document).pixels()


def huge() -> Iterator[Row]:
    """A picture of 100 megapixels in a process of its own: the most memory that it held."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "huge.png"
        file.write_bytes(encode_png(np.tile(photograph(2500), (4, 4, 1))))
        ran = subprocess.run([sys.executable, "-m", "tests.bench.store", str(file)], capture_output=True, text=True)
    peaks = ran.stdout.split() if ran.returncode == 0 else ["failed", ran.stderr[-200:]]
    yield "100 megapixels: most memory while it opens, while it is edited", f"{peaks[0]} MB, {peaks[1]} MB", "2,000 MB"


def open_and_edit(file: Path) -> None:
    workbench = open_store(file.parent / "data")
    workbench.open(read_image(file.read_bytes()).pixels)
    print(peak())
    run_edit(workbench, 1, 10_000)
    print(peak())


if __name__ == "__main__":
    open_and_edit(Path(sys.argv[1]))
