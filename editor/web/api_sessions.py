"""Sessions: what Gradio remembers of calls of the API, each of which is a session to it, and when it forgets them."""

import logging
from collections import OrderedDict
from typing import Any

import gradio as gr
from gradio.utils import LRUCache

STATES = 64  # of components, 0.12 MB each: ours have none that a later call needs
ENDED = 512  # calls whose end nobody may have heard yet
WAITING = 64  # calls that wait, beside the 40 that Gradio runs at a time


class Newest(LRUCache[str, Any]):
    """What is kept by session: of all that run, and of the newest ENDED others."""

    def __init__(self, page: gr.Blocks) -> None:
        super().__init__()
        self.page = page

    def __setitem__(self, session: str, value: Any) -> None:
        OrderedDict.__setitem__(self, session, value)
        events = self.page._queue.event_ids_to_events
        if len(self) > ENDED + len(events):
            running = {session, *(event.session_hash for event in list(events.values()))}
            for ended in [each for each in self if each not in running][: len(self) - ENDED - len(events)]:
                del self[ended]


def bound(page: gr.Blocks) -> None:
    """Have a page's queue forget what has ended: Gradio keeps one thing for ever, and another by age alone, so that a
    long edit was lost to as many short calls.
    """
    page.queue(max_size=WAITING)
    page._queue.pending_messages_per_session = Newest(page)
    page._queue.pending_event_ids_session = Newest(page)
    logging.getLogger("uvicorn.error").addFilter(_news)


def _news(record: logging.LogRecord) -> bool:
    """Whether a record of the log is news. Gradio answers questions about calls that are none, or were forgotten, and
    then raises in the midst of the answer: 3 KB of the log for every address that a stranger makes up.
    """
    return "response already started" not in str(record.exc_info and record.exc_info[1])
