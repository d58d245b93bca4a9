"""Animals: the furry ones sit towards us on one body, and differ in ears, faces and tails."""

from collections.abc import Callable

from pipelines.training.scenes.palette import INK, ROSE, Rgb, light, mixed, shade
from pipelines.training.scenes.shapes import blob, box, curve, leaf, limb, oval, poly, reaching
from pipelines.training.scenes.thing import ThingPen

FUR = ("orange", "brown", "grey", "black", "white", "yellow", "pink", "blue", "purple", "green", "teal", "red", "navy")
HATS, NECKWEAR, GAMES = ("party hat", "crown"), ("bow tie", "scarf"), ("calculator", "checkers", "book", "laptop")
# and in the wide world
WIDE_HATS, SHADES = (*HATS, "top hat", "santa hat"), ("glasses", "sunglasses")
HELD = (*GAMES, "gift", "mug", "flower", "guitar", "pizza slice", "pillow")
HEIGHTS = {"crown": 0.42, "top hat": 0.6, "santa hat": 0.6}  # of hats, as a share of the head's width; 0.78 of others


def worn(p: ThingPen, head: float, neck: float, width: float) -> None:
    """What it wears and plays with. head: the top of its head; neck: its height; width: of its head."""
    for part in p.parts:
        if part.kind in NECKWEAR:
            p.part(part, 0, neck + width * 0.2, width * 0.42)
    for part in p.parts:
        if part.kind in WIDE_HATS:
            p.part(part, width * 0.04, head + width * 0.16, width * HEIGHTS.get(part.kind, 0.78), 0.06)
        elif part.kind in SHADES:
            p.part(part, 0, head + width * 0.66, width * 0.32)
    for part in p.parts:
        if part.kind in HELD:
            p.part(part, 0, 103, 34 if part.width > 0.6 * part.height else 52)


def _sitting(
    p: ThingPen,
    belly: Rgb,
    ears: Callable[[ThingPen], None],
    face: Callable[[ThingPen], None],
    tail: Callable[[ThingPen], None],
) -> None:
    """Head and chest towards us; `face` is drawn around the head's middle, (0, 0), whose radii are 27 and 23."""
    v, coat = p.v, p.colour
    fat, tilt, high = v.uniform(0.92, 1.12), v.uniform(-0.09, 0.09), v.uniform(-2, 2)
    p.ground(34 * fat)
    tail(p)
    p.solid(blob((0, 44), (17 * fat, 52), (29 * fat, 78), (24 * fat, 97), (0, 99), (-24 * fat, 97), (-29 * fat, 78),
                 (-17 * fat, 52)), coat)  # fmt: skip
    p.flat(oval(0, 74, 13 * fat, 20), belly)
    for side in (-1, 1):
        p.solid(oval(side * 22 * fat, 91, 11, 8), coat)
        p.line(((side * 7.5, 70), (side * 8, 93)), 10, shade(coat, 0.07))
        p.solid(oval(side * 9, 95, 7.5, 4.6), mixed(coat, belly, 0.6))
    head = p.at(0, 33 + high, 1, tilt)
    ears(head)
    head.solid(blob((0, -23), (19, -18), (28, 2), (18, 19), (0, 23), (-18, 19), (-28, 2), (-19, -18)), coat)
    face(head)
    worn(p.at(0, high, 1, tilt), 11, 55, 40)


def _eyes(p: ThingPen, apart: float, y: float, radius: float) -> None:
    if p.form == "sleeping":
        for x in (-apart, apart):
            p.line(curve((x - radius, y), (x, y + radius * 0.8), (x + radius, y)), 1.8, INK)
        return
    p.eye(-apart, y, radius)
    p.eye(apart, y, radius)


def _snout(p: ThingPen, y: float, nose: Rgb, width: float = 4.2) -> None:
    p.flat(blob((-width, y - 2), (0, y - 3), (width, y - 2), (0, y + 2.6)), nose)
    for side in (-1, 1):
        p.line(curve((0, y + 2), (side * 2.6, y + 6), (side * 6, y + 5)), 1.3, shade(INK, 0.1))


def cheeks(p: ThingPen, x: float, y: float) -> None:
    for side in (-1, 1):
        p.soft(side * x, y, 7, 5, ROSE, 0.8)


def _pointed(height: float, x: float, lean: float, inner: Rgb) -> Callable[[ThingPen], None]:
    def ears(p: ThingPen) -> None:
        for side in (-1, 1):
            tip = (side * (x + lean), -height)
            p.solid(blob((side * (x - 10), -15), tip, (side * (x + 10), -6), (side * x, -2)), p.colour)
            p.flat(blob((side * (x - 5), -15), (tip[0] * 0.98, tip[1] + 7), (side * (x + 6), -9)), inner)

    return ears  # fmt: skip


