"""What is eaten and drunk, and what it is served in."""

from math import pi

from pipelines.training.scenes.palette import BRASS, COLOURS, CREAM, GLASS, INK, LEAF, METAL, TRUNK, Rgb, light, shade
from pipelines.training.scenes.shapes import blob, box, curve, dome, leaf, limb, oval, poly, reaching, star
from pipelines.training.scenes.thing import CLOTH, Kind, ThingPen

CRUST: Rgb = (214, 156, 92)
CHOCOLATE: Rgb = (112, 68, 50)
FRUITS = tuple(COLOURS[name] for name in ("red", "orange", "yellow", "green"))


def _apple(p: ThingPen, colour: Rgb) -> None:
    p.solid(
        blob((0, 20), (22, 12), (46, 32), (40, 74), (18, 98), (0, 93), (-18, 98), (-40, 74), (-46, 32), (-22, 12)),
        colour,
        1.4,
    )
    p.line(curve((0, 22), (1, 10), (7, 1)), 5, TRUNK)
    p.solid(leaf(4, 14, 1.15, 30, 15), LEAF)
    p.gleam(-22, 38, 15, 18)


def apple(p: ThingPen) -> None:
    p.ground(38)
    _apple(p, p.colour)


def pear(p: ThingPen) -> None:
    p.ground(30)
    p.solid(
        blob((0, 12), (14, 20), (19, 42), (34, 68), (24, 96), (0, 98), (-24, 96), (-34, 68), (-19, 42), (-14, 20)),
        p.colour,
        1.4,
    )
    p.line(curve((0, 14), (2, 6), (7, 0)), 4.4, TRUNK)
    p.solid(leaf(2, 10, 1.2, 22, 12), LEAF)
    p.gleam(-14, 60, 11, 16)


def banana(p: ThingPen) -> None:
    half = p.half
    p.ground(half * 0.8)
    p.solid(blob((-half * 0.9, 16), (-half * 0.6, 56), (-half * 0.05, 74), (half * 0.6, 60), (half * 0.92, 34),
                 (half * 0.98, 48),
                 (half * 0.7, 84), (0, 99), (-half * 0.72, 80), (-half * 0.98, 28)), p.colour, 1.3)  # fmt: skip
    p.line(curve((-half * 0.82, 38), (-half * 0.5, 70), (0, 86), (half * 0.56, 74)), 2.6, shade(p.colour, 0.25))
    p.solid(oval(-half * 0.93, 18, 6, 9, -0.3), TRUNK)
    p.solid(oval(half * 0.95, 40, 5, 7, 0.4), TRUNK)


def watermelon(p: ThingPen) -> None:
    """A slice."""
    half = p.half
    p.ground(half * 0.8)
    p.solid(dome(0, 6, half, -92), (74, 140, 78))
    p.flat(dome(0, 6, half * 0.92, -83), (222, 236, 190))
    p.solid(dome(0, 6, half * 0.86, -76), (232, 84, 84))
    for x, y in ((-0.5, 22), (0, 20), (0.5, 22), (-0.25, 42), (0.25, 42), (0, 62)):
        p.flat(oval(half * x, y, 3, 5), INK)


def cake(p: ThingPen) -> None:
    v, half, cream = p.v, p.half, light(p.colour, 0.1)
    sponge = v.choice(((244, 214, 160), (132, 84, 60), (250, 232, 190)))
    p.ground(half)
    p.solid(oval(0, 93, half, 6.5), (240, 240, 244))
    layers = v.choice((1, 2))
    for i in range(layers):
        wide, top, bottom = half * (0.84 - 0.26 * i), (46 if layers == 1 else 58 - 28 * i), (93 if i == 0 else 60)
        p.solid(box(-wide, top, wide, bottom, 4), sponge)
        p.flat(box(-wide, (top + bottom) / 2 + 1, wide, (top + bottom) / 2 + 6), light(p.colour, 0.55))
        drips: list[tuple[float, float]] = [(-wide, top - 2)]
        for k in range(9):
            x = -wide + 2 * wide * k / 8
            drips.append((x, top + (16 if k % 2 else 9) * (1 - 0.25 * i)))
        p.solid(blob((0, top - 7), (wide * 0.98, top), *reversed(drips)), cream, 1.2)
    top = 42 if layers == 1 else 26
    many = v.choice((1, 3))
    for i in range(many):
        x = (i - (many - 1) / 2) * 17
        p.flat(box(x - 2.4, top - 19, x + 2.4, top + 2), CREAM)
        p.flat(box(x - 2.4, top - 12, x + 2.4, top - 8), (236, 120, 130))
        p.flat(leaf(x, top - 18, 0, 11, 8), (250, 176, 64))


