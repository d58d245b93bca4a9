"""Box: a rectangle of whole pixels on one unbounded plane, as a value with verbs."""

from typing import NamedTuple

FARTHEST = 2**30  # pixels from the plane's origin at which anything can lie, and the longest side


class Margins(NamedTuple):
    """By how many pixels each side of a box moves outwards; negative: inwards."""

    left: int = 0
    top: int = 0
    right: int = 0
    bottom: int = 0


class Box(NamedTuple):
    """The pixels [x, x + width) x [y, y + height) of the plane; x grows to the right, y downwards, both may
    be negative.

    A box with no width or no height is empty: it holds no pixel, and every box contains it.
    """

    x: int
    y: int
    width: int
    height: int

    @property
    def right(self) -> int:
        """The first column after it."""
        return self.x + self.width

    @property
    def bottom(self) -> int:
        """The first row after it."""
        return self.y + self.height

    @property
    def shape(self) -> tuple[int, int]:
        """(height, width): the shape of an array which fills it."""
        return (self.height, self.width)

    @property
    def empty(self) -> bool:
        return self.width <= 0 or self.height <= 0

    def intersect(self, other: "Box") -> "Box":
        """The pixels in both; empty when they share none."""
        x, y = max(self.x, other.x), max(self.y, other.y)
        width, height = min(self.right, other.right) - x, min(self.bottom, other.bottom) - y
        if width <= 0 or height <= 0:
            return Box(x, y, 0, 0)
        return Box(x, y, width, height)

    def union(self, other: "Box") -> "Box":
        """The smallest box which contains both; an empty one adds nothing."""
        if other.empty:
            return self
        if self.empty:
            return other
        x, y = min(self.x, other.x), min(self.y, other.y)
        return Box(x, y, max(self.right, other.right) - x, max(self.bottom, other.bottom) - y)

    def contains(self, other: "Box") -> bool:
        """Whether every pixel of `other` is in this box."""
        return other.empty or (
            self.x <= other.x and self.y <= other.y and other.right <= self.right and other.bottom <= self.bottom
        )

    def padded(self, n: int) -> "Box":
        """`n` pixels larger on each of the four sides."""
        return Box(self.x - n, self.y - n, self.width + 2 * n, self.height + 2 * n)

    def moved(self, margins: Margins) -> "Box":
        """Each side moved; empty when they meet."""
        left, top, right, bottom = margins
        return Box(self.x - left, self.y - top, self.width + left + right, self.height + top + bottom)

    def widened_to(self, aspect: float) -> Margins:
        """The margins with which it has this width over height (to a pixel), growing to both sides alike."""
        wide, high = max(0, round(self.height * aspect) - self.width), max(0, round(self.width / aspect) - self.height)
        return Margins(wide // 2, high // 2, wide - wide // 2, high - high // 2)

    def margins_to(self, other: "Box") -> Margins:
        """How each side moves to make it the other."""
        return Margins(self.x - other.x, self.y - other.y, other.right - self.right, other.bottom - self.bottom)

    def shifted_into(self, frame: "Box") -> "Box":
        """The same size, moved by the least that puts it inside `frame`; along an axis where it is larger:
        centred.
        """
        return self._replace(
            x=_shifted_into(self.x, self.width, frame.x, frame.width),
            y=_shifted_into(self.y, self.height, frame.y, frame.height),
        )

    def slices(self, frame: "Box") -> tuple[slice, slice]:
        """The rows and columns of this box within an array which lies at `frame`.

        ValueError when a part lies outside: numpy would wrap a negative index round to the other side.
        """
        if self.empty:
            return slice(0, self.height), slice(0, self.width)  # no pixel, wherever it lies
        if not frame.contains(self):
            raise ValueError(f"{self} does not lie within {frame}")
        x, y = self.x - frame.x, self.y - frame.y
        return slice(y, y + self.height), slice(x, x + self.width)


def read_box(numbers: object) -> Box | None:
    """A box from a JSON list of four whole numbers [x, y, width, height], None for anything else and for one that is
    too far away to reckon with.
    """
    if not (isinstance(numbers, list) and len(numbers) == 4 and all(type(n) is int for n in numbers)):
        return None
    return Box(*numbers) if max(map(abs, numbers)) <= FARTHEST else None


def _shifted_into(start: int, length: int, frame_start: int, frame_length: int) -> int:
    if length > frame_length:
        return frame_start + (frame_length - length) // 2
    return min(max(start, frame_start), frame_start + frame_length - length)
