"""What stands in the streets and gardens of the wide world, and what drives, dives and flies there."""

from math import pi

from pipelines.training.scenes.palette import BRASS, COLOURS, CREAM, INK, METAL, TRUNK, Rgb, light, shade
from pipelines.training.scenes.shapes import blob, box, curve, dome, oval, poly, reaching, star
from pipelines.training.scenes.thing import Kind, ThingPen
from pipelines.training.scenes.vehicles import car, pane, wheel

STONE: Rgb = (186, 182, 180)
BULBS = tuple(COLOURS[name] for name in ("red", "yellow", "blue", "pink", "orange", "white"))


def christmas_tree(p: ThingPen) -> None:
    """With lights, baubles and a star."""
    half, colour = p.half, p.colour
    p.ground(half * 0.7)
    p.solid(box(-6, 84, 6, 94), TRUNK)
    p.solid(poly((-13, 89), (13, 89), (9, 99), (-9, 99)), (190, 70, 60) if p.v.random() < 0.6 else BRASS)
    for top, foot, wide in ((52, 90, 0.96), (30, 64, 0.74), (8, 40, 0.5)):
        p.solid(blob((0, top), (half * wide * 0.5, (top + foot) / 2), (half * wide, foot - 3),
                     (half * wide * 0.4, foot), (0, foot - 2), (-half * wide * 0.4, foot), (-half * wide, foot - 3),
                     (-half * wide * 0.5, (top + foot) / 2)), colour, 1.2)  # fmt: skip
    for y, wide in ((32, 0.34), (54, 0.5), (78, 0.7)):
        p.line(curve((-half * wide, y - 5), (0, y + 4), (half * wide, y - 5)), 2, (252, 226, 150))
    for i, (x, y) in enumerate(((0.0, 22), (-0.2, 38), (0.22, 38), (0.0, 46), (-0.38, 60), (0.36, 60), (0.0, 66),
                                (-0.6, 84), (-0.22, 80), (0.24, 80), (0.62, 84), (-0.16, 56), (0.2, 54))):  # fmt: skip
        p.soft(half * x, y, 9, 9, (255, 240, 190), 0.5)
        p.solid(oval(half * x, y, 3.6), BULBS[i % len(BULBS)], 1.3)
    p.soft(0, 7, 16, 14, (255, 240, 180), 0.7)
    p.flat(star(0, 8, 9), (252, 206, 84))


def fountain(p: ThingPen) -> None:
    half, stone, water = p.half, light(p.colour, 0.25), (150, 206, 232)
    p.ground(half)
    for side in (-1, 1):
        for reach, rise in ((0.34, 4), (0.62, 12)):
            p.line(curve((0, 30), (side * half * reach * 0.4, rise), (side * half * reach * 0.9, rise + 16),
                         (side * half * reach, 72)), 3.6, light(water, 0.35))  # fmt: skip
    p.line(((0, 34), (0, 4)), 4, light(water, 0.5))
    p.solid(poly((-6, 36), (6, 36), (9, 80), (-9, 80)), stone)
    p.solid(dome(0, 36, half * 0.36, -13), stone, 1.3)
    p.flat(oval(0, 36, half * 0.36, 3.6), water)
    p.flat(oval(0, 72, half * 0.96, 8), shade(stone, 0.35))
    p.flat(oval(0, 73, half * 0.88, 6.4), water)
    for x in (-0.5, 0.5):
        p.flat(oval(half * x, 73, 12, 3), light(water, 0.6))
    front = [(half * 0.98 * x, 74 + 8 * (1 - x * x) ** 0.5) for x in (-1, -0.8, -0.5, 0, 0.5, 0.8, 1)]
    foot = [(half * 0.94 * x, 90 + 8 * (1 - x * x) ** 0.5) for x in (1, 0.8, 0.5, 0, -0.5, -0.8, -1)]
    p.solid(poly(*front, *foot), stone, 1.3)


