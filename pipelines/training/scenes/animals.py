"""Animals: birds, fish and others of their own build, and the table of all."""

from math import pi

from pipelines.training.scenes.furry import (
    FUR,
    WIDE_HATS,
    bear,
    cat,
    cheeks,
    corgi,
    dog,
    fox,
    hedgehog,
    panda,
    rabbit,
    worn,
)
from pipelines.training.scenes.palette import CREAM, INK, ROSE, light, mixed, shade
from pipelines.training.scenes.shapes import blob, box, curve, dome, leaf, limb, oval, poly
from pipelines.training.scenes.thing import Kind, ThingPen


def penguin(p: ThingPen) -> None:
    coat, beak = p.colour, (246, 164, 60)
    p.ground(32)
    for side in (-1, 1):
        p.solid(oval(side * 13, 96, 12, 4.5), beak)
        p.solid(blob((side * 22, 40), (side * 36, 58), (side * 38, 76), (side * 28, 68)), shade(coat, 0.12))
    p.solid(
        blob((0, 2), (19, 10), (26, 36), (33, 68), (24, 94), (0, 98), (-24, 94), (-33, 68), (-26, 36), (-19, 10)), coat
    )
    p.flat(blob((0, 20), (9, 14), (18, 24), (16, 40), (24, 68), (16, 90), (0, 94), (-16, 90), (-24, 68), (-16, 40),
                (-18, 24), (-9, 14)), (254, 250, 240))  # fmt: skip
    p.eye(-9, 26, 3.8)
    p.eye(9, 26, 3.8)
    p.solid(poly((-7, 32), (7, 32), (0, 42)), beak)
    cheeks(p, 15, 36)
    worn(p, 2, 45, 38)


def owl(p: ThingPen) -> None:
    coat = p.colour
    p.ground(30)
    for side in (-1, 1):
        p.flat(poly((side * 8, 14), (side * 30, -1), (side * 30, 26)), shade(coat, 0.15))
        p.solid(oval(side * 10, 97, 8, 3.4), (240, 170, 70))
    p.solid(blob((0, 6), (26, 12), (35, 44), (30, 82), (0, 99), (-30, 82), (-35, 44), (-26, 12)), coat)
    p.flat(oval(0, 72, 20, 22), light(coat, 0.5))
    for row in range(3):
        for column in range(3 - row % 2):
            x = (column - (2 - row % 2) / 2) * 11
            p.line(curve((x - 4, 60 + 10 * row), (x, 64 + 10 * row), (x + 4, 60 + 10 * row)), 1.8, shade(coat, 0.2))
    for side in (-1, 1):
        p.solid(blob((side * 30, 38), (side * 39, 62), (side * 31, 88), (side * 24, 66)), shade(coat, 0.28))
        p.flat(oval(side * 14, 32, 15), light(coat, 0.75))
        p.eye(side * 12.5, 32, 7.5)
    p.solid(poly((-5, 38), (5, 38), (0, 50)), (240, 166, 60))
    worn(p, 8, 56, 42)


def duck(p: ThingPen) -> None:
    half, coat, beak = p.half, p.colour, (244, 150, 54)
    p.ground(half * 0.8)
    for x in (-6, 10):
        p.line(((x, 86), (x, 95)), 3, beak)
        p.solid(oval(x - 3, 97, 8, 2.6), beak)
    p.solid(blob((half * 0.96, 44), (half * 0.7, 76), (10, 90), (-half * 0.46, 84), (-half * 0.62, 58),
                 (-half * 0.3, 44),
                 (half * 0.3, 54)), coat)  # fmt: skip
    p.solid(blob((-half * 0.5, 70), (-half * 0.62, 40), (-half * 0.3, 30), (-half * 0.06, 52)), coat)
    p.solid(oval(-half * 0.42, 24, 21), coat)
    p.solid(
        blob((-half * 0.42 - 18, 24), (-half * 0.42 - 36, 25), (-half * 0.42 - 36, 31), (-half * 0.42 - 16, 33)), beak
    )
    p.solid(blob((2, 58), (half * 0.6, 58), (half * 0.36, 76), (0, 74)), shade(coat, 0.18))
    p.eye(-half * 0.42 - 6, 19, 4)