def cupcake(p: ThingPen) -> None:
    v, half = p.v, p.half
    p.ground(half * 0.7)
    p.solid(
        poly((-half * 0.74, 54), (half * 0.74, 54), (half * 0.52, 98), (-half * 0.52, 98)),
        v.choice((CRUST, CHOCOLATE, (240, 226, 200))),
    )
    for i in range(-2, 3):
        p.line(((half * 0.27 * i, 58), (half * 0.2 * i, 96)), 2, shade(CRUST, 0.25))
    for y, wide in ((50, 0.92), (34, 0.68), (21, 0.42)):
        p.solid(oval(0, y, half * wide, 13), p.colour, 1.4)
    p.solid(oval(1, 9, 8), (214, 60, 66) if p.colour != COLOURS["red"] else COLOURS["yellow"], 1.5)


def ice_cream(p: ThingPen) -> None:
    v, half = p.v, p.half
    p.solid(poly((-half * 0.72, 44), (half * 0.72, 44), (0, 99.5)), CRUST)
    with p.inside(poly((-half * 0.72, 44), (half * 0.72, 44), (0, 99.5))):
        for i in range(-3, 4):
            p.line(((i * 11 - 22, 40), (i * 11 + 14, 100)), 1.6, shade(CRUST, 0.3))
            p.line(((i * 11 + 22, 40), (i * 11 - 14, 100)), 1.6, shade(CRUST, 0.3))
    scoops = v.choice((1, 2))
    rim = 60 - 14 * scoops
    if scoops == 2:
        p.solid(oval(0, 38, half * 0.86, 20), light(p.colour, 0.55))
    ball = blob((-half * 0.96, rim), (-half * 0.8, 12), (0, 1), (half * 0.8, 12), (half * 0.96, rim),
                (half * 0.5, rim - 3), (half * 0.2, rim + 6), (-half * 0.3, rim - 3))  # fmt: skip
    p.solid(ball, p.colour, 1.3)
    p.gleam(-half * 0.36, 16, 9, 8)


def pizza(p: ThingPen) -> None:
    """Whole, seen from above at a slant."""
    v, half = p.v, p.half
    p.ground(half)
    p.solid(oval(0, 54, half, 45), CRUST)
    p.solid(oval(0, 51, half * 0.85, 36), (248, 208, 104))
    for i in range(7):
        angle = i * 2 * pi / 6 + 0.4
        x, y = (0, 51) if i == 6 else (half * 0.55 * reaching(angle, 1)[0], 51 + 23 * reaching(angle, 1)[1])
        p.solid(oval(x, y, half * 0.15, 7.5), (206, 68, 56))
    for _ in range(6):
        angle, r = v.uniform(0, 6.28), v.uniform(0.2, 0.7)
        x, y = reaching(angle, r)
        p.flat(oval(half * x, 51 + 34 * y, 4.5, 2.6), LEAF)


def bread(p: ThingPen) -> None:
    half = p.half
    p.ground(half)
    p.solid(blob((-half * 0.98, 70), (-half * 0.8, 26), (-half * 0.2, 10), (half * 0.5, 14), (half * 0.95, 44),
                 (half * 0.95, 88),
                 (0, 98), (-half * 0.9, 92)), (206, 142, 80), 1.4)  # fmt: skip
    for x in (-0.5, 0, 0.5):
        p.flat(
            limb(curve((half * (x - 0.1), 24), (half * (x + 0.02), 42), (half * (x - 0.02), 60)), 8, 3), (246, 214, 160)
        )


