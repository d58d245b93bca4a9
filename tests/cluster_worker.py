"""A models' process whose fake models are on a cluster: python -m tests.cluster_worker DATA ADDRESS."""

import os
import sys
from functools import partial
from pathlib import Path
from typing import Any

from editor.models_program import Engine, run_models
from editor.object_selector import ObjectSelector
from editor.picture_reader import Source
from editor.ranking import no_ranker
from editor.store.store import Store
from pipelines.base import Machine
from pipelines.cluster import Cluster
from tests.cluster_models import load_fake


def unloaded(folder: Path) -> Any:
    """Is never called: no selection model is installed."""


if __name__ == "__main__":
    cluster = Cluster(sys.argv[2], load_fake, {}, partial(os._exit, 0))
    store = Store(Path(sys.argv[1]))
    none = Source(lambda: None, unloaded)
    engine = Engine(
        cluster.load, cluster.forget, lambda: "noise 1", lambda: Machine("", 0, 8_000_000_000, 2), no_ranker, list,
        lambda: cluster.node, cluster.room,
    )  # fmt: skip
    code = run_models(store, engine, ObjectSelector(store, none, none), 0.0, pageless=True)
    cluster.close()
    store.close()
    sys.exit(code)
