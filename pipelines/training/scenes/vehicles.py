"""What drives, sails and flies."""

from pipelines.training.scenes.palette import (
    BRASS,
    COLOURS,
    CREAM,
    INK,
    METAL,
    TRUNK,
    light,
    partner,
    shade,
)
from pipelines.training.scenes.shapes import Shape, blob, box, curve, dome, oval, poly
from pipelines.training.scenes.thing import CLOTH, Kind, ThingPen


def wheel(p: ThingPen, x: float, radius: float) -> None:
    y = 99 - radius
    p.flat(oval(x, y, radius), INK)
    p.flat(oval(x, y, radius * 0.56), METAL)
    p.flat(oval(x - radius * 0.1, y - radius * 0.1, radius * 0.3), light(METAL, 0.6))


def pane(p: ThingPen, shape: Shape) -> None:
    """Glass with the sky in it."""
    p.sweep(shape, (214, 236, 240), (150, 196, 214))


def car(p: ThingPen) -> None:
    v, half, colour = p.v, p.half, p.colour
    roof, back, tyre = v.uniform(0, 8), v.uniform(0.6, 0.86), v.uniform(17, 20)
    p.ground(half)
    cabin = blob(
        (-half * back, 50),
        (-half * 0.5, roof + 4),
        (-half * 0.1, roof),
        (half * 0.2, roof + 3),
        (half * 0.52, 46),
        (0, 60),
    )
    p.solid(cabin, colour)
    with p.inside(cabin):
        pane(p, poly((-half * back * 0.9, 47), (-half * 0.44, roof + 11), (-half * 0.1, roof + 9), (-half * 0.1, 47)))
        pane(p, poly((-half * 0.02, 47), (-half * 0.02, roof + 9), (half * 0.16, roof + 11), (half * 0.42, 47)))
    p.main(blob((-half * 0.98, 58), (-half * 0.8, 45), (0, 44), (half * 0.6, 46), (half * 0.94, 56),
                (half * 0.99, 78), (half * 0.8, 86),
                (0, 86), (-half * 0.84, 86), (-half, 76)), 1.3, 18)  # fmt: skip
    p.flat(box(-half * 0.96, 70, half * 0.97, 75, 2), shade(colour, 0.25))
    p.flat(box(-half * 0.28, 54, -half * 0.16, 57, 1.5), light(METAL, 0.5))
    p.solid(oval(half * 0.91, 60, 6, 6.5), (255, 236, 170))
    p.flat(box(-half * 0.98, 55, -half * 0.91, 64, 2), (226, 70, 60))
    for x in (-half * 0.56, half * 0.56):
        p.flat(dome(x, 85, tyre * 1.2, tyre * 1.3), shade(colour, 0.45))
        wheel(p, x, tyre)


def bus(p: ThingPen) -> None:
    half, colour = p.half, p.colour
    p.ground(half)
    p.main(box(-half, 2, half, 88, 10, 6), 1.1, 16)
    p.flat(box(-half, 56, half, 63), partner(colour))
    many = p.v.choice((3, 4))
    left, right = -half + 6, half - 28
    for i in range(many):
        x, wide = left + (right - left) * i / many, (right - left) / many
        pane(p, box(x + 1.5, 16, x + wide - 1.5, 46, 4))
    pane(p, box(half - 24, 14, half - 3, 50, 5))
    p.solid(oval(half - 7, 74, 5), (255, 236, 170))
    p.flat(box(half - 25, 52, half - 10, 86, 2), shade(colour, 0.18))
    for x in (-half * 0.58, half * 0.5):
        wheel(p, x, 15)


def truck(p: ThingPen) -> None:
    half, colour = p.half, p.colour
    cab = half * 0.36
    p.ground(half)
    p.flat(box(-half * 0.98, 74, half * 0.98, 86, 2), INK)
    p.main(box(-half, 4, cab - 3, 80, 4), 1.1, 18)
    p.solid(
        blob((cab, 20), (half * 0.68, 20), (half * 0.84, 46), (half * 0.98, 54), (half, 82), (cab, 84)),
        light(colour, 0.35),
    )
    pane(p, poly((cab + 6, 27), (half * 0.66, 27), (half * 0.8, 49), (cab + 6, 49)))
    p.solid(oval(half * 0.93, 66, 4.5), (255, 236, 170))
    for x in (-half * 0.66, -half * 0.3, half * 0.66):
        wheel(p, x, 15)


