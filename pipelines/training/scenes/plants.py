"""What grows, indoors and out."""

from math import pi

from pipelines.training.scenes.palette import COLOURS, CREAM, GLASS, LEAF, LEAVES, TRUNK, Rgb, light, shade
from pipelines.training.scenes.shapes import blob, box, curve, leaf, limb, oval, poly, reaching
from pipelines.training.scenes.thing import Kind, ThingPen


def _planter(p: ThingPen, top: float, wide: float, colour: Rgb) -> None:
    p.ground(wide * 1.1)
    p.solid(poly((-wide * 0.9, top + 6), (wide * 0.9, top + 6), (wide * 0.66, 99), (-wide * 0.66, 99)), colour, 1.3)
    p.solid(box(-wide, top, wide, top + 10, 3), light(colour, 0.15), 1.2)


def potted_plant(p: ThingPen) -> None:
    """Sword leaves, round leaves or a bush, in a pot of the thing's colour."""
    v, half, green = p.v, p.half, p.v.choice(LEAVES)
    top = v.uniform(62, 70)
    look = v.randrange(3)
    if look == 0:
        for i in range(9):
            angle = -1.0 + 2.0 * ((i * 5) % 9) / 8
            length = top * (0.98 - 0.24 * abs(angle))
            p.solid(
                leaf(angle * 5, top + 4, angle * 0.72, length, 13),
                (shade(green, 0.22), green, light(green, 0.2))[i % 3],
            )
    elif look == 1:
        for i in range(7):
            angle = -0.95 + 1.9 * ((i * 3) % 7) / 6
            x, y = reaching(angle, top * (0.72 - 0.16 * (i % 2)), 0, top)
            x = max(min(x, half - 13), 13 - half)
            p.line(curve((0, top + 4), (x * 0.35, (y + top) / 2), (x, y)), 2.2, shade(green, 0.3))
            p.solid(oval(x, y, 15, 12, angle), (green, light(green, 0.16))[i % 2])
    else:
        for x, y, r in (
            (0, 0.3, 0.5),
            (-0.5, 0.55, 0.42),
            (0.5, 0.55, 0.42),
            (-0.26, 0.24, 0.4),
            (0.3, 0.2, 0.36),
            (0, 0.7, 0.46),
        ):
            p.solid(
                oval(half * x, top * y + 6, half * r * 1.02),
                (green, light(green, 0.12), shade(green, 0.12))[int(20 * r) % 3],
            )
    _planter(p, top, half * v.uniform(0.44, 0.56), p.colour)


def cactus(p: ThingPen) -> None:
    v, half, green = p.v, p.half, p.v.choice((LEAF, (70, 132, 88), (104, 158, 100)))
    for side, high in ((-1, v.uniform(32, 44)), (1, v.uniform(22, 40))):
        p.line(
            curve((side * 6, high + 22), (side * half * 0.6, high + 20), (side * half * 0.68, high)),
            11,
            shade(green, 0.1),
        )
    p.solid(box(-12, 4, 12, 80, 12), green, 1.5)
    for x in (-5, 1, 7):
        p.line(((x, 12), (x, 64)), 1.2, shade(green, 0.24))
    if v.random() < 0.6:
        for angle in (-1.1, 0, 1.1):
            p.flat(leaf(0, 6, angle, 10, 7), (238, 120, 150))
    _planter(p, 66, half * 0.6, p.colour)


def _blossom(p: ThingPen, x: float, y: float, r: float, colour: Rgb, centre: Rgb) -> None:
    for i in range(6):
        p.flat(oval(*reaching(i * pi / 3, r * 0.62, x, y), r * 0.42), light(colour, 0.14) if i in (0, 5) else colour)
    p.flat(oval(x, y, r * 0.38), centre)


