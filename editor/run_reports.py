"""Reports of a run: how far it is, and its newest previews, in the store."""

import time
from collections.abc import Mapping
from threading import Event, Thread

from editor.complaints import complaints
from editor.edits.generation import Progress
from editor.edits.previews import encode_preview, preview_box
from editor.imaging.raster import Mask
from editor.store.database import StorageError
from editor.store.progress import RunPreview
from editor.store.store import Store

PAUSE = 0.03  # least seconds between two reports: a fast model takes more steps than anybody can see


class RunReports:
    """Writes a run's newest step, with encoded previews, to the store, in a thread so that no model waits for it."""

    def __init__(self, store: Store, worker: str, regions: Mapping[str, Mask]) -> None:
        """Starts the thread.

        Args:
            store: the store.
            worker: the worker's id.
            regions: where each of the run's jobs may change its picture.
        """
        self.store, self.worker, self.regions = store, worker, regions
        self._newest: list[Progress] | None = None
        self._previews: dict[str, object] = {}  # the `composed` of each job's preview in the store
        self._serial = 0
        self._news, self._closed = Event(), Event()
        self._thread = Thread(target=self._run, name="reports", daemon=True)
        self._thread.start()

    def add(self, step: list[Progress]) -> None:
        self._newest = step
        self._news.set()

    def close(self) -> None:
        self._closed.set()
        self._news.set()
        self._thread.join()

    def _run(self) -> None:
        self._closed.wait(PAUSE)  # a run that ends within this time needs no report
        if self._newest is None and not self._closed.is_set():
            self._write({job: (0, 0, None) for job in self.regions})
        while True:
            self._news.wait()
            if self._closed.is_set():
                return
            self._news.clear()
            newest, start = self._newest, time.monotonic()
            assert newest is not None
            # from the clock, since another process may have written previews of the same jobs before
            self._serial = max(self._serial + 1, int(time.time() * 1000))
            self._write({job: self._report(job, progress) for job, progress in zip(self.regions, newest, strict=True)})
            # previews of a huge mask take a while, and the model needs the processor too
            self._closed.wait(max(PAUSE, time.monotonic() - start))

    def _report(self, job: str, progress: Progress) -> tuple[int, int, RunPreview | None]:
        preview = None
        if progress.composed is not None and self._previews.get(job) is not progress.composed:
            self._previews[job] = progress.composed
            patch = progress.preview
            assert patch is not None
            region = self.regions[job]
            preview = RunPreview(self._serial, preview_box(patch, region), encode_preview(patch, region))
        return progress.index, progress.total, preview

    def _write(self, steps: dict[str, tuple[int, int, RunPreview | None]]) -> None:
        try:
            self.store.progress.report(self.worker, steps)
        except StorageError as error:  # the run goes on without a report
            complaints.add(error)