def burger(p: ThingPen) -> None:
    half = p.half
    p.ground(half * 0.9)
    p.solid(box(-half * 0.9, 72, half * 0.9, 97, 5, 12), CRUST)
    p.solid(box(-half * 0.96, 58, half * 0.96, 75, 7), CHOCOLATE)
    p.flat(poly((-half * 0.94, 56), (half * 0.94, 56), (half * 0.5, 72), (half * 0.2, 60)), (250, 200, 80))
    p.solid(
        blob(
            (-half, 52),
            (0, 46),
            (half, 52),
            (half * 0.7, 62),
            (half * 0.3, 55),
            (0, 63),
            (-half * 0.4, 55),
            (-half * 0.8, 63),
        ),
        (124, 180, 84),
    )
    p.solid(dome(0, 52, half * 0.94, 50), CRUST, 1.4)
    for x, y in ((-0.4, 28), (0, 16), (0.4, 27), (0.1, 33), (-0.2, 40), (0.6, 42)):
        p.flat(oval(half * x, y, 3, 2, 0.5), CREAM)


def mug(p: ThingPen) -> None:
    v, half = p.v, p.half
    p.ground(half * 0.8)
    left, right = -half * 0.96, half * 0.46
    p.line(curve((right - 4, 42), (half * 0.9, 38), (half * 0.88, 72), (right - 6, 78)), 9, shade(p.colour, 0.12))
    p.main(box(left, 20, right, 98, 3, 16), 1.4, 22)
    p.flat(oval((left + right) / 2, 21, (right - left) / 2, 8), light(p.colour, 0.4))
    p.flat(oval((left + right) / 2, 22.5, (right - left) / 2 - 5, 5.4), (118, 76, 54))
    if v.random() < 0.6:
        for x in (-18, -2):
            p.line(
                curve((left + 34 + x, 13), (left + 39 + x, 8), (left + 33 + x, 3), (left + 38 + x, -2)),
                2.4,
                (244, 240, 238),
            )


def teapot(p: ThingPen) -> None:
    half = p.half
    p.ground(half * 0.7)
    p.line(curve((half * 0.5, 40), (half * 0.94, 36), (half * 0.9, 70), (half * 0.5, 80)), 9, shade(p.colour, 0.2))
    p.solid(limb(curve((-half * 0.4, 76), (-half * 0.76, 62), (-half * 0.94, 32)), 22, 9), shade(p.colour, 0.08))
    p.main(
        blob(
            (0, 24),
            (half * 0.5, 38),
            (half * 0.62, 66),
            (half * 0.4, 96),
            (-half * 0.4, 96),
            (-half * 0.62, 66),
            (-half * 0.5, 38),
        ),
        1.4,
        20,
    )
    p.solid(dome(0, 30, half * 0.34, 15), light(p.colour, 0.15))
    p.solid(oval(0, 11, 7), BRASS)
    p.gleam(-half * 0.3, 46, 14, 12)


def bottle(p: ThingPen) -> None:
    half = p.half
    p.ground(half)
    p.flat(box(-half * 0.42, 0, half * 0.42, 9, 2), TRUNK)
    p.solid(blob((-half * 0.4, 6), (half * 0.4, 6), (half * 0.44, 26), (half * 0.98, 46), (half * 0.96, 96), (0, 99),
                 (-half * 0.96, 96), (-half * 0.98, 46), (-half * 0.44, 26)), p.colour, 1.5)  # fmt: skip
    p.flat(box(-half * 0.96, 56, half * 0.96, 80), (250, 240, 218))
    p.flat(star(0, 68, half * 0.45), p.colour)
    p.flat(box(-half * 0.66, 46, -half * 0.44, 54, 3), light(p.colour, 0.6))


