"""Outlines: arrays of points, float64 (N, 2), x to the right and y down. Angles in radians, clockwise from up."""

from collections.abc import Sequence
from functools import lru_cache
from math import cos, pi, sin

import numpy as np
from numpy.typing import NDArray

Shape = NDArray[np.float64]
Points = Sequence[tuple[float, float]]

_TURN = np.linspace(0, 2 * pi, 49)[:-1]
_CIRCLE = np.stack([np.cos(_TURN), np.sin(_TURN)], 1)  # (48, 2), from the right, clockwise
_HALF = _CIRCLE[np.r_[24:48, 0]]  # (25, 2), its upper half
_CORNERS = np.concatenate(
    [_CIRCLE[(12 * i + np.arange(0, 13, 2)) % 48] for i in range(4)]
)  # (28, 2), lower right first
_LEAF = np.array([(t, np.sin(pi * t**0.8) / 2) for t in np.linspace(0, 1, 12)])


_kept = lru_cache(maxsize=8192)  # many outlines of things are always the same; nobody may change them


@_kept
def oval(x: float, y: float, rx: float, ry: float | None = None, turn: float = 0) -> Shape:
    """An ellipse around (x, y), a circle without `ry`."""
    ry = rx if ry is None else ry
    if turn:
        across, down = _CIRCLE[:, 0] * rx, _CIRCLE[:, 1] * ry
        return _outline(across * cos(turn) - down * sin(turn) + x, across * sin(turn) + down * cos(turn) + y)
    return _outline(_CIRCLE[:, 0] * rx + x, _CIRCLE[:, 1] * ry + y)


def _outline(x: NDArray[np.float64], y: NDArray[np.float64]) -> Shape:
    points = np.empty((len(x), 2))
    points[:, 0], points[:, 1] = x, y
    return points


def dome(x: float, y: float, rx: float, ry: float) -> Shape:
    """The upper half of an ellipse whose flat foot is centred on (x, y); the lower half for a negative `ry`."""
    return _outline(_HALF[:, 0] * rx + x, _HALF[:, 1] * ry + y)


def box(left: float, top: float, right: float, bottom: float, round: float = 0, foot: float | None = None) -> Shape:
    """A rectangle whose corners have the radius `round`, and its two lower ones `foot` if that is given."""
    low = round if foot is None else foot
    if not (round or low):
        return np.array([(left, top), (right, top), (right, bottom), (left, bottom)])
    most = min(right - left, bottom - top) / 2
    a, b = min(round, most), min(low, most)
    radius, x, y = np.array(
        [(b, b, a, a), (right - b, left + b, left + a, right - a), (bottom - b, bottom - b, top + a, top + a)]
    ).repeat(7, 1)
    return _outline(_CORNERS[:, 0] * radius + x, _CORNERS[:, 1] * radius + y)


def poly(*points: tuple[float, float]) -> Shape:
    return np.array(points, float)


@lru_cache(maxsize=64)
def _spline(points: int, closed: bool) -> NDArray[np.float64]:
    """The matrix that takes control points to a Catmull-Rom curve through them, eight steps from each to the next."""
    steps, spans = 8, points if closed else points - 1
    t = np.arange(steps) / steps
    basis = 0.5 * np.stack([-t + 2 * t**2 - t**3, 2 - 5 * t**2 + 3 * t**3, t + 4 * t**2 - 3 * t**3, t**3 - t**2])
    matrix = np.zeros((spans * steps + (not closed), points))
    for span in range(spans):
        for k in range(4):
            at = span + k - 1
            at = at % points if closed else min(max(at, 0), points - 1)
            matrix[span * steps : (span + 1) * steps, at] += basis[k]
    if not closed:
        matrix[-1, -1] = 1
    return matrix


@_kept
def blob(*points: tuple[float, float]) -> Shape:
    """A smooth closed outline through the points."""
    return _spline(len(points), True) @ np.array(points, float)


@_kept
def curve(*points: tuple[float, float]) -> Shape:
    """A smooth open path through the points."""
    return _spline(len(points), False) @ np.array(points, float)


def limb(path: Shape, start: float, end: float) -> Shape:
    """A path with a width, from `start` to `end`, and round ends: tails, stems, branches."""
    step = np.gradient(path, axis=0)
    step /= np.maximum(np.hypot(step[:, 0], step[:, 1]), 1e-9)[:, None]
    across = np.stack([-step[:, 1], step[:, 0]], 1) * (np.linspace(start, end, len(path)) / 2)[:, None]
    cap = step[-1] * end / 2, across[-1]
    turn = np.linspace(0, pi, 9)[1:-1, None]
    tip = path[-1] + np.sin(turn) * cap[0] + np.cos(turn) * cap[1]
    cap = -step[0] * start / 2, -across[0]
    root = path[0] + np.sin(turn) * cap[0] + np.cos(turn) * cap[1]
    return np.concatenate([path + across, tip, (path - across)[::-1], root])


@_kept
def leaf(x: float, y: float, angle: float, length: float, width: float) -> Shape:
    """A pointed leaf from its root (x, y)."""
    along, across = np.array((sin(angle), -cos(angle))) * length, np.array((cos(angle), sin(angle))) * width
    sides = [_LEAF[:, :1] * along + side * _LEAF[:, 1:] * across for side in (1, -1)]
    return np.concatenate([sides[0], sides[1][::-1]]) + np.array((x, y))


def star(x: float, y: float, radius: float, points: int = 5, inner: float = 0.45, turn: float = 0) -> Shape:
    angle = np.arange(2 * points) * pi / points + turn
    reach = radius * np.where(np.arange(2 * points) % 2, inner, 1)
    return np.stack([x + np.sin(angle) * reach, y - np.cos(angle) * reach], 1)


def reaching(angle: float, length: float, x: float = 0, y: float = 0) -> tuple[float, float]:
    """The point `length` away from (x, y) in the direction `angle`."""
    return x + sin(angle) * length, y - cos(angle) * length