def cat(p: ThingPen) -> None:
    v, coat = p.v, p.colour
    belly = light(coat, 0.62) if v.random() < 0.7 else coat
    marks = v.random() < 0.6

    def tail(p: ThingPen) -> None:
        p.solid(limb(curve((18, 93), (38, 92), (42, 74), (34, 60), (40, 50)), 8, 6), shade(coat, 0.08))

    def face(p: ThingPen) -> None:
        if marks:
            for x in (-5, 0, 5):
                p.line(((x, -21), (x * 0.8, -13)), 2.4, shade(coat, 0.42))
        p.flat(blob((0, 4), (9, 6), (10, 14), (0, 18), (-10, 14), (-9, 6)), light(coat, 0.6))
        _eyes(p, 11, -1, 4.4)
        _snout(p, 7, (226, 120, 128), 3.2)
        cheeks(p, 18, 8)
        for side in (-1, 1):
            for y in (7, 11):
                p.line(((side * 14, y), (side * 31, y + (y - 9) * 1.2)), 0.9, light(shade(coat, 0.5), 0.1))

    if p.form == "sleeping":
        _curled(p, belly, _pointed(33, 18, 3, ROSE), face)
    else:
        _sitting(p, belly, _pointed(33, 18, 3, ROSE), face, tail)


def _curled(p: ThingPen, belly: Rgb, ears: Callable[[ThingPen], None], face: Callable[[ThingPen], None]) -> None:
    """Asleep: a loaf with its head down and its tail around it."""
    half, coat = p.half, p.colour
    p.ground(half)
    p.solid(blob((-half * 0.94, 80), (-half * 0.66, 44), (0, 20), (half * 0.7, 34), (half * 0.98, 76), (half * 0.6, 98),
                 (-half * 0.6, 98)), shade(coat, 0.1), 1.3)  # fmt: skip
    p.flat(
        blob((half * 0.2, 90), (half * 0.3, 56), (half * 0.62, 52), (half * 0.86, 76), (half * 0.6, 94)),
        shade(coat, 0.05),
    )
    p.solid(limb(curve((half * 0.86, 80), (half * 0.4, 96), (-half * 0.2, 92)), 14, 10), shade(coat, 0.26))
    head = p.at(-half * 0.36, 62, 1.25)
    ears(head)
    head.solid(blob((0, -23), (19, -18), (28, 2), (18, 19), (0, 23), (-18, 19), (-28, 2), (-19, -18)), coat)
    face(head)


def dog(p: ThingPen) -> None:
    """Floppy ears, a patch around one eye."""
    coat, patch = p.colour, shade(p.colour, 0.4)

    def ears(p: ThingPen) -> None:
        return None

    def tail(p: ThingPen) -> None:
        p.solid(limb(curve((20, 90), (36, 82), (40, 66)), 8, 4), coat)

    def face(p: ThingPen) -> None:
        p.flat(oval(10, -3, 9.5, 11), patch)
        p.flat(blob((0, -2), (11, 5), (13, 15), (0, 21), (-13, 15), (-11, 5)), light(coat, 0.66))
        _eyes(p, 10, -3, 4)
        _snout(p, 7, INK, 5.6)
        p.flat(blob((-3, 14), (3, 14), (3, 20), (0, 22), (-3, 20)), (232, 110, 116))
        for side in (-1, 1):
            p.solid(
                blob(
                    (side * 14, -21),
                    (side * 25, -19),
                    (side * 36, 2),
                    (side * 34, 19),
                    (side * 26, 16),
                    (side * 23, -4),
                ),
                patch,
            )

    if p.form == "sleeping":
        _curled(p, light(coat, 0.6), ears, face)
    else:
        _sitting(p, light(coat, 0.66), ears, face, tail)


def corgi(p: ThingPen) -> None:
    """Large upright ears, a white blaze, a white chest."""
    white = (255, 250, 238)

    def tail(p: ThingPen) -> None:
        p.solid(oval(30, 88, 9, 8), p.colour)

    def face(p: ThingPen) -> None:
        p.flat(
            blob((0, -23), (4.5, -12), (6, -2), (20, 9), (13, 19), (0, 23), (-13, 19), (-20, 9), (-6, -2), (-4.5, -12)),
            white,
        )
        _eyes(p, 12, -3, 4)
        _snout(p, 6, INK, 5.4)
        p.flat(blob((-4, 12.5), (4, 12.5), (3.6, 19), (0, 21.5), (-3.6, 19)), (236, 116, 120))

    ears = _pointed(42, 19, 5, (250, 206, 180))
    if p.form == "sleeping":
        _curled(p, white, ears, face)
        return
    _sitting(p, white, ears, face, tail)


