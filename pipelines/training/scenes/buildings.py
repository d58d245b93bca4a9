"""Houses, towers, tents, and what stands along a street."""

from pipelines.training.scenes.palette import BRASS, COLOURS, CREAM, INK, METAL, Rgb, light, partner, shade
from pipelines.training.scenes.shapes import blob, box, dome, oval, poly, star
from pipelines.training.scenes.thing import CLOTH, Kind, ThingPen

ROOFS: tuple[Rgb, ...] = ((172, 84, 68), (110, 84, 88), (88, 100, 128), (146, 98, 66))
PANE: Rgb = (172, 210, 224)
LIT: Rgb = (255, 222, 140)


def _window(p: ThingPen, x: float, y: float, wide: float, tall: float, pane: Rgb) -> None:
    p.flat(box(x - wide / 2 - 1.5, y - 1.5, x + wide / 2 + 1.5, y + tall + 1.5, 1), CREAM)
    p.flat(box(x - wide / 2, y, x + wide / 2, y + tall), pane)
    p.flat(box(x - 0.7, y, x + 0.7, y + tall), CREAM)
    p.flat(box(x - wide / 2, y + tall / 2 - 0.7, x + wide / 2, y + tall / 2 + 0.7), CREAM)


def house(p: ThingPen) -> None:
    v, half, roof = p.v, p.half, p.v.choice(ROOFS)
    eaves, pane = v.uniform(38, 46), v.choice((PANE, PANE, LIT))
    p.ground(half)
    x = v.choice((-1, 1)) * half * 0.44
    p.solid(box(x - 6, 8, x + 6, 36), shade(roof, 0.15))
    p.main(box(-half * 0.86, eaves - 4, half * 0.86, 99), 1.1, 12)
    if v.random() < 0.5:
        p.main(poly((-half * 0.84, eaves), (0, 4), (half * 0.84, eaves)), 0.6, 12)
        p.solid(
            poly((0, 0), (half, eaves), (half * 0.93, eaves + 7), (0, 11), (-half * 0.93, eaves + 7), (-half, eaves)),
            roof,
        )
        p.solid(oval(0, 29, 7), CREAM)
        p.flat(oval(0, 29, 5), pane)
    else:
        p.solid(poly((-half * 0.72, 8), (half * 0.72, 8), (half, eaves + 3), (-half, eaves + 3)), roof)
        for y in (18, 28):
            p.line(((-half * (0.7 + y / 150), y), (half * (0.7 + y / 150), y)), 1, shade(roof, 0.25))
    door = v.choice((-1, 0, 1)) * half * 0.46
    p.solid(box(door - 8.5, 67, door + 8.5, 99, 8, 0), shade(roof, 0.3))
    p.flat(oval(door + 5, 84, 1.4), BRASS)
    for x in (-half * 0.46, 0, half * 0.46):
        if x != door:
            _window(p, x, 60, 15, 17, pane)


def tower_block(p: ThingPen) -> None:
    """Many storeys."""
    v, half, pane = p.v, p.half, p.v.choice((PANE, LIT))
    p.ground(half)
    p.main(box(-half, 4, half, 99), 1.2, 14)
    p.solid(box(-half - 1.5, 1, half + 1.5, 6, 1), shade(p.colour, 0.25))
    columns, rows = v.choice((2, 3)), v.choice((5, 6))
    for row in range(rows):
        for column in range(columns):
            x = -half + 2 * half * (column + 0.5) / columns
            y = 11 + 76 * row / rows
            p.flat(
                box(x - half * 0.5 / columns, y, x + half * 0.5 / columns, y + 46 / rows, 0.8),
                pane if (row * 7 + column * 3) % 5 else shade(pane, 0.25),
            )
    p.flat(box(-5, 88, 5, 99, 1), shade(p.colour, 0.5))


def lighthouse(p: ThingPen) -> None:
    half = p.half
    p.ground(half)
    tower = poly((-half * 0.44, 24), (half * 0.44, 24), (half * 0.8, 99), (-half * 0.8, 99))
    white = (254, 248, 236) if p.colour != COLOURS["white"] else (206, 214, 222)
    p.solid(tower, white, 1.4)
    with p.inside(tower):
        for y in (34, 62, 90):
            p.solid(box(-half, y, half, y + 14), p.colour, 1.2)
    p.soft(0, 16, half * 1.4, 16, LIT, 0.7)
    p.solid(box(-half * 0.36, 9, half * 0.36, 22), LIT)
    p.flat(box(-half * 0.6, 21, half * 0.6, 26, 1), INK)
    p.solid(dome(0, 10, half * 0.46, 10), p.colour)


