"""What hangs in the sky."""

from pipelines.training.scenes.palette import COLOURS, CREAM, light, shade
from pipelines.training.scenes.shapes import blob, box, curve, oval, poly, star
from pipelines.training.scenes.thing import CLOTH, Kind, ThingPen

RAINBOW = tuple(COLOURS[name] for name in ("red", "orange", "yellow", "green", "blue", "purple"))


def sun(p: ThingPen) -> None:
    p.soft(0, 50, 62, 62, (255, 226, 140), 0.7)
    if p.v.random() < 0.5:
        p.flat(star(0, 50, 49, 12, 0.72, p.v.random()), (255, 190, 70))
    p.solid(oval(0, 50, 33), p.colour, 1.2)
    p.gleam(-10, 40, 12, 11)


def moon(p: ThingPen) -> None:
    """Full with its seas, or a crescent."""
    p.soft(0, 50, 66, 66, (255, 246, 210), 0.5)
    if p.form == "full" or (p.form == "" and p.v.random() < 0.3):
        p.solid(oval(0, 50, 44), p.colour, 0.8)
        for x, y, r in ((-14, 38, 9), (12, 56, 12), (-8, 70, 6), (18, 30, 5)):
            p.flat(oval(x, y, r), shade(p.colour, 0.13))
        return
    crescent = blob(
        (6, 4), (-22, 12), (-40, 38), (-38, 66), (-18, 90), (14, 96), (38, 84), (12, 78), (-6, 62), (-10, 42), (-4, 20)
    )
    p.solid(crescent, p.colour, 0.8)


def cloud(p: ThingPen) -> None:
    v, half = p.v, p.half
    puffs = ((-0.58, 70, 29), (0.6, 72, 26), (-0.2, 44, 40 + v.uniform(-5, 3)), (0.3, 54, 34 + v.uniform(-4, 4)))
    for x, y, r in puffs:
        p.flat(oval(half * x + 1, y + 3, r), shade(p.colour, 0.13))
    p.flat(box(-half * 0.9, 64, half * 0.9, 100, 18), shade(p.colour, 0.13))
    for x, y, r in puffs:
        p.solid(oval(half * x - 1, y - 1, r * 0.97), p.colour, 0.5)
    p.solid(box(-half * 0.86, 60, half * 0.86, 95, 17), p.colour, 0.5)


def one_star(p: ThingPen) -> None:
    p.soft(0, 52, 70, 70, (255, 244, 200), 0.45)
    p.solid(star(0, 54, 50, 5, 0.46, p.v.uniform(-0.2, 0.2)), p.colour, 1.2)


def rainbow(p: ThingPen) -> None:
    half = p.half
    path = curve(
        *(
            (half * 0.78 * x, 100 - 82 * y)
            for x, y in (
                (-1, 0),
                (-0.92, 0.4),
                (-0.7, 0.71),
                (-0.38, 0.92),
                (0, 1),
                (0.38, 0.92),
                (0.7, 0.71),
                (0.92, 0.4),
                (1, 0),
            )
        )
    )
    for i, colour in enumerate(RAINBOW):
        shrink = 1.16 - 0.075 * i
        p.line((path - (0, 100)) * (shrink, shrink) + (0, 100), 8.5, light(colour, 0.12))
    for side in (-1, 1):
        for x, y, r in ((0.7, 92, 10), (0.86, 88, 13), (1.0 - 10 / half, 94, 9)):
            p.solid(oval(side * half * x, y, r), (252, 250, 250), 0.5)


def balloon(p: ThingPen) -> None:
    sway = p.v.uniform(-8, 8)
    p.line(curve((0, 66), (sway, 78), (-sway, 90), (0, 99)), 1.6, (150, 140, 150))
    p.solid(poly((0, 60), (5, 68), (-5, 68)), shade(p.colour, 0.2))
    p.main(blob((0, 0), (24, 9), (28, 32), (14, 56), (0, 63), (-14, 56), (-28, 32), (-24, 9)), 1.5, 15)
    p.flat(oval(-12, 20, 4.4, 9, 0.5), light(p.colour, 0.66))


def kite(p: ThingPen) -> None:
    half = p.half
    p.line(curve((0, 70), (10, 78), (-8, 86), (4, 99)), 1.4, (150, 140, 150))
    for x, y in ((6, 77), (-5, 85), (2, 93)):
        p.flat(
            poly((x - 6, y - 3), (x + 6, y + 3), (x + 6, y - 3), (x - 6, y + 3)),
            CREAM if p.colour != COLOURS["white"] else COLOURS["red"],
        )
    p.main(poly((0, 0), (half * 0.94, 28), (0, 72), (-half * 0.94, 28)), 1.3, 14)
    if not p.pattern:
        other = light(p.colour, 0.55) if p.colour != COLOURS["white"] else (206, 210, 222)
        p.flat(poly((0, 0), (half * 0.94, 28), (0, 28)), other)
        p.flat(poly((0, 28), (0, 72), (-half * 0.94, 28)), other)


SKY = (
    Kind(("sun",), sun, "sky", (110, 170), (1, 1), ("yellow",)),
    Kind(("moon",), moon, "sky", (100, 160), (0.95, 0.95), ("white",), forms=("", "full", "crescent")),
    Kind(("cloud",), cloud, "sky", (80, 130), (1.5, 2.0), ("white",), together=True),
    Kind(("star",), one_star, "sky", (50, 90), (1, 1), ("yellow",), together=True),
    Kind(("rainbow",), rainbow, "sky", (190, 260), (1.9, 2.1), ("red",)),
    Kind(("balloon",), balloon, "sky", (120, 170), (0.56, 0.6), patterns=CLOTH, together=True),
    Kind(("kite",), kite, "sky", (120, 170), (0.6, 0.75), patterns=CLOTH, together=True),
)  # fmt: skip