def bicycle(p: ThingPen) -> None:
    half, colour = p.half, p.colour
    back, front, hub, r = -half * 0.56, half * 0.56, 68, 30
    p.ground(half)
    for x in (back, front):
        p.line(oval(x, hub, r), 4.4, INK)
        for turn in ((1, 0), (0, 1), (0.7, 0.7), (0.7, -0.7)):
            p.line(((x - r * turn[0], hub - r * turn[1]), (x + r * turn[0], hub + r * turn[1])), 0.8, METAL)
    crank, seat, head = (-half * 0.06, 70), (-half * 0.26, 30), (half * 0.4, 26)
    for a, b in (((back, hub), crank), (crank, seat), (seat, (back, hub)), (seat, head), (crank, head)):
        p.line((a, b), 5, colour)
    p.line(((front, hub), (half * 0.36, 12)), 5, colour)
    p.line(curve((half * 0.36, 13), (half * 0.5, 6), (half * 0.58, 12)), 4, INK)
    p.line((seat, (-half * 0.3, 21)), 4, METAL)
    p.solid(box(-half * 0.46, 16, -half * 0.16, 23, 3.5), TRUNK)
    p.flat(oval(*crank, 6), METAL)


def train(p: ThingPen) -> None:
    """A steam engine."""
    half, colour = p.half, p.colour
    dark = shade(colour, 0.35)
    p.ground(half)
    for x, y, r in ((half * 0.5, -4, 9), (half * 0.3, -14, 12)):
        p.flat(oval(x, y, r), (240, 238, 240))
    p.solid(poly((half * 0.5, 34), (half * 0.44, 8), (half * 0.74, 8), (half * 0.68, 34)), dark)
    p.solid(oval(half * 0.1, 33, 13), BRASS)
    p.main(box(-half * 0.5, 32, half * 0.9, 76, 12), 1.5, 18)
    for x in (0.06, 0.44):
        p.flat(box(half * x, 32, half * x + 4, 76), shade(colour, 0.3))
    p.solid(box(-half * 0.94, 14, -half * 0.34, 78, 3), dark)
    p.solid(box(-half, 6, -half * 0.28, 16, 4), colour)
    pane(p, box(-half * 0.82, 24, -half * 0.46, 48, 4))
    p.flat(box(-half * 0.96, 74, half * 0.94, 84, 2), INK)
    p.solid(oval(half * 0.9, 52, 6, 8), (255, 236, 170))
    p.solid(poly((half * 0.76, 80), (half, 97), (half * 0.66, 97)), BRASS)
    for x, r in ((-0.66, 17), (-0.12, 17), (0.36, 12), (0.66, 12)):
        wheel(p, half * x, r)


def sailing_boat(p: ThingPen) -> None:
    v, half = p.v, p.half
    p.flat(box(-2, 0, 2, 80), TRUNK)
    p.main(blob((4, 4), (half * 0.5, 36), (half * 0.76, 68), (4, 70)), 1.2, 16)
    p.solid(poly((-5, 14), (-5, 68), (-half * 0.66, 68)), CREAM if p.colour != COLOURS["white"] else (222, 216, 214))
    p.flat(poly((1, 0), (1, 8), (-15, 4)), p.colour)
    hull = v.choice(((150, 96, 60), (250, 246, 236), (70, 74, 104)))
    p.solid(blob((-half * 0.98, 74), (half * 0.98, 74), (half * 0.7, 95), (0, 99), (-half * 0.66, 96)), hull, 1.4)
    p.flat(box(-half * 0.93, 75, half * 0.93, 80, 2), light(hull, 0.4) if hull[0] < 200 else (206, 92, 76))


def hot_air_balloon(p: ThingPen) -> None:
    half, colour = p.half, p.colour
    for x in (-0.3, 0.3):
        p.line(((half * x * 1.3, 66), (half * x * 0.6, 86)), 1.2, TRUNK)
    whole = blob((0, 0), (half * 0.72, 12), (half * 0.96, 36), (half * 0.62, 62), (half * 0.24, 74),
                 (-half * 0.24, 74), (-half * 0.62, 62),
                 (-half * 0.96, 36), (-half * 0.72, 12))  # fmt: skip
    p.main(whole, 1.4, 15)
    if not p.pattern:
        with p.inside(whole):
            p.flat(blob((0, -2), (half * 0.34, 30), (0, 78), (-half * 0.34, 30)), partner(colour))
            for side in (-1, 1):
                p.flat(
                    blob(
                        (side * half * 0.6, 0),
                        (side * half * 1.06, 34),
                        (side * half * 0.4, 76),
                        (side * half * 0.74, 34),
                    ),
                    partner(colour),
                )
    p.gleam(-half * 0.46, 22, half * 0.26, 12)
    p.solid(box(-half * 0.2, 85, half * 0.2, 99, 3), (186, 132, 82), 1.4)