def vase_of_flowers(p: ThingPen) -> None:
    """The colour is the flowers'; the vase is pale."""
    v, half = p.v, p.half
    many = v.choice((3, 4, 5))
    centre = CREAM if p.colour == COLOURS["yellow"] else (250, 206, 96)
    p.ground(half * 0.5)
    heads = []
    for i in range(many):
        angle = -0.62 + 1.24 * i / (many - 1)
        heads.append((*reaching(angle, 48 - 9 * (i % 2), 0, 64), angle))
    for x, y, _ in heads:
        p.line(curve((x * 0.1, 70), (x * 0.5, (y + 64) / 2 + 3), (x, y)), 2.6, LEAF)
    for angle in (-0.9, 0.9, 0.2):
        p.solid(leaf(0, 66, angle, 28, 11), (76, 136, 84))
    for x, y, _ in heads:
        _blossom(p, min(max(x, 17 - half), half - 17), y, 17, p.colour, centre)
    vase = v.choice((GLASS, (244, 236, 222), (196, 210, 202), (232, 208, 190)))
    if v.random() < 0.5:
        p.solid(blob((-8, 58), (8, 58), (9, 66), (22, 80), (14, 98), (-14, 98), (-22, 80), (-9, 66)), vase, 1.4)
    else:
        p.solid(poly((-16, 60), (16, 60), (11, 99), (-11, 99)), vase, 1.4)
    p.gleam(-8, 82, 5, 9)


def flower(p: ThingPen) -> None:
    v, colour = p.v, p.colour
    p.ground(p.half * 0.5)
    p.line(curve((0, 98), (v.uniform(-5, 5), 70), (0, 34)), 5, LEAF)
    for side in (-1, 1):
        p.solid(leaf(0, 90, side * 0.9, 32, 13), LEAF)
    if v.random() < 0.5:
        for i in range(10):
            p.solid(leaf(*reaching(i * pi / 5, 6, 0, 26), i * pi / 5, 21, 13), colour)
        p.solid(oval(0, 26, 10), (132, 84, 52) if colour != COLOURS["brown"] else (250, 206, 96))
    else:
        p.solid(blob((-19, 8), (-9, 18), (0, 4), (9, 18), (19, 8), (20, 34), (0, 46), (-20, 34)), colour, 1.3)
        p.flat(blob((-7, 16), (0, 6), (7, 16), (5, 42), (-5, 42)), light(colour, 0.25))


def _crown(p: ThingPen, circles: tuple[tuple[float, float, float], ...], colour: Rgb) -> None:
    """Leaves in a mass: a dark heap behind, the lit one up and left of it."""
    for x, y, r in circles:
        p.flat(oval(x + 1.6, y + 2.6, r), shade(colour, 0.22))
    for x, y, r in circles:
        p.solid(oval(x - 0.6, y - 0.6, r * 0.95), colour, 1.2)
    for x, y, r in circles[:3]:
        p.flat(oval(x - r * 0.34, y - r * 0.4, r * 0.36, r * 0.26, -0.6), light(colour, 0.22))


def tree(p: ThingPen) -> None:
    v, half = p.v, p.half
    p.ground(half * 0.7)
    p.solid(poly((-5, 50), (5, 50), (8, 99), (-8, 99)), TRUNK, 1.4)
    p.line(((0, 74), (half * 0.4, 54)), 4, TRUNK)
    p.line(((0, 80), (-half * 0.36, 60)), 3.4, shade(TRUNK, 0.1))
    if v.random() < 0.5:
        r = half * 0.5
        _crown(
            p,
            (
                (0, r + 1, r),
                (-half * 0.5, 34, r * 0.9),
                (half * 0.5, 36, r * 0.9),
                (-half * 0.2, 50, r * 0.8),
                (half * 0.24, 52, r * 0.8),
            ),
            p.colour,
        )
    else:
        p.flat(oval(1.5, 38, half * 0.9, 37), shade(p.colour, 0.22))
        p.solid(oval(-0.5, 36, half * 0.86, 35.5), p.colour, 1.3)
        for x, y in ((-0.4, 22), (-0.1, 42), (0.36, 30)):
            p.flat(oval(half * x, y, 7, 3.4, -0.5), light(p.colour, 0.22))
    if v.random() < 0.3:
        fruit = COLOURS["red"] if p.colour != COLOURS["red"] else COLOURS["yellow"]
        for x, y in ((-0.5, 36), (-0.1, 24), (0.44, 40), (0.1, 54)):
            p.flat(oval(half * x, y, 3.4), fruit)


