"""What people sit on, lie on, eat at and put things into."""

from pipelines.training.scenes.palette import BRASS, COLOURS, CREAM, INK, METAL, Rgb, light, shade
from pipelines.training.scenes.shapes import box, oval, poly
from pipelines.training.scenes.thing import CLOTH, WOODEN, Kind, ThingPen

WHITE = (252, 249, 242)


def couch(p: ThingPen) -> None:
    _upholstered(p, p.v.choice((2, 2, 3)))


def armchair(p: ThingPen) -> None:
    _upholstered(p, 1)


def _upholstered(p: ThingPen, seats: int) -> None:
    v, half = p.v, p.half
    arm, soft, arms_from = v.uniform(14, 20), v.uniform(6, 15), v.uniform(30, 42)
    p.ground(half * 1.04)
    for side in (-1, 1):
        x = side * (half - 12)
        p.flat(poly((x - 4, 84), (x + 4, 84), (x + side * 3 + 2, 99), (x + side * 3 - 2, 99)), shade(p.wood, 0.15))
    p.main(box(-half + arm * 0.5, 0, half - arm * 0.5, 78, soft))
    inner = half - arm + 2
    p.flat(box(-inner, 48, inner, 60), shade(p.colour, 0.42))
    for i in range(seats):
        left, right = -inner + 2 * inner * i / seats, -inner + 2 * inner * (i + 1) / seats
        p.main(box(left + 1.2, 9, right - 1.2, 56, soft * 0.8), 1.2)
    for i in range(seats):
        left, right = -inner + 2 * inner * i / seats, -inner + 2 * inner * (i + 1) / seats
        p.main(box(left + 0.7, 54, right - 0.7, 71, 6), 0.8)
    p.solid(box(-half + arm * 0.6, 71, half - arm * 0.6, 88, 3), shade(p.colour, 0.22))
    if v.random() < 0.5:
        x = v.choice((-1, 1)) * (inner - 16)
        p.at(x, 40).solid(box(-13, -13, 13, 13, 5), light(p.colour, 0.45))
    for side in (-1, 1):
        x = side * (half - arm / 2)
        p.main(box(x - arm / 2, arms_from, x + arm / 2, 89, arm * 0.5, 3), 1.3)


def chair(p: ThingPen) -> None:
    v, half = p.v, p.half
    frame = p.wood if p.pattern == "wooden" or v.random() < 0.35 else shade(p.colour, 0.3)
    p.ground(half * 1.05)
    for x, foot in ((-half * 0.62, 92), (half * 0.62, 92)):
        p.flat(box(x - 2.4, 50, x + 2.4, foot, 1), shade(frame, 0.3))
    rounded = v.uniform(3, 14)
    if v.random() < 0.5:
        p.main(box(-half * 0.82, 0, half * 0.82, 42, rounded, 4))
    else:
        for x in (-half * 0.76, half * 0.76):
            p.flat(box(x - 3, 2, x + 3, 56, 2), frame)
        for y in (3, 17, 31)[: v.choice((2, 3))]:
            p.main(box(-half * 0.82, y, half * 0.82, y + 9, 3))
    for x in (-half * 0.6, half * 0.6):
        p.flat(box(x - 2.4, 38, x + 2.4, 56), frame)
    for x in (-half * 0.84, half * 0.84):
        p.solid(box(x - 3, 60, x + 3, 99, 1.5), frame)
    p.main(box(-half, 52, half, 64, 5, 3), 1.2)
    p.flat(box(-half * 0.9, 62, half * 0.9, 65), shade(p.colour, 0.4))


def stool(p: ThingPen) -> None:
    v, half = p.v, p.half
    seat, legs = v.uniform(12, 18), p.wood if p.pattern != "wooden" else shade(p.wood, 0.2)
    p.ground(half)
    for x, foot in ((-0.5, -0.86), (0.5, 0.86), (0.08, 0.1)):
        p.line(((x * half, seat), (foot * half, 97)), 6, shade(legs, 0.12))
    p.line(((-half * 0.62, 62), (half * 0.62, 62)), 4, shade(legs, 0.3))
    p.main(box(-half, 3, half, seat + 9, 9), 1.3)
    p.solid(oval(0, seat * 0.5, half * 0.98, seat * 0.5), light(p.colour, 0.25))


def bench(p: ThingPen) -> None:
    half, iron = p.half, INK
    p.ground(half)
    for side in (-1, 1):
        x = side * half * 0.78
        p.line(((x, 6), (x, 62), (x + side * 3, 97)), 5, iron)
        p.line(((x - side * 12, 64), (x - side * 10, 95)), 5, iron)
    for y in (4, 20, 36):
        p.main(box(-half, y, half, y + 12, 3))
    p.main(box(-half * 1.0, 54, half * 1.0, 66, 3), 1.4)
    p.flat(box(-half, 65, half, 69, 2), shade(p.colour, 0.45))
    for side in (-1, 1):
        x = side * half * 0.9
        p.line(((x, 34), (x + side * 3, 40), (x, 60)), 4, iron)