def rocket(p: ThingPen) -> None:
    half, colour = p.half, p.colour
    p.solid(blob((-9, 86), (9, 86), (6, 94), (0, 104), (-6, 94)), (252, 176, 62))
    for side in (-1, 1):
        p.solid(
            blob((side * half * 0.4, 58), (side * half * 0.96, 80), (side * half * 0.94, 94), (side * half * 0.4, 84)),
            colour,
        )
    body = blob(
        (0, 0),
        (half * 0.4, 20),
        (half * 0.56, 52),
        (half * 0.4, 86),
        (-half * 0.4, 86),
        (-half * 0.56, 52),
        (-half * 0.4, 20),
    )
    p.solid(body, CREAM if colour != COLOURS["white"] else (206, 210, 222), 1.3)
    with p.inside(body):
        p.solid(box(-half, -2, half, 24), colour)
        p.flat(box(-half, 74, half, 90), colour)
    p.solid(oval(0, 42, half * 0.3), METAL)
    pane(p, oval(0, 42, half * 0.21))


def plane(p: ThingPen) -> None:
    """An aeroplane in profile, its nose to the right."""
    half, colour = p.half, p.colour
    p.solid(poly((-half * 0.94, 6), (-half * 0.74, 4), (-half * 0.5, 46), (-half * 0.84, 48)), shade(colour, 0.15))
    p.solid(poly((-half * 0.1, 46), (half * 0.16, 46), (-half * 0.24, 10), (-half * 0.4, 10)), shade(colour, 0.3))
    p.main(
        blob(
            (-half * 0.98, 42),
            (-half * 0.2, 34),
            (half * 0.6, 34),
            (half * 0.98, 56),
            (half * 0.7, 72),
            (0, 74),
            (-half * 0.6, 62),
        ),
        1.4,
        18,
    )
    p.flat(blob((half * 0.62, 38), (half * 0.84, 48), (half * 0.64, 50)), (150, 196, 214))
    for i in range(4):
        p.flat(oval(half * (-0.3 + 0.2 * i), 48, 4.4), (196, 228, 236))
    p.solid(poly((-half * 0.06, 60), (half * 0.26, 60), (-half * 0.2, 98), (-half * 0.42, 98)), shade(colour, 0.12))


def rowing_boat(p: ThingPen) -> None:
    half = p.half
    p.line(((-half * 0.5, 0), (half * 0.1, 90)), 5, (190, 140, 90))
    p.solid(oval(-half * 0.53, 0, 8, 14, -0.3), (190, 140, 90))
    p.main(
        blob(
            (-half, 24), (-half * 0.4, 40), (half * 0.4, 40), (half, 24), (half * 0.76, 86), (0, 97), (-half * 0.76, 86)
        ),
        1.4,
        24,
    )
    p.line(curve((-half * 0.96, 30), (-half * 0.4, 46), (half * 0.4, 46), (half * 0.96, 30)), 6, light(p.colour, 0.4))


VEHICLES = (
    Kind(("car", "automobile"), car, "floor", (105, 140), (1.9, 2.4)),
    Kind(("bus", "coach"), bus, "floor", (160, 200), (1.8, 2.2)),
    Kind(("truck", "lorry"), truck, "floor", (150, 190), (1.8, 2.1)),
    Kind(("bicycle", "bike"), bicycle, "floor", (120, 150), (1.5, 1.7)),
    Kind(("train", "steam train", "locomotive"), train, "floor", (140, 180), (1.6, 1.9)),
    Kind(("sailing boat", "sailboat", "boat"), sailing_boat, "water", (170, 230), (0.86, 1.05), patterns=CLOTH,
         together=True),
    Kind(("rowing boat", "wooden boat"), rowing_boat, "water", (70, 95), (2.0, 2.5), patterns=("", "", "striped")),
    Kind(("hot air balloon",), hot_air_balloon, "sky", (170, 250), (0.7, 0.8), patterns=CLOTH, together=True),
    Kind(("rocket", "spaceship"), rocket, "sky", (170, 240), (0.48, 0.58)),
    Kind(("airplane", "plane", "aeroplane"), plane, "sky", (75, 110), (2.0, 2.4)),
)  # fmt: skip
