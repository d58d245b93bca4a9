"""What stands, hangs and lies in the rooms of the wide world."""

from math import pi

from pipelines.training.scenes.palette import BRASS, COLOURS, CREAM, INK, METAL, Rgb, light, partner, shade
from pipelines.training.scenes.shapes import blob, box, curve, dome, oval, poly, reaching
from pipelines.training.scenes.thing import CLOTH, WOODEN, Kind, ThingPen

SCREENS: tuple[tuple[Rgb, Rgb], ...] = (((104, 176, 220), (214, 236, 240)), ((66, 82, 140), (236, 150, 130)))
FIRE: Rgb = (250, 150, 56)


def _screen(p: ThingPen, left: float, top: float, right: float, bottom: float) -> None:
    """Lit glass: a landscape, or dark with the room's light in it."""
    shape = box(left, top, right, bottom, 2)
    wide, tall = right - left, bottom - top
    if p.v.random() < 0.4:
        p.sweep(shape, (74, 82, 104), (34, 36, 52))
        p.flat(poly((left + wide * 0.12, bottom - 3), (left + wide * 0.36, top + 3), (left + wide * 0.46, top + 3),
                    (left + wide * 0.22, bottom - 3)), (104, 114, 138))  # fmt: skip
        return
    with p.inside(shape):
        p.sweep(shape, *p.v.choice(SCREENS))
        p.flat(oval(left + wide * 0.7, top + tall * 0.3, tall * 0.13), (255, 240, 190))
        p.flat(blob((left - wide * 0.3, bottom - tall * 0.2), (left + wide * 0.3, bottom - tall * 0.42),
                    (right + wide * 0.3, bottom - tall * 0.1), (right, bottom + tall), (left, bottom + tall)),
               (98, 150, 104))  # fmt: skip


def television(p: ThingPen) -> None:
    """Flat on a low cabinet, or an old set with aerials."""
    half, colour = p.half, p.colour
    p.ground(half)
    if p.v.random() < 0.3:
        for side in (-1, 1):
            p.line(((0, 22), (side * half * 0.4, 1)), 2, METAL)
            p.line(((side * half * 0.5, 84), (side * half * 0.66, 98)), 5, shade(p.wood, 0.2))
        p.solid(box(-half * 0.94, 18, half * 0.94, 88, 8), colour, 1.2)
        _screen(p, -half * 0.82, 25, half * 0.5, 81)
        for y in (34, 50):
            p.solid(oval(half * 0.72, y, 6), light(colour, 0.5) if colour != COLOURS["white"] else METAL)
        for y in (64, 70, 76):
            p.flat(box(half * 0.6, y, half * 0.84, y + 2.4), shade(colour, 0.5))
        return
    p.solid(box(-half, 74, half, 95, 2), p.wood)
    p.flat(box(-1, 77, 1, 92), shade(p.wood, 0.35))
    for side in (-1, 1):
        p.flat(oval(side * 7, 84, 2), BRASS)
        p.flat(box(side * half * 0.84 - 3, 94, side * half * 0.84 + 3, 99), shade(p.wood, 0.4))
    p.flat(box(-half * 0.3, 70, half * 0.3, 74.5, 1), shade(colour, 0.3))
    p.flat(box(-4, 64, 4, 72), shade(colour, 0.3))
    p.solid(box(-half * 0.92, 0, half * 0.92, 67, 3), colour)
    _screen(p, -half * 0.87, 4, half * 0.87, 62)


def monitor(p: ThingPen) -> None:
    """A screen on its foot, and a keyboard before it."""
    half, colour = p.half, p.colour
    p.ground(half)
    p.flat(box(-half * 0.09, 62, half * 0.09, 82), shade(colour, 0.3))
    p.solid(oval(0, 82, half * 0.36, 4), shade(colour, 0.2))
    p.solid(box(-half * 0.88, 0, half * 0.88, 68, 5), colour)
    _screen(p, -half * 0.8, 5, half * 0.8, 58)
    p.solid(poly((-half * 0.86, 86), (half * 0.86, 86), (half * 0.96, 98), (-half * 0.96, 98)), light(colour, 0.35))
    for y in (89, 93.5):
        p.line(((-half * 0.8, y), (half * 0.8, y)), 2, shade(colour, 0.35))