def castle(p: ThingPen) -> None:
    half, stone = p.half, p.colour
    p.ground(half)
    roofs = shade(stone, 0.4) if stone != COLOURS["grey"] else ROOFS[0]
    for x, top in ((-half * 0.36, 16), (half * 0.36, 24)):
        p.solid(box(x - half * 0.15, top + 12, x + half * 0.15, 80), shade(stone, 0.14))
        p.solid(poly((x - half * 0.2, top + 14), (x, top - 10), (x + half * 0.2, top + 14)), roofs)
    p.solid(box(-half * 0.7, 50, half * 0.7, 99), stone)
    for i in range(5):
        p.solid(box(-half * 0.6 + half * 0.26 * i, 44, -half * 0.46 + half * 0.26 * i, 52), stone)
    for side in (-1, 1):
        x = side * half * 0.76
        p.solid(box(x - half * 0.2, 36, x + half * 0.2, 99), light(stone, 0.12), 1.4)
        p.solid(poly((x - half * 0.26, 38), (x, 4), (x + half * 0.26, 38)), roofs, 1.4)
        p.line(((x, 5), (x, -4)), 1, INK)
        p.flat(poly((x, -4), (x + 10, -1), (x, 2)), COLOURS["red"])
        p.flat(box(x - 3, 52, x + 3, 62, 3, 0), shade(stone, 0.6))
    p.solid(box(-half * 0.2, 68, half * 0.2, 99, 16, 0), shade(stone, 0.6))


def windmill(p: ThingPen) -> None:
    v, half = p.v, p.half
    p.ground(half * 0.6)
    p.main(poly((-half * 0.32, 36), (half * 0.32, 36), (half * 0.5, 99), (-half * 0.5, 99)), 1.4, 12)
    p.solid(dome(0, 38, half * 0.38, 18), ROOFS[1])
    p.flat(box(-6, 80, 6, 99, 5, 0), shade(p.colour, 0.5))
    turn = v.uniform(0.2, 1.3)
    for i in range(4):
        arm = p.at(0, 34, 1, turn + i * 1.5708)
        arm.flat(box(-1.4, -36, 1.4, 0), (120, 84, 60))
        arm.solid(box(1, -36, 11, -8, 1), CREAM)
    p.solid(oval(0, 34, 4), INK)


def tent(p: ThingPen) -> None:
    half = p.half
    p.ground(half)
    p.main(poly((0, 2), (half, 98), (-half, 98)), 1.3, 15)
    p.flat(poly((0, 2), (half * 0.3, 98), (-half * 0.3, 98)), shade(p.colour, 0.55))
    p.solid(poly((0, 2), (-half * 0.3, 98), (-half * 0.44, 98)), light(p.colour, 0.3))
    p.line(((0, 3), (0, -5)), 2, INK)
    p.flat(poly((0, -6), (14, -2), (0, 2)), p.colour)


def umbrella(p: ThingPen) -> None:
    """A parasol: panels of its colour and of white."""
    half = p.half
    p.ground(half * 0.4)
    p.flat(box(-1.8, 10, 1.8, 99, 1), (236, 226, 208))
    canopy = dome(0, 46, half, 42)
    p.main(canopy, 1.3, 16)
    if not p.pattern:
        with p.inside(canopy):
            for side in (-1, 1):
                p.flat(
                    blob(
                        (side * half * 0.18, 50),
                        (side * half * 0.12, 16),
                        (0, 2),
                        (side * half * 0.46, 14),
                        (side * half * 0.62, 50),
                    ),
                    partner(p.colour),
                )
    for i in range(5):
        p.solid(dome(half * (-0.8 + 0.4 * i), 45, half * 0.2, -7), p.colour)
    p.solid(oval(0, 3, 3), BRASS)


def sign(p: ThingPen) -> None:
    """A round, three-cornered or eight-cornered sign on a post."""
    v, half = p.v, p.half
    p.ground(half * 0.6)
    p.solid(box(-3, 30, 3, 99, 1), METAL)
    look = v.randrange(3)
    if look == 0:
        p.solid(oval(0, 24, 24), p.colour)
        p.flat(box(-15, 19, 15, 29, 1), partner(p.colour))
    elif look == 1:
        p.solid(blob((0, 0), (2, 1), (26, 42), (25, 45), (-25, 45), (-26, 42), (-2, 1)), p.colour)
        p.flat(box(-2.6, 14, 2.6, 31, 2), partner(p.colour))
        p.flat(oval(0, 37, 3.4), partner(p.colour))
    else:
        p.solid(star(0, 24, 26, 4, 1.0, 0.3927), p.colour)
        p.line(star(0, 24, 21, 4, 1.0, 0.3927), 1.6, partner(p.colour))
        p.line(((-9, 24), (9, 24)), 5, partner(p.colour))


