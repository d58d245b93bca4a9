"""The crew follows the room that there is."""

from collections.abc import Iterator
from typing import Any

import pytest

from editor import crew as crew_module
from editor.crew import Crew
from tests.fakes import until


class Member:
    """A models' process that starts nothing."""

    def __init__(self) -> None:
        self.places: int | None = None
        self.looks = 0
        self.began = 0
        self.ends: list[float | None] = []

    @property
    def room(self) -> int | None:
        self.looks += 1
        return self.places

    def start(self) -> None:
        self.began += 1

    def stop(self, within: float | None = None) -> None:
        self.ends.append(within)


@pytest.fixture
def members(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Member]]:
    monkeypatch.setattr(crew_module, "POLL_INTERVAL", 0.01)
    yield []


def crew_of(members: list[Member]) -> Crew:
    """A crew whose processes are added to the members."""

    def make() -> Any:
        members.append(Member())
        return members[-1]

    return Crew(make)


def test_there_are_as_many_as_there_is_room_for(members: list[Member]) -> None:
    crew = crew_of(members)
    crew.start()
    assert [member.began for member in members] == [1]
    members[0].places = 3
    until(lambda: [member.began for member in members] == [1, 1, 1])
    members[0].places = 2
    until(lambda: [member.ends for member in members] == [[], [], [None]])
    members[0].places = 0  # the first stays, and sees when there is room again
    until(lambda: members[1].ends == [None])
    assert members[0].ends == []
    members[0].places = 2
    until(lambda: len(members) == 4 and members[3].began == 1)
    crew.stop(7.0)
    assert [member.ends for member in members] == [[7.0], [None], [None], [7.0]]


def test_one_alone_stays_one(members: list[Member]) -> None:
    crew = crew_of(members)
    crew.start()
    until(lambda: members[0].looks > 3)
    assert len(members) == 1  # while nobody knows for how many there is room
    members[0].places = 1
    crew.stop()
    assert len(members) == 1 and members[0].ends == [None]
