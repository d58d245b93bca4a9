"""Two worlds: the drawn one stays what the shipped weights and the judge were trained on; the wide one has more of everything."""

from hashlib import sha256
from random import Random

from pipelines.training.dataset import HELD_OUT, example
from pipelines.training.scenes.captions import texts, vocabulary
from pipelines.training.scenes.layout import FAMILIAR, draw_scene
from pipelines.training.scenes.places import PLACES
from pipelines.training.scenes.setting import WIDTH
from pipelines.training.scenes.things import KINDS

FORTY = (*range(30), *range(HELD_OUT, HELD_OUT + 10))


def digest(*parts: bytes | str) -> str:
    """The first half of the SHA-256 of some parts."""
    return sha256(b"\0".join(part if isinstance(part, bytes) else part.encode() for part in parts)).hexdigest()[:32]


def test_the_drawn_world_stays_to_the_byte() -> None:
    """Weights, judge and tables of held-out scenes that exist depend on it."""
    scenes = [draw_scene(seed) for seed in FORTY]
    scenes += [draw_scene(7, place) for place in PLACES]
    asked = [example(seed, 64, 0.2, unseen=seed % 4 == 0) for seed in FORTY]
    found = {
        "scenes": digest(*map(repr, scenes)),
        "pictures": digest(*(scene.render(0, 0, WIDTH, 96).tobytes() for scene in scenes)),
        "captions": digest(*(text for seed in FORTY for text in texts(seed))),
        "examples": digest(*(part for one in asked for part in (one.image.tobytes(), one.mask.tobytes(), one.prompt))),
        "words": digest(*vocabulary()),
        "kinds": digest(*map(repr, KINDS)),
        "familiar": digest(*FAMILIAR),
    }
    assert found == {
        "scenes": "403a476d6649a2c7da187527fa837f8a",
        "pictures": "b22cbcb3936d541f5d6cdd6abda14c80",
        "captions": "18ae79b584120ae1aef9c6f8eeab348d",
        "examples": "ca7a4f1a48c338751d882b88b0c3c1ee",
        "words": "4ba425ea41966d5b0b8b6ba7bafb1a76",
        "kinds": "628f03afbd196970e9356386c4eeb299",
        "familiar": "522cf6e819d1c14af2a6a500b8ae6a44",
    }
