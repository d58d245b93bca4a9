"""Objects over HTTP: selected by the page's route, and for the API's `select`, with a SAM 2 of tiny size."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from editor.imaging.named_parts import coarser
from editor.imaging.object_edges import object_mask
from editor.object_selector import READY, ObjectSelector
from editor.store.store import Store
from editor.web.regions import find_object
from pipelines.errors import InvalidInput
from pipelines.selection.prompt import LONGEST_WORDS, Point, Prompt
from pipelines.selection.segmenter import Segmenter, load_segmenter
from tests import tiny_sam2
from tests.fakes import NOT_INSTALLED, source, until
from tests.samples import noise
from tests.wire import RouteClient, refused, sent, unpacked

ASK = {"tool": "object", "points": [], "box": None, "look": False}


@pytest.fixture(scope="module")
def segmenter(tmp_path_factory: pytest.TempPathFactory) -> Segmenter:
    return load_segmenter(tiny_sam2.install(tmp_path_factory.mktemp("cache")))


@pytest.fixture
def installed(routes: RouteClient, store: Store, segmenter: Segmenter) -> None:
    routes.models.selector = ObjectSelector(store, source(segmenter), NOT_INSTALLED)


def asked(routes: RouteClient, state: dict[str, Any], **changes: Any) -> Any:
    body = sent({**ASK, "revision": state["head"], **changes})
    return routes.post(f"documents/{state['document']}/select", content=body)


def test_without_a_model_the_answer_says_so(routes: RouteClient, state: dict[str, Any]) -> None:
    for points in ([], [[10, 10, True]]):
        assert unpacked(asked(routes, state, points=points), "mask") == (
            {"state": "none", "words": False, "lines": []},
            None,
        )


@pytest.mark.usefixtures("installed")
def test_an_object_is_the_networks_answer_to_the_pixel(
    routes: RouteClient, state: dict[str, Any], segmenter: Segmenter
) -> None:
    until(lambda: unpacked(asked(routes, state), "mask")[0]["state"] == READY)
    said, mask = unpacked(asked(routes, state, points=[[120, 90, True]], box=[20, 30, 200, 150]), "mask")
    picture = routes.session.picture(state["document"])
    encoding, box = segmenter.encode(noise(300, 200)), (20.0, 30.0, 200.0, 150.0)
    alone = segmenter.logits(encoding, Prompt((), box), (300, 200), None)
    logits = segmenter.logits(encoding, Prompt((Point(120, 90, True),), box), (300, 200), alone)
    assert said == {"state": READY, "words": False, "lines": []} and mask == object_mask(picture, logits)
    looked, nothing = unpacked(asked(routes, state, points=[[120, 90, True]], look=True), "mask")
    assert nothing is None and looked["lines"]
    places = np.concatenate([np.reshape(line, (-1, 2)) for line in looked["lines"]])
    assert (places >= 0).all() and (places <= (300, 200)).all()


@pytest.mark.usefixtures("installed")
def test_what_is_no_question_is_refused(routes: RouteClient, state: dict[str, Any]) -> None:
    until(lambda: unpacked(asked(routes, state), "mask")[0]["state"] == READY)
    refused(asked(routes, state, look="yes"), 400, "true or false")
    refused(asked(routes, state, points=[[1, 2]]), 400, "A point must be [x, y, true or false]")
    refused(asked(routes, state, box=[1, 2, 0, 4]), 400, "The box must be")
    refused(asked(routes, state, points=[[1, 2, False]]), 400, "first point must lie on the object")
    refused(asked(routes, state, more=1), 400, "exactly these keys")
    refused(asked(routes, state, revision="nobody's"), 404, "nobody's")


class Disc:
    """Finds a disc, whatever is said; nothing for a unicorn."""

    def logits(self, pixels: Any, words: str) -> Any:
        down, across = np.mgrid[:352, :352]
        size = -1 if words == "a unicorn" else 80
        return (size - np.hypot(across - 150, down - 170)).astype(np.float32)


def named(routes: RouteClient, state: dict[str, Any], words: Any, **changes: Any) -> Any:
    body = sent({"tool": "words", "revision": state["head"], "words": words, **changes})
    return routes.post(f"documents/{state['document']}/select", content=body)


def test_words_select_what_their_network_finds(routes: RouteClient, state: dict[str, Any], store: Store) -> None:
    assert unpacked(named(routes, state, "the dog"), "mask") == ({"state": "none"}, None)
    routes.models.selector = ObjectSelector(store, NOT_INSTALLED, source(Disc()))
    assert unpacked(asked(routes, state), "mask")[0] == {"state": "none", "words": True, "lines": []}
    until(lambda: unpacked(named(routes, state, "the dog"), "mask")[0]["state"] == READY)
    picture = routes.session.picture(state["document"])
    expected = object_mask(picture, coarser(Disc().logits(None, "the dog")))
    assert unpacked(named(routes, state, "the dog"), "mask") == ({"state": READY}, expected)
    assert not expected.bounds.empty
    until(lambda: unpacked(named(routes, state, "a unicorn"), "mask")[0]["state"] == READY)
    assert unpacked(named(routes, state, "a unicorn"), "mask") == ({"state": READY}, None)
    refused(named(routes, state, "  "), 400, "Say in words")
    refused(named(routes, state, ["the dog"]), 400, "Say in words")
    refused(named(routes, state, "a" * (LONGEST_WORDS + 1)), 400, f"at most {LONGEST_WORDS}")
    refused(named(routes, state, "the dog", more=1), 400, "exactly these keys")
    refused(named(routes, state, "the dog", revision="nobody's"), 404, "nobody's")


def test_the_apis_select_takes_words(routes: RouteClient, state: dict[str, Any], store: Store) -> None:
    context: Any = SimpleNamespace(session=routes.session, models=routes.models)

    def find(words: str, box: list[int] | None = None) -> Any:
        return find_object(context, state["document"], box, None, words)

    with pytest.raises(InvalidInput, match=r"No model that selects by words \(CLIPSeg\) is installed"):
        find("the dog")
    routes.models.selector = ObjectSelector(store, NOT_INSTALLED, source(Disc()))
    found = find("the dog")
    assert found == unpacked(named(routes, state, "the dog"), "mask")[1]
    with pytest.raises(InvalidInput, match="Give other words"):
        find("a unicorn")
    with pytest.raises(InvalidInput, match="without a point and a box"):
        find("the dog", [20, 30, 200, 150])


def test_the_apis_select_waits_until_the_picture_is_read(
    routes: RouteClient, state: dict[str, Any], store: Store, segmenter: Segmenter
) -> None:
    context: Any = SimpleNamespace(session=routes.session, models=routes.models)

    def find(box: list[int] | None, point: list[int] | None) -> Any:
        return find_object(context, state["document"], box, point, "")

    with pytest.raises(InvalidInput, match="No object selector is installed"):
        find(None, [120, 90])
    routes.models.selector = ObjectSelector(store, source(segmenter), NOT_INSTALLED)
    found = find([20, 30, 200, 150], [120, 90])
    _, mask = unpacked(asked(routes, state, points=[[120, 90, True]], box=[20, 30, 200, 150]), "mask")
    assert found == mask
    with pytest.raises(InvalidInput, match="Give a point"):
        find(None, None)
