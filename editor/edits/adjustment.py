"""Adjustment: how an edit changes colours without a model, as data."""

from dataclasses import dataclass, fields
from itertools import pairwise
from reprlib import repr as shortened
from typing import Any

from editor.imaging.limits import MAX_BLUR, MAX_CURVE_POINTS, MAX_EXPOSURE
from pipelines.errors import InvalidInput

LIMITS = {  # the lowest and the highest value of each number
    "exposure": (-MAX_EXPOSURE, MAX_EXPOSURE),
    "contrast": (-1.0, 1.0),
    "saturation": (-1.0, 1.0),
    "temperature": (-1.0, 1.0),
    "sharpness": (0.0, 1.0),
    "blur": (0.0, MAX_BLUR),
}
DIAGONAL = ((0.0, 0.0), (1.0, 1.0))


@dataclass(frozen=True)
class Adjustment:
    """How colours change; see `editor/imaging/adjusting.py` for what each value does.

    Raises InvalidInput when a value is out of range, or none changes anything.
    """

    exposure: float = 0.0  # stops, -3 to 3; this and the next five rounded to two decimals
    contrast: float = 0.0  # -1 to 1
    saturation: float = 0.0  # -1 to 1
    temperature: float = 0.0  # -1, cold, to 1, warm
    sharpness: float = 0.0  # 0 to 1
    blur: float = 0.0  # sigma in pixels, 0 to 64
    # points (x, y) from 0 to 1, rounded to three decimals, x rising; 2 to 16, or none for no change
    curve: tuple[tuple[float, float], ...] = ()

    def __post_init__(self) -> None:
        for name, (lowest, highest) in LIMITS.items():
            object.__setattr__(self, name, round(_number(f"The {name}", getattr(self, name), lowest, highest), 2) + 0.0)
        object.__setattr__(self, "curve", _curve(self.curve))
        if not self.to_record():
            raise InvalidInput("The adjustment changes nothing. Set at least one of its values, or change the curve.")

    def to_record(self) -> dict[str, Any]:
        """Returns the values that change something, for JSON."""
        values = {each.name: getattr(self, each.name) for each in fields(self)}
        return {name: value for name, value in values.items() if value != getattr(Adjustment, name)}

    def __str__(self) -> str:
        """As `from_text` reads it."""
        values = self.to_record()
        if self.curve:
            values["curve"] = "/".join(f"{x:g}:{y:g}" for x, y in self.curve)
        return ",".join(f"{name}={value if name == 'curve' else f'{value:g}'}" for name, value in values.items())

    @staticmethod
    def from_text(text: str) -> "Adjustment":
        """Parses an adjustment such as "exposure=0.5,contrast=-0.2,curve=0:0/0.5:0.6/1:1".

        Raises:
            InvalidInput: the text is something else, or a value is out of range.
        """
        values: dict[str, Any] = {}
        for part in text.split(","):
            name, equals, value = (each.strip() for each in part.partition("="))
            if name not in (*LIMITS, "curve") or not equals or name in values:
                raise InvalidInput(
                    f"An adjustment must be NAME=VALUE,NAME=VALUE, each of {', '.join(LIMITS)} and curve at most once, "
                    f"not {shortened(text)}."
                )
            values[name] = [_floats(point, ":") for point in value.split("/")] if name == "curve" else _float(value)
        return Adjustment(**values)


def _curve(points: Any) -> tuple[tuple[float, float], ...]:
    """Checks the points of a curve; returns none of the one that changes nothing."""
    if not isinstance(points, list | tuple) or not all(isinstance(p, list | tuple) and len(p) == 2 for p in points):
        raise InvalidInput(f"A curve must be a list of points [x, y], not {shortened(points)}.")
    curve = tuple(
        (round(_number("A curve's x", x, 0, 1), 3) + 0.0, round(_number("A curve's y", y, 0, 1), 3) + 0.0)
        for x, y in points
    )
    if len(curve) == 1 or len(curve) > MAX_CURVE_POINTS:
        raise InvalidInput(f"A curve must have 2 to {MAX_CURVE_POINTS} points, or none, not {len(curve)}.")
    if any(after <= before for (before, _), (after, _) in pairwise(curve)):
        raise InvalidInput("The points of a curve must be listed from left to right, no two at the same x.")
    on_diagonal = curve[:1] + curve[-1:] == DIAGONAL and all(x == y for x, y in curve)
    return () if on_diagonal else curve


def _number(name: str, value: Any, lowest: float, highest: float) -> float:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not number or not lowest <= value <= highest:  # NaN compares false
        raise InvalidInput(f"{name} must be a number from {lowest:g} to {highest:g}, not {shortened(value)}.")
    return float(value)


def _float(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise InvalidInput(f"The values of an adjustment must be numbers, not {shortened(text)}.") from None


def _floats(text: str, separator: str) -> list[float]:
    return [_float(each) for each in text.split(separator)]