def bird(p: ThingPen) -> None:
    """A round songbird in profile."""
    half, coat, v = p.half, p.colour, p.v
    p.ground(half * 0.5)
    for x in (-4, 8):
        p.line(((x, 78), (x - 1, 98)), 2.6, (220, 140, 70))
    p.solid(blob((half * 0.4, 54), (half * 0.98, 64), (half * 0.92, 78), (half * 0.3, 74)), shade(coat, 0.3))
    p.solid(blob((-8, 6), (18, 16), (34, 46), (24, 78), (-6, 86), (-36, 66), (-42, 34), (-30, 12)), coat)
    p.flat(blob((-38, 46), (-20, 44), (-4, 62), (-2, 80), (-10, 84), (-34, 66)), light(coat, 0.62))
    p.solid(blob((-2, 44), (26, 40), (44, 62), (18, 70)), shade(coat, 0.22))
    p.solid(poly((-40, 26), (-60, 33), (-39, 38)), (245, 166, 62))
    p.eye(-24, 26, 5)
    if v.random() < 0.5:
        for turn in (-0.2, 0.25):
            p.flat(leaf(-8, 10, turn, 16, 7), shade(coat, 0.15))


def fish(p: ThingPen) -> None:
    half, coat = p.half, p.colour
    fin = shade(coat, 0.25)
    p.solid(blob((half * 0.4, 50), (half * 0.98, 14), (half * 0.8, 50), (half * 0.98, 86)), fin)
    p.solid(blob((-half * 0.2, 26), (half * 0.1, 2), (half * 0.34, 30)), fin)
    p.solid(blob((-half * 0.1, 74), (half * 0.1, 96), (half * 0.24, 72)), fin)
    with p.inside(body := blob((-half * 0.98, 52), (-half * 0.6, 22), (0, 12), (half * 0.5, 42), (half * 0.5, 58),
                               (0, 88),
                               (-half * 0.6, 80))):  # fmt: skip
        p.main(body, 1.3, 22)
        if not p.pattern:
            for x in (-0.2, 0.14):
                p.flat(box(half * x, 0, half * (x + 0.13), 100), light(coat, 0.72))
    p.eye(-half * 0.62, 44, 7)
    p.line(curve((-half * 0.94, 60), (-half * 0.84, 64), (-half * 0.74, 61)), 2.4, INK)
    p.solid(blob((-half * 0.2, 56), (half * 0.08, 52), (half * 0.02, 70)), fin)


def butterfly(p: ThingPen) -> None:
    half, coat = p.half, p.colour
    for side in (-1, 1):
        p.solid(blob((side * 2, 58), (side * half * 0.74, 56), (side * half * 0.7, 88), (side * half * 0.3, 97),
                     (side * 2, 70)),
                shade(coat, 0.2))  # fmt: skip
        p.solid(blob((side * 2, 50), (side * half * 0.3, 14), (side * half * 0.94, 4), (side * half * 0.92, 42),
                     (side * half * 0.4, 62)), coat, 1.3)  # fmt: skip
        p.flat(oval(side * half * 0.66, 26, 10), light(coat, 0.6))
        p.flat(oval(side * half * 0.46, 76, 6.5), light(coat, 0.5))
        p.line(curve((0, 34), (side * 6, 18), (side * 14, 10)), 2, INK)
    p.solid(oval(0, 58, 4.6, 30), INK)
    p.solid(oval(0, 32, 6), INK)


def turtle(p: ThingPen) -> None:
    half, skin = p.half, (158, 186, 112) if p.colour != (92, 156, 84) else (222, 196, 120)
    p.ground(half)
    for x in (-half * 0.5, half * 0.46):
        p.solid(box(x - 11, 66, x + 11, 98, 9), shade(skin, 0.1))
    p.solid(limb(curve((half * 0.7, 82), (half * 0.98, 88)), 10, 3), skin)
    p.solid(
        blob((-half * 0.4, 80), (-half * 0.62, 50), (-half * 0.9, 34), (-half * 0.99, 52), (-half * 0.82, 74)), skin
    )
    p.solid(dome(half * 0.1, 84, half * 0.72, 78), p.colour, 1.4)
    with p.inside(dome(half * 0.1, 84, half * 0.72, 78)):
        for x in (-0.36, 0.1, 0.56):
            p.flat(oval(half * x, 50, half * 0.17, 19), shade(p.colour, 0.25))
    p.solid(box(-half * 0.64, 78, half * 0.84, 89, 5), light(p.colour, 0.4))
    p.eye(-half * 0.86, 46, 4.4)


