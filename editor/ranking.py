"""Ranking: matches finished edits with their prompts, in a thread: none waits for a network to be loaded."""

import logging
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

from editor.edits.edit import Edit
from editor.edits.matching import matches
from editor.imaging.picture import Picture
from pipelines.base import Pipeline
from pipelines.errors import UserError
from pipelines.ranking import Match, Ranker

WAIT = 2.0  # seconds that a finished edit waits for its rank; a network that is loaded needs a fraction of one

log = logging.getLogger(__name__)

Rankers = Callable[[Pipeline], Ranker | None]  # what ranks the results of a pipeline; None where nothing can


def no_ranker(pipeline: Pipeline) -> None:
    """Is what ranks where nothing is to be ranked."""


class Ranking:
    """Matches finished edits with their prompts. No edit fails by it: what breaks is logged.

    Args:
        rankers: finds what ranks; may take as long as a network needs to be loaded.
    """

    def __init__(self, rankers: Rankers) -> None:
        self._rankers = rankers
        self._thread = ThreadPoolExecutor(1, "ranking")
        self._last: Future[list[Match] | None] | None = None  # what is being looked at, or was

    def match(
        self,
        edit: Edit,
        before: Picture,
        results: Sequence[Picture],
        pipeline: Pipeline,
        late: Callable[[list[Match]], None],
    ) -> list[Match] | None:
        """Matches results with their prompt, arguments as of `matches`.

        Args:
            late: called in the thread with the matches, where they take longer than WAIT.

        Returns:
            The matches; None where there are none, or not yet.
        """
        busy = self._last is not None and not self._last.done()  # then it would wait for another edit's rank
        found = self._last = self._thread.submit(self._matches, edit, before, results, pipeline)
        try:
            return found.result(0 if busy else WAIT)
        except TimeoutError:
            found.add_done_callback(lambda done: _tell(done, late))
            return None

    def _matches(
        self, edit: Edit, before: Picture, results: Sequence[Picture], pipeline: Pipeline
    ) -> list[Match] | None:
        try:
            ranker = self._rankers(pipeline)
            return None if ranker is None else matches(edit, before, results, pipeline, ranker)
        except UserError as error:
            log.warning("The results are not ranked: %s", error)
        except Exception:  # whatever a network raises, the edit is done
            log.exception("the results of %s could not be ranked", pipeline.name)
        return None


def _tell(done: "Future[list[Match] | None]", late: Callable[[list[Match]], None]) -> None:
    """Says what came late; nothing, where nothing came."""
    if (found := done.result()) is not None:
        late(found)