def bed(p: ThingPen) -> None:
    v, half = p.v, p.half
    fold, board = v.uniform(-0.34, -0.1) * half, v.uniform(0, 12)
    p.ground(half * 1.03)
    p.solid(box(-half, board, -half + 11, 99, 5, 1), p.wood)
    p.solid(box(half - 9, 44, half, 99, 4, 1), p.wood)
    p.solid(box(-half + 6, 76, half - 4, 90, 2), shade(p.wood, 0.12))
    p.solid(box(-half + 10, 56, half - 8, 79, 6, 2), WHITE)
    p.solid(box(-half + 12, 37, -half + 52, 60, 11), WHITE, 1.3)
    p.main(box(fold, 48, half - 7, 86, 10, 4), 1.1)
    p.solid(box(fold - 3, 47, fold + 13, 86, 6, 3), light(p.colour, 0.62))


def table(p: ThingPen) -> None:
    """Round on a foot or on splayed legs; or with corners."""
    v, half = p.v, p.half
    legs = p.wood if v.random() < 0.5 else shade(p.colour, 0.3)
    if p.pattern == "wooden":
        legs = shade(p.wood, 0.15)
    deep, thick = v.uniform(9, 13), v.uniform(5, 9)
    p.ground(half * 0.9)
    if p.form == "round" and v.random() < 0.5:
        p.solid(box(-5, deep + thick, 5, 92), legs)
        p.solid(oval(0, 94, half * 0.42, 5), shade(legs, 0.1))
    else:
        reach = half * (0.6 if p.form == "round" else 0.86)
        for side in (-1, 1):
            p.flat(poly((side * reach * 0.8 - 2, deep), (side * reach * 0.8 + 2, deep), (side * reach * 0.86, 90)),
                   shade(legs, 0.35))  # fmt: skip
        for side in (-1, 1):
            x, out = side * reach, side * v.uniform(0, 5)
            p.solid(poly((x - 4, deep), (x + 4, deep), (x + out + 3, 99), (x + out - 3, 99)), legs)
    colour = p.colour
    if p.form == "round":
        p.flat(oval(0, deep + thick, half, deep), shade(colour, 0.35))
        p.flat(box(-half, deep, half, deep + thick), shade(colour, 0.35))
        p.main(oval(0, deep, half, deep), 1.2, 12)
    else:
        p.main(poly((-half * 0.84, 0), (half * 0.84, 0), (half, deep * 1.6), (-half, deep * 1.6)), 1.1, 12)
        p.solid(box(-half, deep * 1.6, half, deep * 1.6 + thick, 0, 2), shade(colour, 0.25))


def desk(p: ThingPen) -> None:
    v, half = p.v, p.half
    colour = p.colour
    p.ground(half)
    p.solid(box(-half + 4, 12, -half + 12, 99, 1), shade(colour, 0.2))
    left = half - v.uniform(48, 62)
    p.flat(box(-half + 12, 14, left, 40), shade(colour, 0.45))
    p.solid(box(left, 12, half - 4, 96, 2), shade(colour, 0.15))
    _drawers(p, left + 4, 18, half - 8, 92, 1, 3, light(colour, 0.1))
    p.main(box(-half, 3, half, 15, 3), 1.1, 10)


def dresser(p: ThingPen) -> None:
    half = p.half
    colour = p.colour
    p.ground(half * 1.02)
    for x in (-half + 10, half - 10):
        p.flat(box(x - 4, 88, x + 4, 99, 1), shade(colour, 0.4))
    p.main(box(-half + 2, 4, half - 2, 92, 4))
    _drawers(p, -half + 8, 12, half - 8, 87, p.v.choice((1, 2)), 3, light(colour, 0.12))
    p.solid(box(-half, 0, half, 7, 3), light(colour, 0.15))


def _drawers(
    p: ThingPen, left: float, top: float, right: float, bottom: float, columns: int, rows: int, colour: Rgb
) -> None:
    wide, tall, knob = (right - left) / columns, (bottom - top) / rows, p.v.choice((BRASS, METAL, CREAM))
    for row in range(rows):
        for column in range(columns):
            x, y = left + wide * column, top + tall * row
            p.flat(box(x + 1, y + 2.5, x + wide - 1, y + tall + 0.5, 2), shade(colour, 0.4))
            p.solid(box(x + 1, y + 1, x + wide - 1, y + tall - 1.5, 2), colour)
            p.flat(oval(x + wide / 2, y + tall / 2, 2.8), knob)


SPINES = [COLOURS[name] for name in ("red", "orange", "yellow", "green", "teal", "blue", "navy", "pink", "white")]