def fireplace(p: ThingPen) -> None:
    """A mantelpiece of bricks around a fire."""
    half, colour = p.half, p.colour
    p.solid(box(-half * 0.9, 8, half * 0.9, 98), colour, 0.8)
    mortar = shade(colour, 0.28) if sum(colour) > 300 else light(colour, 0.3)
    for row in range(8):
        y = 14 + row * 10.5
        p.line(((-half * 0.9, y), (half * 0.9, y)), 1.1, mortar)
        for i in range(7):
            x = half * (-0.9 + 0.3 * (i + 0.5 * (row % 2)))
            if x < half * 0.9:
                p.line(((x, y), (x, min(y + 10.5, 98))), 1.1, mortar)
    p.flat(box(-half * 0.56, 34, half * 0.56, 98, 16, 0), shade(colour, 0.45))
    p.flat(box(-half * 0.5, 38, half * 0.5, 97, 14, 0), (50, 36, 44))
    with p.inside(box(-half * 0.5, 38, half * 0.5, 97, 14, 0)):
        p.soft(0, 84, half * 0.55, 40, (255, 160, 70), 0.8)
    for x, reach in ((-0.2, 26), (0.2, 28), (0.0, 40)):
        p.flat(blob((half * (x - 0.15), 90), (half * (x - 0.12), 90 - reach * 0.5), (half * x, 90 - reach),
                    (half * (x + 0.12), 90 - reach * 0.45), (half * (x + 0.15), 90)), FIRE)  # fmt: skip
    p.flat(blob((-half * 0.12, 91), (-half * 0.08, 78), (0, 68), (half * 0.09, 78), (half * 0.12, 91)), (255, 222, 120))
    for side in (-1, 1):
        p.line(((-side * half * 0.3, 95), (side * half * 0.28, 89)), 7, (110, 72, 50))
    p.solid(box(-half, 0, half, 10, 2), light(p.wood, 0.1))
    p.flat(box(-half * 0.9, 10, half * 0.9, 13), shade(colour, 0.4))
    p.solid(box(-half * 0.98, 94, half * 0.98, 99, 1), (150, 146, 148))


def grandfather_clock(p: ThingPen) -> None:
    half, colour = p.half, p.colour
    p.ground(half)
    p.main(box(-half * 0.92, 78, half * 0.92, 99, 1))
    p.main(box(-half * 0.66, 26, half * 0.66, 80), 1, 10)
    p.main(blob((-half * 0.94, 10), (-half * 0.5, 5), (0, 0), (half * 0.5, 5), (half * 0.94, 10), (half * 0.9, 32),
                (-half * 0.9, 32)), 1.1, 10)  # fmt: skip
    p.flat(box(-half * 0.95, 29, half * 0.95, 33, 1), shade(colour, 0.35))
    p.flat(box(-half * 0.95, 76, half * 0.95, 80, 1), shade(colour, 0.35))
    p.solid(oval(0, 17, half * 0.62), BRASS)
    p.flat(oval(0, 17, half * 0.52), (253, 250, 242))
    for i in range(12):
        p.flat(oval(*reaching(i * pi / 6, half * 0.43, 0, 17), 0.7), INK)
    hour = p.v.uniform(0, 2 * pi)
    p.line(((0, 17), reaching(hour, half * 0.24, 0, 17)), 1.6, INK)
    p.line(((0, 17), reaching(hour * 12, half * 0.4, 0, 17)), 1.2, INK)
    p.flat(box(-half * 0.42, 38, half * 0.42, 73, 1), (66, 48, 50))
    swing = p.v.uniform(-0.2, 0.2) * half
    p.line(((0, 38), (swing, 62)), 1.4, BRASS)
    p.solid(oval(swing, 63, half * 0.26), light(BRASS, 0.15), 1.4)