def pine(p: ThingPen) -> None:
    half, green = p.half, p.colour
    p.ground(half * 0.7)
    p.solid(box(-5, 80, 5, 99), TRUNK)
    for top, bottom, wide in ((46, 88, 0.98), (23, 64, 0.78), (0, 40, 0.56)):
        p.solid(blob((0, top), (half * wide * 0.5, (top + bottom) / 2), (half * wide, bottom - 2), (0, bottom + 3),
                     (-half * wide, bottom - 2), (-half * wide * 0.5, (top + bottom) / 2)), green, 1.6)  # fmt: skip


def palm(p: ThingPen) -> None:
    v, half, green = p.v, p.half, p.colour
    lean = v.uniform(-0.3, 0.3) * half
    p.ground(half * 0.4)
    p.solid(limb(curve((lean * 1.6, 99), (lean * 1.2, 66), (0, 26)), 9, 5), (172, 126, 84), 1.4)
    for i, angle in enumerate((-2.0, 2.0, -1.35, 1.35, -0.7, 0.7, 0.05)):
        tip = reaching(angle, half * 0.96, 0, 24)
        up = reaching(angle * 0.62, half * 0.66, 0, 24)
        p.solid(
            limb(curve((0, 26), (up[0], max(up[1], 6)), (tip[0] * 0.94, tip[1] + 12)), 9, 1.5),
            (shade(green, 0.2), green, light(green, 0.14))[i % 3],
        )
    for x in (-4, 4):
        p.solid(oval(x, 29, 4.6), (134, 90, 58))


def bush(p: ThingPen) -> None:
    v, half = p.v, p.half
    p.ground(half)
    _crown(p, ((0, 40, 36), (-half * 0.55, 62, 32), (half * 0.55, 60, 33), (0, 68, 30)), p.colour)
    p.flat(box(-half * 0.8, 80, half * 0.8, 99, 9), shade(p.colour, 0.14))
    if v.random() < 0.4:
        berries = v.choice(((238, 120, 146), (250, 240, 226), (222, 70, 66)))
        for _ in range(9):
            p.flat(oval(v.uniform(-0.7, 0.7) * half, v.uniform(24, 86), 4), berries)


def mushroom(p: ThingPen) -> None:
    half = p.half
    p.ground(half * 0.6)
    p.solid(blob((-13, 46), (13, 46), (15, 76), (20, 97), (0, 99), (-20, 97), (-15, 76)), (248, 236, 214), 1.3)
    cap = blob(
        (-half * 0.98, 52),
        (-half * 0.7, 18),
        (0, 2),
        (half * 0.7, 18),
        (half * 0.98, 52),
        (half * 0.5, 58),
        (0, 60),
        (-half * 0.5, 58),
    )
    p.solid(cap, p.colour, 1.3)
    with p.inside(cap):
        for x, y, r in (
            (-0.5, 36, 8),
            (0.02, 18, 8),
            (0.5, 34, 9),
            (0.08, 46, 6),
        ):
            p.flat(oval(half * x, y, r, r * 0.85), (255, 248, 234))


GREENS = ("green", "green", "green", "teal", "orange", "yellow", "red", "pink", "brown", "purple")
PLANTS = (
    Kind(("potted plant", "plant", "house plant"), potted_plant, "floor", (170, 260), (0.62, 0.8)),
    Kind(("cactus",), cactus, "top", (100, 140), (0.56, 0.68), together=True),
    Kind(("vase of {} flowers", "bunch of {} flowers", "bouquet of {} flowers"), vase_of_flowers, "top", (110, 150),
         (0.78, 0.92),
         ("red", "orange", "yellow", "pink", "purple", "white", "blue", "teal")),
    Kind(("flower", "blossom"), flower, "floor", (90, 130), (0.44, 0.52), together=True),
    Kind(("tree",), tree, "floor", (330, 430), (0.68, 0.86), GREENS, together=True),
    Kind(("pine tree", "fir tree", "christmas tree"), pine, "floor", (300, 420), (0.52, 0.64),
         ("green", "teal", "white", "blue", "navy"), together=True),
    Kind(("palm tree", "palm"), palm, "floor", (340, 430), (0.8, 0.95), ("green", "teal", "yellow"), together=True),
    Kind(("bush", "shrub"), bush, "floor", (100, 140), (1.3, 1.6), GREENS, together=True),
    Kind(("mushroom", "toadstool"), mushroom, "floor", (70, 110), (0.9, 1.1), together=True),
)  # fmt: skip
