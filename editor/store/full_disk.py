"""What must work on a full disk too."""

from collections.abc import Callable
from functools import partial, wraps
from typing import Concatenate, ParamSpec, Protocol, TypeVar

from editor.store.database import Database

Result = TypeVar("Result")
Arguments = ParamSpec("Arguments")


class HasDatabase(Protocol):
    """An object with a database, such as a part of the store."""

    database: Database


Owner = TypeVar("Owner", bound=HasDatabase)


def even_when_full(
    method: Callable[Concatenate[Owner, Arguments], Result],
) -> Callable[Concatenate[Owner, Arguments], Result]:
    """Decorates a method that must work on a full disk too, see `Database.with_reserve`."""

    @wraps(method)
    def wrapper(owner: Owner, /, *values: Arguments.args, **named: Arguments.kwargs) -> Result:
        result = owner.database.with_reserve(partial(method, owner, *values, **named))
        owner.database.keep_reserve()
        return result

    return wrapper