def mailbox(p: ThingPen) -> None:
    half = p.half
    p.ground(half * 0.8)
    p.solid(box(-5, 50, 5, 99), (150, 108, 72))
    p.main(box(-half * 0.9, 10, half * 0.9, 56, 22, 3), 1.4)
    p.flat(oval(half * 0.52, 34, half * 0.34, 21), shade(p.colour, 0.3))
    p.flat(box(-half * 0.6, 30, 0, 34, 2), shade(p.colour, 0.5))
    flag = COLOURS["yellow"] if p.colour != COLOURS["yellow"] else COLOURS["red"]
    p.flat(box(-half * 0.66, -2, -half * 0.6, 26), flag)
    p.flat(box(-half * 0.66, -3, -half * 0.2, 8), flag)


def fence(p: ThingPen) -> None:
    half = p.half
    p.ground(half)
    count = max(round(half / 13), 3)
    for y in (34, 68):
        p.flat(box(-half, y, half, y + 10), shade(p.colour, 0.16))
    for i in range(count):
        x = -half + 2 * half * (i + 0.5) / count
        p.solid(poly((x - 7, 16), (x, 2), (x + 7, 16), (x + 7, 99), (x - 7, 99)), p.colour, 1.3)


def snowman(p: ThingPen) -> None:
    half, snow, scarf = p.half, (252, 252, 250), COLOURS[p.v.choice(("red", "blue", "green", "purple", "orange"))]
    p.ground(half)
    for side in (-1, 1):
        p.line(((side * 14, 52), (side * half * 0.98, 38)), 2.6, (120, 84, 60))
    p.solid(oval(0, 76, 25, 23), snow, 1.6)
    p.solid(oval(0, 46, 18), snow, 1.6)
    p.solid(oval(0, 24, 14), snow, 1.6)
    p.solid(box(-15, 34, 15, 41, 4), scarf)
    p.solid(box(5, 36, 12, 56, 3), scarf)
    for y in (48, 56, 70):
        p.flat(oval(0, y, 2), INK)
    p.eye(-5, 21, 2.2)
    p.eye(5, 21, 2.2)
    p.solid(poly((-1, 25), (-1, 30), (14, 29)), (240, 140, 60))
    p.solid(box(-15, 10, 15, 14, 2), INK)
    p.solid(box(-10, -3, 10, 12, 2), INK)


BUILDINGS = (
    Kind(("house", "cottage"), house, "floor", (280, 370), (0.9, 1.15), together=True),
    Kind(("tower", "apartment building", "skyscraper"), tower_block, "floor", (400, 500), (0.36, 0.46), together=True),
    Kind(("lighthouse",), lighthouse, "floor", (330, 420), (0.32, 0.38),
         ("red", "blue", "navy", "teal", "green", "black", "orange")),
    Kind(("castle",), castle, "floor", (300, 370), (1.1, 1.3),
         ("grey", "pink", "white", "yellow", "brown", "purple", "blue", "orange")),
    Kind(("windmill",), windmill, "floor", (300, 380), (0.72, 0.8)),
    Kind(("tent",), tent, "floor", (140, 190), (1.2, 1.5), patterns=CLOTH, together=True),
    Kind(("umbrella", "parasol", "beach umbrella"), umbrella, "floor", (220, 280), (0.85, 1.05), patterns=CLOTH),
    Kind(("sign", "street sign", "road sign"), sign, "floor", (190, 240), (0.5, 0.56),
         ("red", "blue", "yellow", "green", "orange", "white")),
    Kind(("mailbox", "letter box"), mailbox, "floor", (140, 175), (0.62, 0.74)),
    Kind(("fence", "picket fence"), fence, "floor", (90, 115), (2.0, 3.0),
         ("white", "brown", "green", "blue", "grey"), patterns=("", "wooden")),
    Kind(("snowman",), snowman, "floor", (170, 220), (0.7, 0.8), ("white",)),
)  # fmt: skip