def piano(p: ThingPen) -> None:
    """Upright, its keys towards us."""
    half, colour = p.half, p.colour
    p.ground(half)
    p.main(box(-half * 0.94, 4, half * 0.94, 96, 2), 1, 12)
    p.solid(box(-half, 0, half, 7, 2), light(colour, 0.18))
    p.flat(box(-half * 0.8, 14, half * 0.8, 40, 2), shade(colour, 0.25))
    p.flat(poly((-half * 0.24, 38), (-half * 0.2, 14), (half * 0.2, 14), (half * 0.24, 38)), (252, 248, 238))
    for y in (20, 26, 32):
        p.line(((-half * 0.15, y), (half * 0.15, y)), 1.2, (110, 104, 118))
    p.flat(box(-half * 0.84, 66, half * 0.84, 94), shade(colour, 0.38))
    p.solid(box(-half, 44, half, 50, 2), shade(colour, 0.1))
    p.flat(box(-half * 0.94, 49, half * 0.94, 61), (254, 250, 240))
    many = 16
    for i in range(1, many):
        x = half * 0.94 * (2 * i / many - 1)
        p.line(((x, 50), (x, 61)), 0.9, (190, 184, 184))
        if i % 7 not in (0, 3):
            p.flat(box(x - 1.8, 49, x + 1.8, 56), INK)
    p.solid(box(-half, 60, half, 66, 2), colour)
    for side in (-1, 1):
        p.solid(box(side * half * 0.93 - 4, 64, side * half * 0.93 + 4, 99, 1), shade(colour, 0.12))
        p.flat(oval(side * 5, 94, 3, 2), BRASS)


def guitar(p: ThingPen) -> None:
    half, colour = p.half, p.colour
    p.ground(half * 0.8)
    p.solid(box(-4.6, 1, 4.6, 14, 2), shade(p.wood, 0.4))
    for side in (-1, 1):
        for y in (4, 8, 12):
            p.flat(oval(side * 6.4, y, 2), METAL)
    body = blob((0, 46), (half * 0.66, 48), (half * 0.74, 58), (half * 0.6, 66), (half * 0.96, 82), (half * 0.62, 97),
                (0, 99), (-half * 0.62, 97), (-half * 0.96, 82), (-half * 0.6, 66), (-half * 0.74, 58),
                (-half * 0.66, 48))  # fmt: skip
    p.main(body, 1.3, 10)
    p.line(body[[*range(len(body)), 0]], 1.6, shade(colour, 0.45))
    p.flat(oval(0, 66, half * 0.32), light(colour, 0.5))
    p.flat(oval(0, 66, half * 0.25), (52, 38, 40))
    p.flat(box(-2.8, 13, 2.8, 62), shade(p.wood, 0.55))
    for y in (20, 27, 34, 41, 48):
        p.line(((-2.8, y), (2.8, y)), 0.7, METAL)
    for x in (-1.6, 0, 1.6):
        p.line(((x, 8), (x, 86)), 0.5, CREAM)
    p.flat(box(-half * 0.36, 84, half * 0.36, 88, 1), shade(p.wood, 0.5))


