"""Sessions of the API: to Gradio each call is a session; here are limits on what it remembers of them."""

import logging
from collections import OrderedDict
from typing import Any

import gradio as gr
from gradio.utils import LRUCache

from editor.web.users import set_current_user, user_in

STATES = 64  # session states, 0.12 MB each: no later call needs one of ours
ENDED = 512  # calls that have ended, whose clients may not have read the end yet
WAITING = 64  # calls that wait, besides the 40 that Gradio runs at a time


class NewestSessions(LRUCache[str, Any]):
    """Values by session: of all that run, and of the newest ENDED others."""

    def __init__(self, page: gr.Blocks) -> None:
        super().__init__()
        self.page = page

    def __setitem__(self, session: str, value: Any) -> None:
        OrderedDict.__setitem__(self, session, value)
        events = self.page._queue.event_ids_to_events
        if len(self) > ENDED + len(events):
            running = {session, *(event.session_hash for event in list(events.values()))}
            for oldest in [each for each in self if each not in running][: len(self) - ENDED - len(events)]:
                del self[oldest]


def bound(page: gr.Blocks) -> None:
    """Makes a page's queue forget calls that have ended.

    Gradio keeps one of these maps for ever, and evicts from the other by age alone, so that many short calls evict a
    long edit that still runs.
    """
    page.queue(max_size=WAITING)
    page._queue.pending_messages_per_session = NewestSessions(page)
    page._queue.pending_event_ids_session = NewestSessions(page)
    logging.getLogger("uvicorn.error").addFilter(_is_relevant)


def identify_users(page: gr.Blocks) -> None:
    """Makes a page's functions know who called them: they run in a queue's task, not in the request's."""
    call = page.call_function

    async def call_as_user(
        block_fn: Any,
        processed_input: list[Any],
        iterator: Any = None,
        requests: Any = None,
        *others: Any,
        **named: Any,
    ) -> Any:
        request = requests[0] if isinstance(requests, list) else requests
        request = getattr(request, "request", request)  # Gradio's own, around Starlette's
        set_current_user(user_in(getattr(request, "scope", {})))
        return await call(block_fn, processed_input, iterator, requests, *others, **named)

    page.call_function = call_as_user  # type: ignore[method-assign]


def _is_relevant(record: logging.LogRecord) -> bool:
    """Tells whether to log a record.

    Asked about an unknown or forgotten call, Gradio responds and then raises in the middle of the response, which would
    write 3 KB to the log for every URL that a stranger makes up.
    """
    return "response already started" not in str(record.exc_info and record.exc_info[1])