def fox(p: ThingPen) -> None:
    """A bushy tail with a white tip, white cheeks, black ears."""
    white, coat = (255, 248, 236), p.colour

    def tail(p: ThingPen) -> None:
        p.solid(blob((16, 94), (34, 96), (47, 80), (46, 58), (39, 50), (30, 62), (26, 80)), coat)
        p.flat(blob((39, 50), (46.5, 60), (44, 68), (37, 64), (33, 66), (31, 62)), white)

    def face(p: ThingPen) -> None:
        for side in (-1, 1):
            p.flat(blob((0, 20), (side * 3, 6), (side * 13, 0), (side * 26, 6), (side * 16, 18)), white)
        _eyes(p, 11, -2, 3.8)
        p.flat(oval(0, 17, 4.6, 3.6), INK)

    def ears(p: ThingPen) -> None:
        _pointed(39, 18, 4, INK)(p)

    if p.form == "sleeping":
        _curled(p, white, ears, face)
    else:
        _sitting(p, white, ears, face, tail)


def _round_ears(p: ThingPen, colour: Rgb, radius: float, inner: Rgb) -> None:
    for side in (-1, 1):
        p.solid(oval(side * 20, -19, radius), colour)
        p.flat(oval(side * 20, -18, radius * 0.55), inner)


def bear(p: ThingPen) -> None:
    coat = p.colour

    def face(p: ThingPen) -> None:
        p.solid(oval(0, 9, 13, 10.5), light(coat, 0.5), 0.6)
        _eyes(p, 11, -4, 3.7)
        _snout(p, 5, INK, 5.2)

    _sitting(p, light(coat, 0.4), lambda p: _round_ears(p, coat, 10, light(coat, 0.45)), face, lambda p: None)


def panda(p: ThingPen) -> None:
    white = (252, 248, 240)

    def face(p: ThingPen) -> None:
        p.solid(blob((0, -23), (19, -18), (28, 2), (18, 19), (0, 23), (-18, 19), (-28, 2), (-19, -18)), white)
        for side in (-1, 1):
            p.flat(oval(side * 11.5, -1, 7, 9, side * 0.5), INK)
            p.flat(oval(side * 10.5, -2, 2.8), white)
        _snout(p, 8, INK, 4.6)
        cheeks(p, 18, 10)

    _sitting(p, white, lambda p: _round_ears(p, INK, 10, shade(p.colour, 0.3)), face, lambda p: None)


def rabbit(p: ThingPen) -> None:
    coat, bent = p.colour, p.v.choice((0.0, 0.0, 0.7))
    p = p.at(0, 26, 0.74)

    def ears(p: ThingPen) -> None:
        for side, turn in ((-1, -0.12), (1, 0.14 + bent)):
            p.solid(oval(*reaching(turn, 38, side * 10, -2), 7.5, 26, turn), coat)
            p.flat(oval(*reaching(turn, 38, side * 10, -2), 3.8, 19, turn), ROSE)

    def face(p: ThingPen) -> None:
        _eyes(p, 12, -2, 4.4)
        p.flat(oval(0, 11, 11, 8), light(coat, 0.6))
        _snout(p, 8, (232, 120, 130), 3.4)
        p.flat(box(-2.8, 13, 2.8, 18, 1), (255, 255, 255))
        cheeks(p, 19, 8)

    _sitting(p, light(coat, 0.6), ears, face, lambda p: p.solid(oval(30, 88, 9), light(coat, 0.7)))


def hedgehog(p: ThingPen) -> None:
    """Upright, a crown of spines around a pale face."""
    v, face = p.v, (246, 216, 176)
    spines = p.colour
    p.ground(36)
    for ring, (reach, tone) in enumerate(((46, shade(spines, 0.35)), (39, spines))):
        count = 19 - 2 * ring
        for i in range(count):
            angle = -2.25 + 4.5 * (i + 0.5 * ring * 0) / (count - 1)
            x, y = reaching(angle, reach * 0.62, 0, 52)
            p.flat(leaf(x, y, angle, reach * v.uniform(0.36, 0.46), 13), tone)
    p.solid(oval(0, 58, 36, 38), spines)
    p.solid(blob((0, 54), (20, 60), (24, 82), (16, 98), (-16, 98), (-24, 82), (-20, 60)), face)
    for side in (-1, 1):
        p.solid(oval(side * 13, 96, 8, 4), shade(face, 0.2))
        p.solid(oval(side * 23, 34, 7), shade(face, 0.12))
    p.solid(blob((0, 26), (18, 32), (25, 47), (14, 62), (0, 66), (-14, 62), (-25, 47), (-18, 32)), face)
    for x in (-12, -4, 4, 12):
        p.flat(poly((x - 5, 24), (x + 5, 24), (x * 0.9, 35)), spines)
    p.eye(-10, 46, 4)
    p.eye(10, 46, 4)
    cheeks(p, 17, 54)
    p.flat(oval(0, 55, 5, 4), INK)
    p.line(curve((-5, 61), (0, 63), (5, 61)), 1.4, INK)
    for side in (-1, 1):
        p.solid(limb(curve((side * 22, 72), (side * 16, 80), (side * 8, 82)), 8, 6), shade(face, 0.1))
    worn(p, 17, 64, 40)