def elephant(p: ThingPen) -> None:
    """From the side, its trunk in front."""
    half, coat = p.half, p.colour
    p.ground(half * 0.9)
    for x, tone in ((-half * 0.16, 0.24), (half * 0.74, 0.24), (-half * 0.36, 0.04), (half * 0.5, 0.04)):
        p.solid(box(x - 11, 60, x + 11, 99, 6, 4), shade(coat, tone))
    p.line(curve((half * 0.86, 40), (half * 0.98, 54), (half * 0.94, 68)), 3, shade(coat, 0.2))
    p.solid(blob((-half * 0.4, 30), (half * 0.1, 12), (half * 0.7, 20), (half * 0.92, 50), (half * 0.7, 78), (0, 80),
                 (-half * 0.45, 66)), coat)  # fmt: skip
    p.solid(limb(curve((-half * 0.72, 44), (-half * 0.92, 64), (-half * 0.9, 84), (-half * 0.99, 90)), 17, 9), coat)
    p.solid(blob((-half * 0.5, 8), (-half * 0.16, 22), (-half * 0.2, 56), (-half * 0.6, 64), (-half * 0.9, 44),
                 (-half * 0.8, 18)),
            coat)  # fmt: skip
    p.solid(
        blob((-half * 0.3, 10), (half * 0.06, 14), (half * 0.06, 48), (-half * 0.14, 60), (-half * 0.34, 42)),
        shade(coat, 0.16),
    )
    p.flat(
        blob((-half * 0.24, 18), (-half * 0.02, 20), (-half * 0.02, 42), (-half * 0.14, 50), (-half * 0.26, 38)),
        mixed(coat, ROSE, 0.5),
    )
    p.eye(-half * 0.62, 32, 4)
    p.solid(leaf(-half * 0.66, 58, -pi * 0.62, 17, 7), CREAM)
    for part in p.parts:
        if part.kind in WIDE_HATS:
            p.part(part, -half * 0.5, 12, 30)


ASLEEP = ("", "", "", "sleeping")
ANIMALS = (
    Kind(("cat", "kitten"), cat, "floor", (120, 160), (0.84, 0.9), FUR, forms=ASLEEP, together=True, face=True),
    Kind(("dog", "puppy"), dog, "floor", (130, 170), (0.82, 0.88),
         ("brown", "orange", "white", "grey", "black", "yellow"),
         forms=ASLEEP, together=True, face=True),
    Kind(("corgi", "corgi dog"), corgi, "floor", (125, 160), (0.8, 0.86), ("orange",), forms=ASLEEP, together=True,
         face=True),
    Kind(("fox",), fox, "floor", (130, 165), (0.92, 1.0), ("orange", "red", "grey", "white", "brown"), forms=ASLEEP,
         together=True, face=True),
    Kind(("bear", "teddy bear", "teddy"), bear, "floor", (120, 180), (0.74, 0.8), FUR, together=True, face=True),
    Kind(("panda",), panda, "floor", (130, 170), (0.74, 0.8), ("white",), together=True, face=True),
    Kind(("rabbit", "bunny"), rabbit, "floor", (120, 160), (0.58, 0.64), FUR, together=True, face=True),
    Kind(("hedgehog",), hedgehog, "floor", (110, 140), (0.92, 0.98), ("brown",), together=True, face=True),
    Kind(("penguin",), penguin, "floor", (120, 165), (0.74, 0.8), ("black", "navy", "grey", "blue", "teal"),
         together=True, face=True),
    Kind(("owl",), owl, "floor", (100, 130), (0.74, 0.78), FUR, together=True, face=True),
    Kind(("duck",), duck, "floor", (85, 120), (1.05, 1.15), ("yellow", "white", "brown", "green", "orange", "pink"),
         together=True),
    Kind(("bird",), bird, "floor", (65, 95), (1.1, 1.25), together=True),
    Kind(("fish",), fish, "water", (60, 95), (1.5, 1.9), patterns=("", "", "striped", "dotted"), together=True),
    Kind(("butterfly",), butterfly, "sky", (60, 90), (1.1, 1.3), together=True),
    Kind(("turtle", "tortoise"), turtle, "floor", (80, 110), (1.35, 1.55),
         ("green", "brown", "teal", "orange", "purple"), together=True),
    Kind(("elephant",), elephant, "floor", (180, 230), (1.25, 1.4), ("grey", "blue", "pink", "purple"), together=True),
)  # fmt: skip