def wine_glass(p: ThingPen) -> None:
    half = p.half
    glass = light(GLASS, 0.3)
    p.ground(half * 0.8)
    p.solid(oval(0, 96, half * 0.72, 3.4), glass)
    p.flat(box(-2.2, 52, 2.2, 96), glass)
    p.solid(dome(0, 4, half * 0.95, -54), glass)
    p.solid(dome(0, 20, half * 0.86, -36), p.colour, 1.4)
    p.flat(oval(0, 20, half * 0.86, 4), light(p.colour, 0.3))
    p.gleam(-half * 0.46, 22, 5, 14)


def bowl_of_fruit(p: ThingPen) -> None:
    v, half = p.v, p.half
    p.ground(half * 0.7)
    for x, y in ((-0.46, 26), (0.46, 26), (0, 14), (-0.24, 34), (0.26, 34)):
        _apple(p.at(half * x, y - 20, 0.46), v.choice(FRUITS))
    p.main(
        blob(
            (-half * 0.98, 46),
            (half * 0.98, 46),
            (half * 0.86, 70),
            (half * 0.4, 96),
            (-half * 0.4, 96),
            (-half * 0.86, 70),
        ),
        1.4,
        16,
    )
    p.flat(box(-half * 0.98, 44, half * 0.98, 51, 3.5), light(p.colour, 0.4))


def pot(p: ThingPen) -> None:
    """A cooking pot with its lid."""
    half = p.half
    p.ground(half * 0.8)
    for side in (-1, 1):
        p.line(((side * half * 0.7, 50), (side * half * 0.94, 50)), 9, INK)
    p.main(box(-half * 0.76, 32, half * 0.76, 98, 3, 14), 1.5, 18)
    p.solid(dome(0, 34, half * 0.8, 20), light(p.colour, 0.15))
    p.solid(oval(0, 10, 8, 6), INK)
    p.flat(box(-half * 0.8, 31, half * 0.8, 37, 3), light(METAL, 0.3))


FOOD = (
    Kind(("apple",), apple, "top", (55, 75), (0.9, 0.98), ("red", "green", "yellow", "orange", "pink"), together=True),
    Kind(("pear",), pear, "top", (65, 85), (0.66, 0.74), ("green", "yellow", "orange", "red"), together=True),
    Kind(("banana",), banana, "top", (48, 62), (1.7, 2.0), ("yellow",), together=True),
    Kind(("watermelon", "slice of watermelon"), watermelon, "top", (60, 80), (1.7, 2.0), ("red",), together=True),
    Kind(("cake", "birthday cake"), cake, "top", (95, 130), (0.95, 1.2)),
    Kind(("cupcake", "muffin"), cupcake, "top", (70, 90), (0.78, 0.9), together=True),
    Kind(("ice cream", "ice cream cone"), ice_cream, "top", (95, 120), (0.46, 0.56), together=True),
    Kind(("pizza",), pizza, "top", (55, 75), (1.9, 2.3), ("yellow",)),
    Kind(("bread", "loaf of bread"), bread, "top", (55, 75), (1.6, 1.9), ("brown",)),
    Kind(("burger", "hamburger"), burger, "top", (70, 90), (1.15, 1.3), ("brown",), together=True),
    Kind(("mug", "cup"), mug, "top", (60, 80), (0.95, 1.1), patterns=CLOTH, together=True),
    Kind(("teapot",), teapot, "top", (75, 100), (1.35, 1.6), patterns=CLOTH),
    Kind(("bottle",), bottle, "top", (110, 140), (0.3, 0.38), together=True),
    Kind(("wine glass", "glass"), wine_glass, "top", (95, 115), (0.46, 0.54),
         ("red", "yellow", "orange", "pink", "purple", "blue", "green"), together=True),
    Kind(("bowl of fruit", "fruit bowl"), bowl_of_fruit, "top", (80, 105), (1.4, 1.7), patterns=CLOTH),
    Kind(("pot", "cooking pot"), pot, "top", (80, 105), (1.3, 1.6)),
)  # fmt: skip
