"""Box: a rectangle of whole pixels on one unbounded plane, as an immutable value."""

from typing import NamedTuple

FARTHEST = 2**30  # pixels from the plane's origin at which anything can lie, and the longest side


class Margins(NamedTuple):
    """By how many pixels each side of a box moves outwards; negative: inwards."""

    left: int = 0
    top: int = 0
    right: int = 0
    bottom: int = 0


class Box(NamedTuple):
    """The pixels [x, x + width) x [y, y + height) of the plane.

    x grows to the right, y downwards; both may be negative.

    A box with no width or no height is empty: it contains no pixel, and every box contains it.
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
        """(height, width): the shape of an array that fills it."""
        return (self.height, self.width)

    @property
    def empty(self) -> bool:
        """Whether it contains no pixel."""
        return self.width <= 0 or self.height <= 0

    def intersect(self, other: "Box") -> "Box":
        """Returns the pixels in both; an empty box when they share none."""
        x, y = max(self.x, other.x), max(self.y, other.y)
        width, height = min(self.right, other.right) - x, min(self.bottom, other.bottom) - y
        if width <= 0 or height <= 0:
            return Box(x, y, 0, 0)
        return Box(x, y, width, height)

    def union(self, other: "Box") -> "Box":
        """Returns the smallest box that contains both; an empty one adds nothing."""
        if other.empty:
            return self
        if self.empty:
            return other
        x, y = min(self.x, other.x), min(self.y, other.y)
        return Box(x, y, max(self.right, other.right) - x, max(self.bottom, other.bottom) - y)

    def contains(self, other: "Box") -> bool:
        """Tells whether every pixel of `other` is in this box."""
        return other.empty or (
            self.x <= other.x and self.y <= other.y and other.right <= self.right and other.bottom <= self.bottom
        )

    def padded(self, n: int) -> "Box":
        """Returns a box `n` pixels larger on each of the four sides."""
        return Box(self.x - n, self.y - n, self.width + 2 * n, self.height + 2 * n)

    def moved(self, margins: Margins) -> "Box":
        """Returns a box with each side moved; empty when they meet."""
        left, top, right, bottom = margins
        return Box(self.x - left, self.y - top, self.width + left + right, self.height + top + bottom)

    def widened_to(self, aspect: float) -> Margins:
        """Returns the margins that give it this ratio of width to height (to a pixel), equal on opposite sides."""
        wide, high = max(0, round(self.height * aspect) - self.width), max(0, round(self.width / aspect) - self.height)
        return Margins(wide // 2, high // 2, wide - wide // 2, high - high // 2)

    def margins_to(self, other: "Box") -> Margins:
        """Returns the margins that turn it into the other box."""
        return Margins(self.x - other.x, self.y - other.y, other.right - self.right, other.bottom - self.bottom)

    def shifted_into(self, frame: "Box") -> "Box":
        """Returns a box of the same size, moved as little as possible into `frame`; centred on an axis where it is
        larger.
        """
        return self._replace(
            x=_shifted_into(self.x, self.width, frame.x, frame.width),
            y=_shifted_into(self.y, self.height, frame.y, frame.height),
        )

    def slices(self, frame: "Box") -> tuple[slice, slice]:
        """Returns the rows and columns of this box in an array that fills `frame`.

        Raises:
            ValueError: a part of it lies outside; numpy would take a negative index from the other side.
        """
        if self.empty:
            return slice(0, self.height), slice(0, self.width)  # empty slices, wherever the box lies
        if not frame.contains(self):
            raise ValueError(f"{self} does not lie within {frame}")
        x, y = self.x - frame.x, self.y - frame.y
        return slice(y, y + self.height), slice(x, x + self.width)


def read_box(numbers: object) -> Box | None:
    """Returns the box of a parsed JSON list [x, y, width, height] of whole numbers.

    None for anything else, and for a number beyond FARTHEST.
    """
    if not (isinstance(numbers, list) and len(numbers) == 4 and all(type(n) is int for n in numbers)):
        return None
    return Box(*numbers) if max(map(abs, numbers)) <= FARTHEST else None


def _shifted_into(start: int, length: int, frame_start: int, frame_length: int) -> int:
    if length > frame_length:
        return frame_start + (frame_length - length) // 2
    return min(max(start, frame_start), frame_start + frame_length - length)