def fire_hydrant(p: ThingPen) -> None:
    half, colour = p.half, p.colour
    p.ground(half * 0.8)
    p.solid(box(-half * 0.78, 90, half * 0.78, 99, 2), shade(colour, 0.25))
    for side in (-1, 1):
        p.solid(box(min(side * half * 0.5, side * half * 0.96), 44, max(side * half * 0.5, side * half * 0.96), 60, 3),
                shade(colour, 0.12))  # fmt: skip
    p.solid(box(-half * 0.56, 24, half * 0.56, 92, 3), colour, 1.4)
    p.solid(box(-half * 0.7, 26, half * 0.7, 34, 3), shade(colour, 0.15))
    p.solid(dome(0, 27, half * 0.56, 20), colour, 1.3)
    p.solid(box(-6, 0, 6, 10, 2), shade(colour, 0.2))
    p.solid(oval(0, 56, 13), shade(colour, 0.2))
    p.solid(oval(0, 56, 8), METAL, 1.2)
    p.solid(box(-half * 0.68, 80, half * 0.68, 87, 2), shade(colour, 0.15))


def trash_can(p: ThingPen) -> None:
    half, colour = p.half, p.colour
    p.ground(half * 0.9)
    body = poly((-half * 0.84, 22), (half * 0.84, 22), (half * 0.66, 99), (-half * 0.66, 99))
    p.main(body, 1.4, 16)
    for x in (-0.5, -0.25, 0, 0.25, 0.5):
        p.line(((half * x * 1.1, 30), (half * x * 0.94, 94)), 2.4, shade(p.colour, 0.3))
    p.line(curve((-half * 0.2, 10), (-half * 0.16, 1), (half * 0.16, 1), (half * 0.2, 10)), 4, shade(colour, 0.4))
    p.solid(dome(0, 22, half * 0.94, 15), light(p.colour, 0.1), 1.3)
    p.solid(box(-half, 19, half, 27, 3), shade(p.colour, 0.12))


def taxi(p: ThingPen) -> None:
    """A car with a lamp on its roof and checks along its side."""
    half, p = p.half, p.at(0, 9, 0.91)
    car(p)
    with p.inside(box(-half * 0.94, 61, half * 0.9, 70)):
        for i in range(24):
            x = half * (-0.94 + 0.08 * i)
            y = 61 if i % 2 else 65.5
            p.flat(box(x, y, x + half * 0.08, y + 4.5), INK)
            p.flat(box(x, 126.5 - y, x + half * 0.08, 131 - y), CREAM)
    p.solid(box(-half * 0.16, -9, half * 0.16, 5, 3), (255, 240, 190))
    p.line(((-half * 0.1, -2), (half * 0.1, -2)), 3, INK)


def scooter(p: ThingPen) -> None:
    """A motor scooter, its handlebar to the right."""
    half, colour = p.half, p.colour
    p.ground(half)
    for x in (-half * 0.6, half * 0.66):
        wheel(p, x, 16)
    p.line(((half * 0.66, 82), (half * 0.46, 16)), 6, METAL)
    p.solid(blob((half * 0.3, 30), (half * 0.54, 26), (half * 0.58, 56), (half * 0.4, 84), (half * 0.26, 86),
                 (half * 0.4, 56)), colour, 1.2)  # fmt: skip
    p.solid(box(-half * 0.3, 80, half * 0.36, 88, 3), shade(colour, 0.25))
    p.solid(blob((-half * 0.94, 52), (-half * 0.5, 44), (-half * 0.08, 52), (-half * 0.1, 84), (-half * 0.36, 84),
                 (-half * 0.5, 64), (-half * 0.84, 76)), colour, 1.3)  # fmt: skip
    p.solid(dome(half * 0.66, 76, 22, 14), colour)
    p.solid(box(-half * 0.84, 36, -half * 0.1, 48, 6), (74, 54, 56))
    p.line(curve((half * 0.3, 14), (half * 0.46, 18), (half * 0.6, 10)), 5, INK)
    p.line(((half * 0.36, 14), (half * 0.28, 2)), 2, METAL)
    p.solid(oval(half * 0.27, 4, 5, 4), METAL)
    p.solid(oval(half * 0.58, 24, 7), (255, 236, 170))


