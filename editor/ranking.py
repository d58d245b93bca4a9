"""Ranking: matches finished edits with their prompts; for the page in a thread, so that none waits for a network."""

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
QUEUE = 4  # edits at most that are looked at or wait for it, each with its pictures in memory

log = logging.getLogger(__name__)

Rankers = Callable[[Pipeline], Ranker | None]  # what ranks the results of a pipeline; None where nothing can


def no_ranker(pipeline: Pipeline) -> None:
    """Is what ranks where nothing is to be ranked."""


def ranked(
    edit: Edit, before: Picture, results: Sequence[Picture], pipeline: Pipeline, rankers: Rankers
) -> list[Match] | None:
    """Matches results with their prompt, arguments as of `matches`. No edit fails by it: what breaks is logged.

    Args:
        rankers: finds what ranks; may take as long as a network needs to be loaded.

    Returns:
        The matches; None where there are none.
    """
    try:
        ranker = rankers(pipeline)
        return None if ranker is None else matches(edit, before, results, pipeline, ranker)
    except UserError as error:
        log.warning("The results are not ranked: %s", error)
    except Exception:  # whatever a network raises, the edit is done
        log.exception("the results of %s could not be ranked", pipeline.name)
    return None


class Ranking:
    """Matches finished edits with their prompts in a thread, see `ranked`.

    Args:
        rankers: as in `ranked`.
    """

    def __init__(self, rankers: Rankers) -> None:
        self._rankers = rankers
        self._thread = ThreadPoolExecutor(1, "ranking")
        self._queue: list[Future[list[Match] | None]] = []  # what is being looked at, and what waits for it

    def prepare(self, pipeline: Pipeline) -> None:
        """Has the network loaded that ranks a pipeline's results, while those are painted."""
        self._thread.submit(self._rankers, pipeline)  # what fails is said when it is to rank

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
            late: called with the matches, where they take longer than WAIT: in the thread, or at once if they come
                just then. So it may be called before this returns.

        Returns:
            The matches; None where there are none, or not yet, and where QUEUE others are to be looked at first.
        """
        self._queue = [other for other in self._queue if not other.done()]
        if len(self._queue) >= QUEUE:
            log.info("The results are not ranked: %d other edits wait for that already.", QUEUE)
            return None
        busy = bool(self._queue)  # then it would wait for another edit's rank
        found = self._thread.submit(ranked, edit, before, results, pipeline, self._rankers)
        self._queue.append(found)
        try:
            return found.result(0 if busy else WAIT)
        except TimeoutError:
            found.add_done_callback(lambda done: _tell(done, late))
            return None


def _tell(done: "Future[list[Match] | None]", late: Callable[[list[Match]], None]) -> None:
    """Says what came late; nothing, where nothing came."""
    if (found := done.result()) is not None:
        late(found)
