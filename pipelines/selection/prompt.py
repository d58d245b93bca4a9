"""What the user says of an object: points on it and beside it, a box around it, or words that name it."""

from math import isfinite
from typing import Any, NamedTuple

from pipelines.errors import InvalidInput

MOST_POINTS = 32  # of one object
LONGEST_WORDS = 200  # characters; CLIP reads 77 tokens, and what goes beyond is not read


class Point(NamedTuple):
    """A place in the picture, in pixels from its left upper corner."""

    x: float
    y: float
    inside: bool  # whether it lies on the object, or beside it


class Prompt(NamedTuple):
    """Points in the order in which they were given, and a box [x, y, width, height] or None, which came first.

    Or words alone.
    """

    points: tuple[Point, ...]
    box: tuple[float, float, float, float] | None
    words: str = ""

    @property
    def empty(self) -> bool:
        return not self.points and self.box is None and not self.words

    @property
    def before(self) -> "Prompt":
        """The same without its last point."""
        return self._replace(points=self.points[:-1])

    def moved(self, dx: float, dy: float) -> "Prompt":
        """Returns the same on another origin."""
        points = tuple(Point(x + dx, y + dy, inside) for x, y, inside in self.points)
        box = None if self.box is None else (self.box[0] + dx, self.box[1] + dy, *self.box[2:])
        return self._replace(points=points, box=box)

    def to_json(self) -> dict[str, Any]:
        return {
            "points": [list(point) for point in self.points],
            "box": self.box and list(self.box),
            "words": self.words,
        }


def read_prompt(points: object, box: object) -> Prompt:
    """Parses a prompt in JSON.

    Args:
        points: a list of [x, y, whether it lies on the object].
        box: [x, y, width, height], or None.

    Raises:
        InvalidInput: they are not that, or there are more than MOST_POINTS.
    """
    if not isinstance(points, list) or len(points) > MOST_POINTS:
        raise InvalidInput(
            f"The points must be a list of at most {MOST_POINTS}. Finish this object, then begin another."
        )
    for point in points:
        if not (isinstance(point, list) and len(point) == 3 and _numbers(point[:2]) and type(point[2]) is bool):
            raise InvalidInput(f"A point must be [x, y, true or false], true on the object, not {point!r}.")
    if box is not None and not (isinstance(box, list) and len(box) == 4 and _numbers(box) and min(box[2:]) > 0):
        raise InvalidInput(f"The box must be [x, y, width, height] of at least a pixel, or null, not {box!r}.")
    if box is None and points and not points[0][2]:
        raise InvalidInput("The first point must lie on the object. Give one that does, or a box around it.")
    return Prompt(tuple(Point(*point) for point in points), None if box is None else (box[0], box[1], box[2], box[3]))


def read_words(words: object) -> Prompt:
    """Reads words that name things, such as "the dog" or "sky"; white space counts as one space.

    Args:
        words: a text in JSON.

    Raises:
        InvalidInput: they are no text, say nothing, or have more than LONGEST_WORDS characters.
    """
    if not isinstance(words, str) or not (said := " ".join(words.split())):
        raise InvalidInput("Say in words what to select, for example: the dog.")
    if len(said) > LONGEST_WORDS:
        raise InvalidInput(
            f"The words to select by have {len(said)} characters; at most {LONGEST_WORDS} are read. Name the thing "
            "alone, for example: the dog."
        )
    return Prompt((), None, said)


def _numbers(values: list[Any]) -> bool:
    return all(type(value) in (int, float) and isfinite(value) and abs(value) < 2**24 for value in values)
