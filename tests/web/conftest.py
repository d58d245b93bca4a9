"""A client of the routes, and a document that it has opened."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from editor.store.store import Store
from tests.samples import noise
from tests.wire import RouteClient


@pytest.fixture
def routes(store: Store, tmp_path: Path) -> Iterator[RouteClient]:
    routes = RouteClient(store, tmp_path / "none")
    yield routes
    routes.worker.stop()


@pytest.fixture
def state(routes: RouteClient) -> dict[str, Any]:
    document = routes.session.open(noise(300, 200), "Living room")
    return routes.state({"document": document.id})