def wardrobe(p: ThingPen) -> None:
    half, colour = p.half, p.colour
    p.ground(half)
    for side in (-1, 1):
        p.flat(box(side * half * 0.84 - 4, 92, side * half * 0.84 + 4, 99), shade(colour, 0.4))
    p.main(box(-half * 0.95, 3, half * 0.95, 95, 2))
    for side in (-1, 1):
        a, b = sorted((side * half * 0.03, side * half * 0.88))
        p.flat(box(a, 8, b, 78, 1), shade(colour, 0.35))
        p.main(box(a + 0.8, 9, b - 0.8, 77, 1), 0.8)
        p.flat(box(a + 5, 14, b - 5, 42, 1), shade(colour, 0.14))
        p.flat(box(a + 5, 47, b - 5, 72, 1), shade(colour, 0.14))
        p.solid(oval(side * half * 0.11, 45, 1.8, 2.8), BRASS)
    p.flat(box(-half * 0.88, 80, half * 0.88, 93, 1), shade(colour, 0.35))
    p.main(box(-half * 0.86, 81, half * 0.86, 92, 1), 0.8)
    for x in (-0.4, 0.4):
        p.flat(oval(half * x, 86.5, 1.8), BRASS)
    p.solid(box(-half, 0, half, 5, 2), light(colour, 0.15))


def nightstand(p: ThingPen) -> None:
    half, colour = p.half, p.colour
    p.ground(half)
    for side in (-1, 1):
        x = side * half * 0.78
        p.solid(poly((x - 5, 70), (x + 5, 70), (x + side * 3 + 2, 99), (x + side * 3 - 2, 99)), shade(colour, 0.25))
    p.main(box(-half * 0.92, 6, half * 0.92, 76, 3))
    p.flat(box(-half * 0.78, 14, half * 0.78, 38, 2), shade(colour, 0.4))
    p.solid(box(-half * 0.76, 15, half * 0.76, 37, 2), light(colour, 0.12))
    p.solid(oval(0, 26, 5), BRASS)
    p.flat(box(-half * 0.78, 44, half * 0.78, 71, 2), shade(colour, 0.55))
    for i in range(3):
        x = -half * 0.5 + 8 * i
        p.flat(box(x, 50 + 3 * i, x + 7, 71), (COLOURS["red"], COLOURS["teal"], COLOURS["yellow"])[i])
    p.solid(box(-half, 0, half, 8, 3), light(colour, 0.1))


def curtains(p: ThingPen) -> None:
    """A pair, drawn back from a pole."""
    half, colour = p.half, p.colour
    p.line(((-half * 0.98, 4), (half * 0.98, 4)), 3.4, BRASS)
    gather = p.v.choice((0.3, 0.55))
    for side in (-1, 1):
        p.solid(oval(side * half * 0.97, 4, 4), BRASS)
        cloth = poly((side * half * 0.95, 4), (side * half * 0.06, 4), (side * half * (0.1 + gather * 0.3), 34),
                     (side * half * (0.2 + gather * 0.5), 66), (side * half * (0.14 + gather * 0.4), 98),
                     (side * half * 0.95, 98))  # fmt: skip
        p.main(cloth, 0.9, 16)
        with p.inside(cloth):
            for i in range(5):
                x = 0.92 - 0.17 * i
                path = curve((side * half * x, 2), (side * half * (x + 0.02), 50), (side * half * (x + 0.03), 100))
                p.line(path, 2.6, shade(colour, 0.3) if i % 2 else light(colour, 0.25))
        y = 66
        p.line(((side * half * 0.95, y + 3), (side * half * (0.2 + gather * 0.5), y)), 5, partner(colour))


def pillow(p: ThingPen) -> None:
    half, colour = p.half, p.colour
    p.ground(half * 0.9)
    whole = blob((-half * 0.98, 6), (-half * 0.5, 10), (0, 6), (half * 0.5, 10), (half * 0.98, 6), (half * 0.9, 50),
                 (half * 0.98, 96), (half * 0.5, 92), (0, 97), (-half * 0.5, 92), (-half * 0.98, 96),
                 (-half * 0.9, 50))  # fmt: skip
    p.main(whole, 1.4, 22)
    for side in (-1, 1):
        for y, end in ((14, 28), (88, 74)):
            p.line(((side * half * 0.88, y), (side * half * 0.64, end)), 2, shade(colour, 0.3))
    if not p.pattern:
        p.line(whole[[*range(len(whole)), 0]], 2.4, light(colour, 0.45))


