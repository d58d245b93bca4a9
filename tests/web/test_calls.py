"""Whose the results of the API's calls are: nobody else reads them, whoever knows their ids."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.web.members import Members, served_members

# Gradio, its server and its client, leave event loops and sockets to the garbage collector
pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")


@pytest.fixture(scope="module")
def members(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Members]:
    with served_members(tmp_path_factory.mktemp("calls")) as members:
        yield members


def begun(members: Members, user: str, tool: str, version: str, document: str) -> str:
    """Where the result of a call is to be read."""
    value: object = {"document": document} if version else {"data": [document]}
    answer = members.ask("POST", f"/gradio_api/call/{version}{tool}", user, json=value)
    assert answer.status_code == 200, answer.text
    return f"/gradio_api/call/{version}{tool}/{answer.json()['event_id']}"


@pytest.mark.parametrize("version", ["", "v2/"])
def test_the_result_of_a_call_is_its_callers(members: Members, version: str) -> None:
    document = members.opened("ann", "nobody").id
    place = begun(members, "ann", "describe", version, document)
    for user, status in (("bob", 404), (None, 401)):
        answer = members.ask("GET", place, user)
        assert answer.status_code == status and document not in answer.text
    assert document in members.ask("GET", place, "ann").text


def test_a_picture_in_a_result_is_its_callers(members: Members) -> None:
    document = members.opened("ann", "nobody").id
    result = members.ask("GET", begun(members, "ann", "look", "v2/", document), "ann").text
    (data,) = (line.removeprefix("data: ") for line in result.splitlines() if '"path"' in line)
    found = json.loads(data)
    path = next(each["path"] for each in (found if isinstance(found, list) else [found]) if "path" in each)
    assert Path(path).is_file()
    assert [members.ask("GET", f"/gradio_api/file={path}", user).status_code for user in ("bob", "ann")] == [404, 200]


def test_a_picture_that_two_were_answered_with_is_both(members: Members) -> None:
    document = members.opened("ann", "look").id
    paths = []
    for user in ("ann", "bob"):
        result = members.ask("GET", begun(members, user, "look", "v2/", document), user).text
        paths.append(result.partition('"path": "')[2].partition('"')[0])
    assert paths[0] == paths[1] and paths[0]
    statuses = [members.ask("GET", f"/gradio_api/file={paths[0]}", user).status_code for user in ("ann", "bob", "eve")]
    assert statuses == [200, 200, 404]


def test_the_session_of_a_client_is_whose_it_was_first(members: Members) -> None:
    document = members.opened("ann", "nobody").id
    names = members.ask("GET", "/config", "ann").json()["dependencies"]
    number = next(each["id"] for each in names if each["api_name"] == "describe")
    call = {"data": [document], "fn_index": number, "session_hash": "ann-s-own"}
    assert members.ask("POST", "/gradio_api/queue/join", "ann", json=call).status_code == 200
    place = "/gradio_api/queue/data?session_hash=ann-s-own"
    assert document in members.ask("GET", place, "ann").text
    assert members.ask("GET", place, "bob", timeout=5).status_code == 404  # else it waits for ever
    members.ask("POST", "/gradio_api/queue/join", "ann", json=call)
    assert document in members.ask("GET", place, "ann").text
