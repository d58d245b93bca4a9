"""Calls: who made each call of the API, since nobody else may read its result or the pictures in that."""

import json
import re
from collections import OrderedDict

from starlette.requests import Request
from starlette.types import Message, Send

from editor.web.gradio_routes import FILE
from editor.web.shown_files import Shown
from editor.web.users import User

MOST = 4096  # calls and sessions to know the users of; results of older ones are gone
EVENT = re.compile(r"/gradio_api/call/(?:v2/)?[^/]+/([^/]+)")  # of who reads the result of a call
SESSIONS = ("/gradio_api/queue/data", "/gradio_api/heartbeat/")
CALL, JOIN = "/gradio_api/call/", "/gradio_api/queue/join"
MOST_ANSWER = 2**12  # bytes of the answer to who begins a call


class Calls:
    """The newest calls of a server, by the ids that Gradio gives them, and its clients' sessions."""

    def __init__(self, shown: Shown) -> None:
        """Knows of none. shown: the pictures in the results."""
        self.shown = shown
        self._users: OrderedDict[str, User] = OrderedDict()

    def may_read(self, request: Request, path: str, user: User) -> bool:
        """Tells whether a user may have what is at a path, as far as that is the result of somebody's call.

        A session is whose it was first: its client makes up the id.
        """
        if request.method == "POST":
            return True
        if path.startswith(FILE):
            return self.shown.answered(path.removeprefix(FILE), user)
        if match := EVENT.fullmatch(path):
            return self._users.get(match[1]) == user
        if path.startswith(SESSIONS):
            id = request.query_params.get("session_hash") or path.rpartition("/")[2]
            self._add(f"session {id}", user)
            return self._users[f"session {id}"] == user
        return True

    def remembering(self, send: Send, path: str, user: User) -> Send:
        """Returns a `send` that remembers whose the call is which an answer is about."""
        if not path.startswith((CALL, JOIN)):
            return send
        answer = bytearray()

        async def remember(message: Message) -> None:
            if message["type"] == "http.response.body" and len(answer) < MOST_ANSWER:
                answer.extend(message.get("body", b"")[:MOST_ANSWER])
                if not message.get("more_body"):
                    self._read(bytes(answer), user)
            await send(message)

        return remember

    def _read(self, answer: bytes, user: User) -> None:
        try:
            id = json.loads(answer)["event_id"]
        except (ValueError, LookupError, TypeError):  # it was refused
            return
        self._add(str(id), user)

    def _add(self, id: str, user: User) -> None:
        self._users.setdefault(id, user)
        self._users.move_to_end(id)
        while len(self._users) > MOST:
            self._users.popitem(last=False)
