"""What hangs on a wall, and what lies on the floor before it."""

from math import pi

from pipelines.training.scenes.palette import BRASS, CREAM, INK, PAPERS, Rgb, light, shade
from pipelines.training.scenes.shapes import blob, box, curve, dome, leaf, oval, poly, reaching
from pipelines.training.scenes.thing import CLOTH, Kind, ThingPen

SKIES: tuple[tuple[Rgb, Rgb], ...] = (
    ((150, 204, 232), (226, 240, 240)),
    ((252, 196, 150), (254, 234, 196)),
    ((48, 60, 108), (110, 110, 160)),
)


def painting(p: ThingPen) -> None:
    """A frame of the thing's colour around a landscape, leaves, shapes, or what `parts` says it shows."""
    v, half = p.v, p.half
    edge, mount = v.uniform(6, 9), v.choice((0.0, 6.0))
    p.soft(3, 56, half * 1.16, 60, (80, 60, 80), 0.35)
    p.main(box(-half, 0, half, 100, 2), 1.2, 9)
    p.flat(box(-half + edge, edge, half - edge, 100 - edge), shade(p.colour, 0.35))
    a, b = half - edge - 1.2, edge + 1.2
    p.flat(box(-a, b, a, 100 - b), (252, 248, 240))
    a, b = a - mount, b + mount
    canvas = box(-a, b, a, 100 - b)
    with p.inside(canvas):
        if p.parts:
            _portrait(p, a, b)
        else:
            v.choice((_landscape, _leaves, _shapes))(p, a, b)


def _portrait(p: ThingPen, a: float, b: float) -> None:
    """The thing shown, on a plain ground."""
    ground = p.v.choice(PAPERS)
    p.sweep(box(-a, b, a, 100 - b), light(ground, 0.3), shade(ground, 0.12))
    p.flat(box(-a, 82, a, 100), shade(ground, 0.2))
    (part,) = p.parts
    height = min((92 - b) * 0.86, 1.7 * a / max(part.width / part.height, 0.1))
    p.part(part, 0, 92 - b * 0.3, height)


def _landscape(p: ThingPen, a: float, b: float) -> None:
    v = p.v
    top, bottom = v.choice(SKIES[:2])
    p.sweep(box(-a, b, a, 70), top, bottom)
    x = v.uniform(-0.5, 0.5) * a
    p.flat(oval(x, 36, 9), (255, 240, 196))
    p.flat(poly((-a, 70), (-a * 0.4, 36), (0, 60), (a * 0.5, 42), (a, 66), (a, 80), (-a, 80)), shade(bottom, 0.3))
    p.flat(
        blob((-a * 1.4, 66), (-a * 0.2, 60), (a * 0.6, 70), (a * 1.4, 62), (a * 1.4, 110), (-a * 1.4, 110)),
        v.choice(((124, 160, 104), (214, 176, 104))),
    )


def _leaves(p: ThingPen, a: float, b: float) -> None:
    p.flat(box(-a, b, a, 100 - b), p.v.choice(PAPERS))
    green = p.v.choice(((96, 142, 96), (204, 120, 88), (74, 116, 122)))
    p.line(curve((0, 94 - b), (2, 60), (-2, 24)), 2.4, shade(green, 0.3))
    for i in range(3):
        for side in (-1, 1):
            p.flat(
                leaf(0, 78 - 18 * i, side * 0.9, min(34, a * 0.9) - 4 * i, 13), green if side < 0 else light(green, 0.2)
            )


def _shapes(p: ThingPen, a: float, b: float) -> None:
    p.flat(box(-a, b, a, 100 - b), PAPERS[0])
    tones = p.v.sample([(212, 110, 86), (238, 186, 100), (74, 118, 128), (226, 160, 150), (64, 74, 106)], 3)
    p.flat(dome(-a * 0.2, 92, a * 0.8, 48), tones[0])
    p.flat(oval(a * 0.34, 36, min(18, a * 0.5)), tones[1])
    p.flat(blob((-a * 0.7, 24), (-a * 0.2, 20), (-a * 0.1, 54), (-a * 0.6, 60)), tones[2])