def blanket(p: ThingPen) -> None:
    """Folded, its fringe to one side."""
    half, colour = p.half, p.colour
    p.ground(half)
    for i in range(14):
        x = half * (-0.9 + 0.138 * i)
        p.line(((x, 88), (x, 99)), 2.4, light(colour, 0.5))
    for i, (top, bottom) in enumerate(((62, 92), (34, 64), (6, 36))):
        shift = half * (0.03, -0.02, 0.01)[i]
        p.main(box(shift - half * 0.95, top, shift + half * 0.95, bottom, 12), 1.1, 18)
        p.line(((shift - half * 0.84, bottom - 3), (shift + half * 0.84, bottom - 3)), 2.2, shade(colour, 0.4))
    if not p.pattern:
        for x in (0.46, 0.6):
            p.flat(box(half * x, 6, half * (x + 0.08), 91), partner(colour))


def suitcase(p: ThingPen) -> None:
    half, colour = p.half, p.colour
    p.ground(half)
    p.line(curve((-half * 0.24, 16), (-half * 0.2, 3), (half * 0.2, 3), (half * 0.24, 16)), 5, shade(colour, 0.5))
    p.main(box(-half * 0.98, 14, half * 0.98, 98, 9), 1.2, 18)
    for side in (-1, 1):
        x = side * half * 0.56
        p.flat(box(x - 5, 14, x + 5, 98), shade(colour, 0.4))
        p.flat(box(x - 6, 26, x + 6, 34, 1), BRASS)
        for y, foot in ((14, 1), (98, -1)):
            p.flat(dome(side * half * 0.86, y + 2 * foot, 7, 10 * -foot), BRASS)
    p.flat(box(-half * 0.3, 46, half * 0.3, 52, 2), shade(colour, 0.45))


FABRIC = (*CLOTH, "velvet", "knitted")
WIDE_HOME = (
    Kind(("television", "tv", "tv set"), television, "floor", (150, 190), (1.25, 1.45),
         ("black", "black", "grey", "white", "red", "brown", "teal")),
    Kind(("computer", "monitor", "computer monitor"), monitor, "top", (95, 120), (1.15, 1.35),
         ("black", "grey", "white", "pink", "navy", "teal")),
    Kind(("fireplace",), fireplace, "floor", (180, 230), (1.1, 1.35),
         ("red", "white", "grey", "brown", "black", "blue"), top=(0.04, 0.7)),
    Kind(("grandfather clock",), grandfather_clock, "floor", (290, 340), (0.3, 0.36), patterns=("", *WOODEN)),
    Kind(("piano",), piano, "floor", (170, 210), (1.15, 1.35), patterns=WOODEN, top=(0.03, 0.7)),
    Kind(("guitar",), guitar, "floor", (180, 220), (0.36, 0.42), patterns=WOODEN),
    Kind(("wardrobe", "closet"), wardrobe, "floor", (290, 350), (0.6, 0.75), patterns=WOODEN),
    Kind(("nightstand", "bedside table"), nightstand, "floor", (105, 130), (0.75, 0.9), patterns=WOODEN,
         top=(0.03, 0.7)),
    Kind(("curtains", "pair of curtains"), curtains, "wall", (220, 280), (0.75, 0.95),
         patterns=("", "", "striped", "dotted", "velvet")),
    Kind(("pillow", "cushion"), pillow, "top", (80, 105), (1.1, 1.4), patterns=FABRIC),
    Kind(("blanket", "throw"), blanket, "top", (60, 85), (1.5, 1.9), patterns=FABRIC),
    Kind(("suitcase",), suitcase, "floor", (110, 150), (1.2, 1.4), patterns=("", "", "leather")),
)  # fmt: skip