def bookshelf(p: ThingPen) -> None:
    v, half = p.v, p.half
    colour = p.colour
    p.ground(half * 1.02)
    p.main(box(-half, 0, half, 99, 3))
    rows = v.choice((3, 4))
    for row in range(rows):
        top, bottom = 5 + 90 * row / rows, 90 * (row + 1) / rows + 1
        p.flat(box(-half + 5, top, half - 5, bottom), shade(colour, 0.62))
        x = -half + 6.0
        end = half - 6 - v.choice((0, 0, 10, 16))
        while x < end - 3:
            wide, tall = v.uniform(3.5, 6), (bottom - top) * v.uniform(0.66, 0.92)
            spine = v.choice(SPINES)
            p.flat(box(x, bottom - tall, min(x + wide, end), bottom, 0.5), spine)
            p.flat(box(x, bottom - tall * 0.8, min(x + wide, end), bottom - tall * 0.7), light(spine, 0.5))
            x += wide + 0.4
        p.flat(box(-half + 3, bottom, half - 3, bottom + 4), light(colour, 0.15))


def fridge(p: ThingPen) -> None:
    half, split = p.half, p.v.uniform(28, 40)
    p.ground(half * 1.02)
    p.flat(box(-half + 4, 94, half - 4, 99), INK)
    p.solid(box(-half, 0, half, 96, 8, 4), p.colour)
    p.flat(box(-half, split, half, split + 1.6), shade(p.colour, 0.4))
    for y in (split - 16, split + 6):
        p.flat(box(half - 12, y, half - 8, y + 12, 2), light(METAL, 0.4))
    p.gleam(-half * 0.5, 16, half * 0.3, 12)
    if p.v.random() < 0.6:
        p.flat(box(-half * 0.5, split + 10, -half * 0.1, split + 21), CREAM)
        p.flat(oval(-half * 0.3, split + 10, 2), COLOURS["red" if p.colour != COLOURS["red"] else "yellow"])


def stove(p: ThingPen) -> None:
    v, half = p.v, p.half
    p.ground(half * 1.02)
    p.flat(box(-half + 5, 92, half - 5, 99), INK)
    p.solid(box(-half, 10, half, 96, 4, 3), p.colour)
    p.solid(box(-half, 8, half, 14, 2), INK)
    for x in (-half * 0.5, half * 0.5):
        p.flat(box(x - 12, 5, x + 12, 9, 2), shade(METAL, 0.4))
    for i in range(4):
        x = half * (-0.66 + 0.44 * i)
        p.flat(oval(x, 24, 4.5), INK)
        p.flat(box(x - 0.8, 20, x + 0.8, 24), CREAM)
    p.flat(box(-half * 0.8, 34, half * 0.8, 37.5, 2), light(METAL, 0.4))
    p.solid(box(-half * 0.74, 43, half * 0.74, 80, 5), (70, 58, 66))
    if v.random() < 0.6:
        p.soft(0, 66, half * 0.7, 18, (255, 176, 84), 0.9)


FURNITURE = (
    Kind(("couch", "sofa"), couch, "floor", (160, 195), (1.9, 2.6), patterns=CLOTH, top=(0.6, 0.7)),
    Kind(("armchair",), armchair, "floor", (170, 205), (0.95, 1.15), patterns=CLOTH, top=(0.62, 0.5)),
    Kind(("chair",), chair, "floor", (190, 230), (0.46, 0.56), patterns=WOODEN),
    Kind(("stool",), stool, "floor", (110, 150), (0.62, 0.8), patterns=WOODEN),
    Kind(("bench",), bench, "floor", (130, 165), (1.6, 2.1), patterns=WOODEN, top=(0.6, 0.7)),
    Kind(("bed",), bed, "floor", (170, 210), (1.8, 2.2), patterns=CLOTH, top=(0.52, 0.3)),
    Kind(("table",), table, "floor", (140, 170), (1.4, 1.9), patterns=WOODEN, forms=("", "", "round"), top=(0.1, 0.7)),
    Kind(("coffee table",), table, "floor", (90, 120), (1.9, 2.6), patterns=WOODEN, forms=("", "round"),
         top=(0.12, 0.7)),
    Kind(("desk",), desk, "floor", (145, 170), (1.6, 2.0), patterns=WOODEN, top=(0.07, 0.8)),
    Kind(("dresser", "chest of drawers"), dresser, "floor", (150, 190), (0.9, 1.3), patterns=WOODEN, top=(0.02, 0.8)),
    Kind(("bookshelf", "bookcase"), bookshelf, "floor", (270, 350), (0.55, 0.75), patterns=WOODEN),
    Kind(("fridge", "refrigerator"), fridge, "floor", (310, 360), (0.45, 0.55)),
    Kind(("stove", "oven"), stove, "floor", (180, 205), (0.8, 1.0), top=(0.06, 0.6)),
)  # fmt: skip
