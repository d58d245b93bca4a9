"""Live runs: edits that are painted while somebody types or sketches, shown, and never stored.

They take turns with the jobs of a worker, in its thread: a live run begins when no job is free, and gives way within a
step when one is. Of jobs only the steps of a replay wait for it.
"""

import base64
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from threading import Lock
from typing import Any, NamedTuple

import numpy as np

from editor.edits.apply import apply
from editor.edits.edit import Edit
from editor.edits.generation import Progress
from editor.edits.plan import affected_region
from editor.edits.previews import encode_preview, preview_box
from editor.formats.images import decode_mask, decode_tile, encode_png, encode_tile
from editor.imaging.geometry import Box
from editor.imaging.picture import Picture
from editor.imaging.raster import Mask, Pixels
from editor.store.store import Store
from pipelines.base import Pipeline, run
from pipelines.errors import InvalidInput, UserError, described

MOST_PIXELS = 2**22  # of what a live run repaints: its picture is sent whole, and without loss
PAUSE = 0.03  # least seconds between two previews: a fast model takes more steps than anybody can see
PAINTING, READY, DROPPED, FAILED = "painting", "ready", "dropped", "failed"

log = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class LiveRequest:
    """An edit to be painted live."""

    document: str  # the document's id; of one document the newest request alone is painted
    parent: str  # the id of the finished revision that is edited
    edit: Edit

    def to_json(self) -> dict[str, Any]:
        """Returns it as JSON holds it, with the edit's mask, sketch and reference as files by their digests."""
        files = {patch.digest: encode_tile(patch.pixels) for patch in self.edit.patches}
        if self.edit.mask.alpha.size:
            files[self.edit.mask.digest] = encode_png(self.edit.mask.alpha)
        return {
            "document": self.document, "parent": self.parent, "edit": self.edit.to_json(),
            "files": {digest: base64.b64encode(file).decode() for digest, file in files.items()},
        }  # fmt: skip

    @staticmethod
    def from_json(fields: dict[str, Any]) -> "LiveRequest":
        """Makes it from what `to_json` returned."""

        def pixels_of(digest: str) -> Pixels:
            file = base64.b64decode(fields["files"][digest])
            return decode_tile(file) if file.startswith(b"RIFF") else decode_mask(file)

        return LiveRequest(fields["document"], fields["parent"], Edit.from_json(fields["edit"], pixels_of))


class LiveReport(NamedTuple):
    """What is said of a live run. It is the last one, unless its state is PAINTING."""

    state: str  # PAINTING, READY, DROPPED (for a newer request, or by who asked) or FAILED
    step: int = 0
    steps: int = 0  # 0 while that is unknown
    box: Box | None = None  # where the picture lies, None without one
    # the picture, transparent where nothing changes: when READY a PNG with the pixels of the result, before that a
    # small WebP of it as it would be if the model stopped now
    file: bytes = b""
    error: str = ""  # a sentence when FAILED

    def to_json(self) -> dict[str, Any]:
        """Returns it as JSON holds it."""
        return {**self._asdict(), "file": base64.b64encode(self.file).decode()}

    @staticmethod
    def from_json(fields: dict[str, Any]) -> "LiveReport":
        """Makes it from what `to_json` returned."""
        box = None if fields["box"] is None else Box(*fields["box"])
        return LiveReport(**{**fields, "box": box, "file": base64.b64decode(fields["file"])})


def check_size(edit: Edit) -> None:
    """Raises InvalidInput when the mask and the sketch of an edit span too many pixels to be painted live."""
    bounds = edit.mask.box if edit.sketch is None else edit.mask.box.union(edit.sketch.box)
    if bounds.width * bounds.height > MOST_PIXELS:
        raise InvalidInput(
            f"What is masked spans {bounds.width:,} x {bounds.height:,} pixels, which is too much for live mode. Mask "
            "less, or press Generate."
        )


Hear = Callable[[LiveReport], None]
Drop = Callable[[], None]  # must be called, also after the last report