def submarine(p: ThingPen) -> None:
    half, colour = p.half, p.colour
    p.line(curve((half * 0.1, 24), (half * 0.1, 4), (half * 0.26, 4)), 5, shade(colour, 0.2))
    for side in (-1, 1):
        p.solid(oval(-half * 0.92, 62 + side * 14, 5, 14), BRASS)
    p.solid(poly((-half * 0.66, 50), (-half * 0.92, 34), (-half * 0.92, 90), (-half * 0.66, 74)), shade(colour, 0.25))
    p.solid(box(-half * 0.2, 18, half * 0.3, 50, 8), shade(colour, 0.1))
    p.main(blob((-half * 0.84, 62), (-half * 0.4, 36), (half * 0.4, 32), (half * 0.98, 58), (half * 0.6, 92),
                (-half * 0.3, 92)), 1.4, 18)  # fmt: skip
    for x in (-0.36, 0.06, 0.48):
        p.solid(oval(half * x, 60, 13), BRASS)
        pane(p, oval(half * x, 60, 9))


def ufo(p: ThingPen) -> None:
    half, colour = p.half, p.colour
    p.sweep(poly((-half * 0.36, 70), (half * 0.36, 70), (half * 0.5, 99), (-half * 0.5, 99)), (252, 244, 180),
            (210, 236, 220))  # fmt: skip
    p.solid(dome(0, 44, half * 0.44, 42), (176, 224, 232), 1.4)
    p.flat(oval(-half * 0.16, 22, half * 0.08, 9, 0.5), (236, 250, 250))
    p.solid(oval(0, 54, half * 0.98, 20), colour, 1.4)
    p.solid(oval(0, 46, half * 0.6, 10), light(colour, 0.3))
    for i, x in enumerate((-0.72, -0.36, 0.0, 0.36, 0.72)):
        p.flat(oval(half * x, 60 + 8 * (1 - abs(x)), 5.4, 4.4), BULBS[i])


def pinwheel(p: ThingPen) -> None:
    """A paper windmill on a stick."""
    half, colour = p.half, p.colour
    p.line(((0, 30), (0, 98)), 4, TRUNK)
    for i in range(4):
        angle = i * pi / 2 + 0.3
        tip, side = reaching(angle, half * 0.95, 0, 32), reaching(angle + 0.75, half * 0.7, 0, 32)
        p.solid(poly((0, 32), tip, side), colour if i % 2 else light(colour, 0.55), 1.2)
    p.solid(oval(0, 32, 4), BRASS)


WIDE_OUTDOORS = (
    Kind(("christmas tree", "christmas tree with lights"), christmas_tree, "floor", (250, 320), (0.62, 0.74),
         ("green", "green", "teal", "white", "pink")),
    Kind(("fountain",), fountain, "floor", (150, 200), (1.1, 1.3), ("grey", "white", "brown", "pink", "blue")),
    Kind(("fire hydrant", "hydrant"), fire_hydrant, "floor", (85, 115), (0.62, 0.72),
         ("red", "red", "yellow", "blue", "green", "orange", "white")),
    Kind(("trash can", "garbage can", "dustbin"), trash_can, "floor", (95, 125), (0.68, 0.8),
         patterns=("", "", "", "metal")),
    Kind(("taxi", "cab"), taxi, "floor", (105, 140), (1.9, 2.3), ("yellow", "yellow", "black", "white", "green")),
    Kind(("scooter", "motor scooter"), scooter, "floor", (125, 155), (1.15, 1.3)),
    Kind(("submarine",), submarine, "water", (110, 150), (1.6, 1.9)),
    Kind(("ufo", "flying saucer"), ufo, "sky", (100, 150), (1.35, 1.6)),
    Kind(("pinwheel", "toy windmill"), pinwheel, "floor", (120, 150), (0.56, 0.62)),
)  # fmt: skip
