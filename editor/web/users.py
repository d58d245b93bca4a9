"""Users: who makes a request, for everything that answers it."""

from contextvars import ContextVar
from dataclasses import dataclass, field

from starlette.types import Scope

SCOPE_KEY = "palimpsest.user"  # of the user in a request's scope, for what runs after the request's own task


@dataclass(frozen=True)
class User:
    """Somebody who is signed in."""

    name: str | None  # as the proxy says it; None: whoever has the token
    session: str | None = field(default=None, compare=False)  # of a browser that signed in at the sign-in page

    @property
    def shown(self) -> str:
        """The name as a log has it."""
        return "token" if self.name is None else self.name


_current: ContextVar[User | None] = ContextVar("user", default=None)


def current_user() -> User | None:
    """Returns who makes the request that is being answered; None where nobody is asked to sign in."""
    return _current.get()


def set_current_user(user: User | None) -> None:
    """Says who makes the request that this task answers."""
    _current.set(user)


def user_in(scope: Scope) -> User | None:
    """Returns the user whom the gate has put into a request's scope."""
    user = scope.get(SCOPE_KEY)
    return user if isinstance(user, User) else None