def window(p: ThingPen) -> None:
    v, half = p.v, p.half
    top, bottom = v.choice((SKIES[0], SKIES[0], *SKIES))
    round_top = 44 if p.form == "round" else v.choice((0, 0, 3))
    frame = p.colour
    p.solid(box(-half, 0, half, 96, round_top * 1.1, 2), frame)
    pane = box(-half + 6, 6, half - 6, 90, round_top, 0)
    with p.inside(pane):
        p.sweep(pane, top, bottom)
        if top == SKIES[2][0]:
            for x, y in ((-0.5, 20), (0.3, 34), (0.5, 16), (-0.2, 44)):
                p.flat(oval(half * x, y, 1.6), CREAM)
        else:
            x = v.uniform(-0.5, 0.4) * half
            for dx, r in ((-9, 6), (0, 8.5), (9, 6)):
                p.flat(oval(x + dx, 32 - r * 0.3, r), (255, 253, 248))
        p.flat(
            blob(
                (-half * 1.4, 74),
                (-half * 0.3, 66),
                (half * 0.6, 76),
                (half * 1.4, 68),
                (half * 1.4, 110),
                (-half * 1.4, 110),
            ),
            shade((134, 168, 120), 0.3 if top == SKIES[2][0] else 0),
        )
    p.flat(box(-2, 6, 2, 90), frame)
    if v.random() < 0.7:
        p.flat(box(-half + 6, 45, half - 6, 48.5), frame)
    p.solid(box(-half - 3, 91, half + 3, 99, 2), light(frame, 0.25))
    if v.random() < 0.4 and p.form != "round":
        cloth = v.choice(((240, 226, 204), (206, 146, 124), (150, 172, 160)))
        for side in (-1, 1):
            p.solid(
                blob(
                    (side * half * 1.04, -3),
                    (side * half * 0.4, -3),
                    (side * half * 0.5, 40),
                    (side * half * 0.72, 96),
                    (side * half * 1.06, 96),
                ),
                cloth,
                1.2,
            )
        p.line(((-half * 1.12, -2), (half * 1.12, -2)), 3, BRASS)


def clock(p: ThingPen) -> None:
    v = p.v
    p.soft(3, 55, 54, 54, (80, 60, 80), 0.35)
    p.solid(oval(0, 50, 49), p.colour, 1.3)
    p.solid(oval(0, 50, 40), (253, 250, 242), 0.5)
    for i in range(12):
        a, b = reaching(i * pi / 6, 36, 0, 50), reaching(i * pi / 6, 30 if i % 3 == 0 else 33, 0, 50)
        p.line((a, b), 3.6 if i % 3 == 0 else 2, INK)
    hour = v.uniform(0, 2 * pi)
    p.line(((0, 50), reaching(hour, 19, 0, 50)), 5, INK)
    p.line(((0, 50), reaching(hour * 12, 29, 0, 50)), 3.4, INK)
    p.flat(oval(0, 50, 4), shade(p.colour, 0.2))


def mirror(p: ThingPen) -> None:
    half = p.half
    p.soft(3, 54, half * 1.16, 58, (80, 60, 80), 0.3)
    outer, inner = (oval(0, 50, half, 49.5), oval(0, 50, half - 7, 43)) if p.form == "round" else (
        box(-half, 0, half, 100, 5), box(-half + 7, 7, half - 7, 93, 2))  # fmt: skip
    p.main(outer, 1.2, 10)
    with p.inside(inner):
        p.sweep(inner, (226, 240, 242), (182, 208, 218))
        for x in (0, 26):
            p.flat(poly((-half * 0.8 + x, 78), (x - 4, 10), (x + 5, 10), (-half * 0.8 + x + 9, 78)), (242, 249, 249))


def rug(p: ThingPen) -> None:
    """Flat on the floor: an oval, or a rectangle in perspective with fringes."""
    v, half = p.v, p.half
    if p.form == "round":
        p.main(oval(0, 50, half, 49), 0.7, 18)
        if not p.pattern:
            p.flat(oval(0, 50, half * 0.8, 38), light(p.colour, 0.4))
            p.flat(oval(0, 50, half * 0.72, 34), p.colour)
        return
    lean = v.uniform(0.78, 0.88)
    for i in range(9):
        y = 6 + 88 * i / 8
        x = half * (lean + (1 - lean) * y / 100)
        p.line(((-x, y), (x, y)), 3, CREAM)
    whole = poly((-half * lean + 7, 2), (half * lean - 7, 2), (half - 7, 98), (7 - half, 98))
    p.main(whole, 0.7, 18)
    if not p.pattern:
        k = 0.8
        p.flat((whole - (0, 50)) * (k, k) + (0, 50), light(p.colour, 0.45))
        p.flat((whole - (0, 50)) * (k * 0.92, k * 0.86) + (0, 50), p.colour)


WALLS = (
    Kind(("painting", "picture", "framed picture"), painting, "wall", (110, 170), (0.8, 1.5),
         patterns=("", "", "", "wooden")),
    Kind(("window",), window, "wall", (190, 250), (0.7, 0.95), ("white", "brown", "grey", "green", "blue", "black"),
         forms=("", "", "", "round")),
    Kind(("clock", "wall clock"), clock, "wall", (90, 130), (1, 1)),
    Kind(("mirror",), mirror, "wall", (150, 210), (0.6, 0.8), patterns=("", "", "wooden"), forms=("", "round")),
    Kind(("rug", "carpet"), rug, "rug", (80, 115), (3.4, 4.6), patterns=CLOTH, forms=("", "round")),
)  # fmt: skip