class LiveRuns:
    """The live runs of a worker: at most one waits or is painted for each document."""

    def __init__(self, store: Store, pipelines: Callable[[str], Pipeline], on_event: Callable[[str], None]) -> None:
        """Prepares for requests.

        Args:
            store: where the pictures are; nothing is written to it.
            pipelines: returns the pipeline of a name; raises UserError when there is none.
            on_event: called with "live", "step" and "ended" as runs begin, do a step and end.
        """
        self.store, self.pipelines, self.on_event = store, pipelines, on_event
        self._runs: dict[str, _Run] = {}  # by document, in the order of their turns
        self._lock = Lock()

    def add(self, request: LiveRequest, hear: Hear) -> Drop:
        """Has an edit painted when it is its turn; an earlier request of its document is dropped. From any thread.

        Args:
            request: the edit.
            hear: is called with each report, from several threads, but not after the last.

        Returns:
            A function that drops the request, to be called in any case.
        """
        added = _Run(request, hear)
        with self._lock:
            older = self._runs.pop(request.document, None)
            self._runs[request.document] = added
        if older is not None:
            older.say(LiveReport(DROPPED))
        return partial(added.say, LiveReport(DROPPED))

    @property
    def waiting(self) -> bool:
        """Whether a request waits to be painted."""
        with self._lock:
            return any(not each.over for each in self._runs.values())

    def run_one(self, interrupted: Callable[[], bool]) -> bool:
        """Paints the request whose turn it is, which keeps its turn when it is interrupted.

        Args:
            interrupted: tells after each step whether to stop for something else.

        Returns:
            False when there was none.
        """
        with self._lock:
            self._runs = {document: each for document, each in self._runs.items() if not each.over}
            painted = next(iter(self._runs.values()), None)
        if painted is None:
            return False
        self.on_event("live")
        try:
            self._paint(painted, interrupted)
        except _Stopped:
            pass
        except (Exception, SystemExit) as error:  # whatever a model raises, the user sees it and the worker lives on
            if not isinstance(error, UserError):
                log.exception("a live run failed")
            painted.say(LiveReport(FAILED, error=described(error, "The model")))
        finally:
            self.on_event("ended")
        return True

    def _paint(self, painted: "_Run", interrupted: Callable[[], bool]) -> None:
        edit = painted.request.edit
        picture = self.store.revisions.picture(painted.request.parent)
        region = affected_region(edit, picture.box)
        due = 0.0  # when the next preview may be made, by the monotonic clock

        def on_step(progress: Progress) -> None:
            nonlocal due
            self.on_event("step")
            if painted.over or interrupted():
                raise _Stopped
            box, file = None, b""
            if progress.composed is not None and progress.index < progress.total and time.monotonic() >= due:
                preview = progress.preview
                assert preview is not None
                box, file = preview_box(preview, region), encode_preview(preview, region)
                due = time.monotonic() + PAUSE
            painted.say(LiveReport(PAINTING, progress.index, progress.total, box, file))

        cached = partial(self.store.revisions.crop, painted.request.document)
        applied = run(apply(edit, picture, self.pipelines, cached), on_step)
        painted.say(LiveReport(READY, box=region.bounds, file=_changed(applied.picture, region)))


class _Stopped(Exception):
    """The run must end: it was dropped, or gives way to a job."""


class _Run:
    """A request that waits or is painted."""

    def __init__(self, request: LiveRequest, hear: Hear) -> None:
        self.request, self._hear = request, hear
        self.over = False  # whether its last report was made
        self._lock = Lock()

    def say(self, report: LiveReport) -> None:
        """Makes a report, unless the last one was made."""
        with self._lock:
            if self.over:
                return
            self.over = report.state != PAINTING
            self._hear(report)


def _changed(picture: Picture, region: Mask) -> bytes:
    """Encodes what of a picture lies in a region, as a PNG of its bounds that is transparent elsewhere."""
    box = region.bounds
    alpha = np.minimum(np.where(region.on(box) > 0, np.uint8(255), np.uint8(0)), picture.opacity(box))
    return encode_png(np.dstack([picture.read(box).pixels, alpha]))
