"""Line charts as SVG: small, sharp at any size, and made of text."""

import math
from collections.abc import Sequence
from html import escape
from typing import NamedTuple

WIDTH, HEIGHT = 640, 400
LEFT, RIGHT, TOP, BOTTOM = 64, 24, 20, 56  # margins in pixels
COLOURS = ("#2563eb", "#d97706", "#059669", "#dc2626", "#7c3aed", "#475569", "#0891b2", "#be185d")
INK, GRID = "#333", "#ddd"
TICKS = 6


class Line(NamedTuple):
    """A series of points."""

    name: str
    points: Sequence[tuple[float, float, float]]  # x, y, and half of y's interval, 0 for none
    dashed: bool = False


def ticks(least: float, most: float) -> list[float]:
    """Returns round numbers from one end to the other, some `TICKS` of them."""
    span = most - least or 1.0
    step = 10 ** math.floor(math.log10(span / TICKS))
    step *= next(factor for factor in (1, 2, 5, 10) if span / (step * factor) <= TICKS)
    first, last = math.ceil(least / step - 1e-9), math.floor(most / step + 1e-9)
    return [round(i * step, 10) for i in range(first, last + 1)]


def chart(lines: Sequence[Line], across: str, up: str) -> str:
    """Draws lines with error bars and a legend.

    Args:
        lines: at least one point in all.
        across: what the horizontal axis is.
        up: what the vertical one is.
    """
    points = [point for line in lines for point in line.points if all(map(math.isfinite, point))]
    x_ticks = ticks(min(x for x, _, _ in points), max(x for x, _, _ in points))
    y_ticks = ticks(min(y - e for _, y, e in points), max(y + e for _, y, e in points))
    x0, x1 = min(x_ticks[0], min(p[0] for p in points)), max(x_ticks[-1], max(p[0] for p in points))
    y0, y1 = min(y_ticks[0], min(p[1] - p[2] for p in points)), max(y_ticks[-1], max(p[1] + p[2] for p in points))

    def at(x: float, y: float) -> tuple[float, float]:
        return (
            LEFT + (x - x0) / ((x1 - x0) or 1) * (WIDTH - LEFT - RIGHT),
            HEIGHT - BOTTOM - (y - y0) / ((y1 - y0) or 1) * (HEIGHT - TOP - BOTTOM),
        )

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" '
        f'font-size="13"><rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>'
    ]
    for value in y_ticks:
        _, y = at(x0, value)
        parts.append(f'<path d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}" stroke="{GRID}"/>')
        parts.append(f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end" fill="{INK}">{value:g}</text>')
    for value in x_ticks:
        x, _ = at(value, y0)
        parts.append(f'<text x="{x:.1f}" y="{HEIGHT - BOTTOM + 18}" text-anchor="middle" fill="{INK}">{value:g}</text>')
    centre, middle = (LEFT + WIDTH - RIGHT) / 2, (TOP + HEIGHT - BOTTOM) / 2
    parts.append(
        f'<text x="{centre}" y="{HEIGHT - 14}" text-anchor="middle" fill="{INK}">{escape(across)}</text>'
        f'<text transform="translate(16 {middle}) rotate(-90)" text-anchor="middle" fill="{INK}">{escape(up)}</text>'
    )
    for i, line in enumerate(lines):
        colour = COLOURS[i % len(COLOURS)]
        shown = [point for point in line.points if all(map(math.isfinite, point))]
        path = "L".join("{:.1f} {:.1f}".format(*at(x, y)) for x, y, _ in shown)
        dash = ' stroke-dasharray="6 4"' if line.dashed else ""
        parts.append(f'<path d="M{path}" fill="none" stroke="{colour}" stroke-width="2"{dash}/>')
        for x, y, error in shown:
            (px, py), (_, low), (_, high) = at(x, y), at(x, y - error), at(x, y + error)
            parts.append(f'<circle cx="{px:.1f}" cy="{py:.1f}" r="3" fill="{colour}"/>')
            if error:
                parts.append(f'<path d="M{px:.1f} {low:.1f}V{high:.1f}" stroke="{colour}"/>')
        y = TOP + 8 + 18 * i
        parts.append(
            f'<path d="M{WIDTH - 190} {y}h22" stroke="{colour}" stroke-width="2"{dash}/>'
            f'<text x="{WIDTH - 162}" y="{y + 4}" fill="{INK}">{escape(line.name)}</text>'
        )
    return "\n".join([*parts, "</svg>"]) + "\n"
