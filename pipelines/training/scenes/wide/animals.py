"""Animals of the wide world, most of them in profile: on hooves, in the water, and out of tales."""

from pipelines.training.scenes.furry import cheeks
from pipelines.training.scenes.palette import COLOURS, CREAM, INK, ROSE, Rgb, light, mixed, shade
from pipelines.training.scenes.shapes import blob, box, curve, dome, leaf, limb, oval, poly
from pipelines.training.scenes.thing import Kind, ThingPen

HORN: Rgb = (236, 216, 178)
WHITE: Rgb = (252, 248, 240)


def _on_hooves(p: ThingPen, coat: Rgb, top: float, bottom: float, leg: float) -> None:
    """Four legs and a trunk from `top` to `bottom`, the head's side to the left."""
    half = p.half
    p.ground(half * 0.85)
    for x, tone in ((-0.22, 0.24), (0.6, 0.24), (-0.38, 0.06), (0.46, 0.06)):
        p.solid(box(half * x - leg, bottom - 10, half * x + leg, 99, 3), shade(coat, tone))
        p.flat(box(half * x - leg, 93, half * x + leg, 99, 2), INK)
    p.solid(
        blob((-half * 0.5, top + 6), (-half * 0.1, top + 3), (half * 0.5, top), (half * 0.76, top + 14),
             (half * 0.66, bottom), (half * 0.1, bottom + 3), (-half * 0.46, bottom)), coat)  # fmt: skip


def horse(p: ThingPen) -> None:
    half, coat = p.half, p.colour
    mane = shade(coat, 0.5) if sum(coat) < 620 else (206, 186, 160)
    p.solid(limb(curve((half * 0.7, 42), (half * 0.92, 52), (half * 0.88, 84)), 8, 13), mane)
    _on_hooves(p, coat, 36, 66, 5)
    p.solid(blob((-half * 0.52, 62), (-half * 0.62, 22), (-half * 0.5, 7), (-half * 0.34, 10), (-half * 0.16, 38),
                 (-half * 0.14, 56)), coat)  # fmt: skip
    p.flat(blob((-half * 0.5, 4), (-half * 0.36, 5), (-half * 0.08, 36), (-half * 0.04, 52), (-half * 0.26, 34)), mane)
    p.solid(poly((-half * 0.5, 9), (-half * 0.42, -1), (-half * 0.36, 11)), coat)
    p.solid(blob((-half * 0.36, 8), (-half * 0.34, 20), (-half * 0.74, 39), (-half * 0.94, 37), (-half * 0.95, 28),
                 (-half * 0.62, 9)), coat, 1.2)  # fmt: skip
    p.flat(blob((-half * 0.78, 34), (-half * 0.94, 36), (-half * 0.95, 29), (-half * 0.84, 24)), shade(coat, 0.25))
    p.eye(-half * 0.58, 17, 3.4)


def unicorn(p: ThingPen) -> None:
    """A horse with a golden horn."""
    p = p.at(0, 14, 0.86)
    horse(p)
    p.solid(poly((-p.half * 0.62, 9), (-p.half * 0.8, -14), (-p.half * 0.52, 5)), (250, 206, 96), 1.4)


def cow(p: ThingPen) -> None:
    half, coat = p.half, p.colour
    hide, spots = (WHITE, coat) if coat != COLOURS["white"] else (WHITE, INK)
    p.line(curve((half * 0.74, 34), (half * 0.92, 50), (half * 0.88, 72)), 3, shade(hide, 0.2))
    p.flat(oval(half * 0.88, 76, 4, 7), spots)
    p.solid(oval(half * 0.24, 74, 11, 8), ROSE)
    _on_hooves(p, hide, 24, 70, 6.5)
    with p.inside(blob((-half * 0.5, 30), (-half * 0.1, 27), (half * 0.5, 24), (half * 0.76, 38), (half * 0.66, 70),
                       (half * 0.1, 73), (-half * 0.46, 70))):  # fmt: skip
        for x, y, r in ((-0.12, 30, 0.2), (0.5, 34, 0.22), (0.18, 62, 0.17), (0.72, 64, 0.14)):
            p.flat(blob((half * (x - r), y), (half * x, y - 15), (half * (x + r), y + 3), (half * x, y + 14)), spots)
    for side in (-1, 1):
        p.solid(leaf(-half * 0.62 + side * 13, 16, side * 1.75, 16, 10), spots)
        p.line(curve((-half * 0.62 + side * 9, 8), (-half * 0.62 + side * 15, 4), (-half * 0.62 + side * 14, -3)), 4,
               HORN)  # fmt: skip
    p.solid(blob((-half * 0.62 - 15, 12), (-half * 0.62, 5), (-half * 0.62 + 15, 12), (-half * 0.62 + 13, 38),
                 (-half * 0.62, 46), (-half * 0.62 - 13, 38)), hide)  # fmt: skip
    p.flat(blob((-half * 0.62 + 1, 8), (-half * 0.62 + 14, 14), (-half * 0.62 + 11, 28), (-half * 0.62 + 2, 24)), spots)
    p.solid(oval(-half * 0.62, 41, 14, 9.5), (240, 180, 172))
    for side in (-1, 1):
        p.flat(oval(-half * 0.62 + side * 5, 40, 1.8, 2.6), shade(ROSE, 0.5))
        p.eye(-half * 0.62 + side * 7, 22, 3)


def deer(p: ThingPen) -> None:
    """With antlers and pale spots."""
    half, coat = p.half, p.colour
    horn = (126, 92, 66)
    x = -half * 0.56
    p.solid(leaf(half * 0.7, 52, 0.9, 13, 9), light(coat, 0.6))
    _on_hooves(p, coat, 48, 71, 3.6)
    for a, y in ((0.0, 54), (0.2, 60), (0.36, 53), (0.54, 60)):
        p.flat(oval(half * a, y, 2.4, 2), light(coat, 0.6))
    p.solid(blob((-half * 0.46, 68), (x - 3, 40), (x + 6, 32), (-half * 0.2, 52)), coat)
    for side in (-1, 1):
        p.line(curve((x + side * 4, 28), (x + side * 10, 18), (x + side * 16, 14), (x + side * 17, 1)), 3, horn)
        p.line(curve((x + side * 9, 19), (x + side * 8, 10), (x + side * 5, 4)), 2.6, horn)
        p.line(curve((x + side * 15, 15), (x + side * 22, 12), (x + side * 24, 5)), 2.4, horn)
        p.solid(leaf(x + side * 7, 32, side * 1.5, 14, 8), shade(coat, 0.1))
    p.solid(blob((x - 9, 30), (x, 25), (x + 9, 30), (x + 6, 44), (x, 50), (x - 6, 44)), coat)
    p.flat(oval(x, 45, 4.6, 4.4), light(coat, 0.6))
    p.flat(oval(x, 47, 2.8, 2), INK)
    for side in (-1, 1):
        p.eye(x + side * 4.6, 35, 2.2)


def sheep(p: ThingPen) -> None:
    half, wool = p.half, light(p.colour, 0.3)
    face = (92, 78, 82) if p.colour != COLOURS["black"] else (214, 190, 170)
    p.ground(half * 0.8)
    for x in (-0.3, -0.08, 0.4, 0.6):
        p.solid(box(half * x - 4, 70, half * x + 4, 99, 3), face)
    for x, y, r in ((-0.34, 40, 0.3), (0.0, 26, 0.34), (0.4, 28, 0.34), (0.68, 48, 0.3), (0.5, 66, 0.3),
                    (0.1, 70, 0.32), (-0.3, 62, 0.3), (0.2, 48, 0.5)):  # fmt: skip
        p.solid(oval(half * x, y, half * r), wool, 0.8)
    p.solid(leaf(-half * 0.44, 36, 1.9, 18, 10), face)
    p.solid(
        blob((-half * 0.5, 26), (-half * 0.36, 40), (-half * 0.56, 66), (-half * 0.8, 64), (-half * 0.86, 40)), face
    )
    p.solid(oval(-half * 0.56, 24, half * 0.2, 10), wool)
    p.flat(oval(-half * 0.72, 42, 4.4), WHITE)
    p.flat(oval(-half * 0.73, 43, 2.2), INK)


def pig(p: ThingPen) -> None:
    half, coat = p.half, p.colour
    p.ground(half * 0.85)
    p.line(curve((half * 0.78, 40), (half * 0.96, 34), (half * 0.9, 24), (half * 0.82, 32), (half * 0.98, 40)), 4, coat)
    for x, tone in ((-0.24, 0.2), (0.5, 0.2), (-0.42, 0.05), (0.34, 0.05)):
        p.solid(box(half * x - 9, 70, half * x + 9, 99, 5, 3), shade(coat, tone))
    p.solid(oval(half * 0.14, 52, half * 0.7, 38), coat)
    for side in (-1, 1):
        p.solid(poly((-half * 0.5 + side * 8, 20), (-half * 0.5 + side * 28, 4), (-half * 0.5 + side * 26, 34)),
                shade(coat, 0.18))  # fmt: skip
    p.solid(oval(-half * 0.5, 44, half * 0.4, 32), coat)
    p.solid(oval(-half * 0.56, 54, 17, 13), shade(coat, 0.16), 1.3)
    for side in (-1, 1):
        p.flat(oval(-half * 0.56 + side * 6, 54, 3, 4.6), shade(coat, 0.55))
        p.eye(-half * 0.52 + side * 15, 34, 4)


def shark(p: ThingPen) -> None:
    half, coat = p.half, p.colour
    p.solid(blob((half * 0.6, 56), (half * 0.98, 6), (half * 0.84, 56), (half * 0.96, 94), (half * 0.66, 66)),
            shade(coat, 0.15))  # fmt: skip
    p.solid(poly((-half * 0.16, 34), (half * 0.14, 0), (half * 0.2, 38)), shade(coat, 0.12))
    body = blob((-half * 0.98, 50), (-half * 0.6, 32), (0, 26), (half * 0.5, 44), (half * 0.76, 57), (half * 0.4, 70),
                (-half * 0.1, 82), (-half * 0.7, 74))  # fmt: skip
    p.solid(body, coat)
    with p.inside(body):
        p.flat(blob((-half * 1.1, 60), (-half * 0.4, 60), (half * 0.6, 62), (half * 0.3, 100), (-half, 100)),
               WHITE if coat != COLOURS["white"] else (206, 212, 222))  # fmt: skip
    p.solid(poly((-half * 0.2, 70), (half * 0.12, 98), (half * 0.1, 68)), shade(coat, 0.2))
    for x in (-0.36, -0.29, -0.22):
        p.line(curve((half * x, 46), (half * (x + 0.02), 54), (half * x, 62)), 2, shade(coat, 0.45))
    mouth = blob((-half * 0.88, 61), (-half * 0.66, 58), (-half * 0.46, 62), (-half * 0.62, 72), (-half * 0.8, 70))
    p.flat(mouth, (120, 44, 58))
    for i in range(5):
        x = half * (-0.84 + 0.08 * i)
        p.flat(poly((x, 60), (x + half * 0.07, 60), (x + half * 0.035, 67)), (255, 255, 255))
    p.eye(-half * 0.64, 46, 4.6)


def whale(p: ThingPen) -> None:
    """Round-headed, with a spout."""
    half, coat = p.half, p.colour
    for side in (-1, 1):
        p.line(curve((-half * 0.36, 26), (-half * 0.36 + side * 6, 8), (-half * 0.36 + side * 18, 5),
                     (-half * 0.36 + side * 22, 14)), 5, (176, 220, 238))  # fmt: skip
    p.solid(blob((half * 0.6, 50), (half * 0.74, 26), (half * 0.58, 6), (half * 0.8, 14), (half * 0.98, 4),
                 (half * 0.96, 26), (half * 0.86, 54)), shade(coat, 0.1))  # fmt: skip
    body = blob((-half * 0.98, 62), (-half * 0.84, 34), (-half * 0.4, 24), (half * 0.1, 34), (half * 0.5, 58),
                (half * 0.78, 42), (half * 0.86, 56), (half * 0.56, 90), (-half * 0.1, 98),
                (-half * 0.8, 90))  # fmt: skip
    p.solid(body, coat, 1.3)
    with p.inside(body):
        belly = light(coat, 0.7)
        p.flat(blob((-half * 1.2, 76), (-half * 0.3, 74), (half * 0.3, 86), (half * 0.1, 110), (-half, 110)), belly)
        for x in (-0.7, -0.5, -0.3, -0.1):
            p.line(((half * x, 80), (half * (x + 0.08), 100)), 1.8, shade(belly, 0.22))
    p.solid(blob((-half * 0.2, 72), (half * 0.04, 76), (half * 0.1, 98), (-half * 0.1, 92)), shade(coat, 0.22))
    p.line(curve((-half * 0.96, 68), (-half * 0.76, 73), (-half * 0.6, 66)), 2.4, shade(coat, 0.5))
    p.eye(-half * 0.56, 56, 4.6)


def octopus(p: ThingPen) -> None:
    half, coat = p.half, p.colour
    for i, (x, bend, foot) in enumerate(((-0.2, -0.5, 92), (0.2, 0.5, 92), (-0.6, -0.9, 80), (0.6, 0.9, 80),
                                         (-0.36, -0.66, 96), (0.36, 0.66, 96))):  # fmt: skip
        side = 1 if x > 0 else -1
        tip = (half * (bend + side * 0.1), foot - 14)
        arm = curve((half * x * 0.6, 54), (half * (x + bend) * 0.5, 72), (half * bend * 0.9, foot), tip)
        p.solid(limb(arm, 15, 6), shade(coat, 0.2 if i < 2 else 0.08))
    p.solid(blob((0, 0), (half * 0.52, 14), (half * 0.6, 40), (half * 0.42, 66), (0, 74), (-half * 0.42, 66),
                 (-half * 0.6, 40), (-half * 0.52, 14)), coat, 1.3)  # fmt: skip
    for side in (-1, 1):
        p.flat(oval(side * 12, 42, 9, 10), WHITE)
        p.eye(side * 11, 43, 5)
    p.line(curve((-7, 58), (0, 62), (7, 58)), 2.4, shade(coat, 0.6))
    cheeks(p, 22, 54)
    p.gleam(-half * 0.26, 18, 9, 7)


def crab(p: ThingPen) -> None:
    half, coat = p.half, p.colour
    p.ground(half * 0.8)
    for side in (-1, 1):
        for x, foot in ((0.5, 0.62), (0.6, 0.8), (0.66, 0.98)):
            knee = (side * half * (foot - 0.02), 66)
            p.line(((side * half * x * 0.8, 70), knee, (side * half * foot, 98)), 5, shade(coat, 0.2))
        p.line(curve((side * half * 0.5, 62), (side * half * 0.8, 50), (side * half * 0.74, 34)), 8, shade(coat, 0.1))
        p.solid(blob((side * half * 0.7, 38), (side * half * 0.5, 20), (side * half * 0.6, 0), (side * half * 0.68, 18),
                     (side * half * 0.84, 2), (side * half * 0.98, 18), (side * half * 0.86, 38)), coat)  # fmt: skip
        p.line(((side * 11, 52), (side * 12, 34)), 4, coat)
    p.solid(blob((-half * 0.62, 66), (-half * 0.36, 46), (0, 42), (half * 0.36, 46), (half * 0.62, 66),
                 (half * 0.34, 90), (0, 94), (-half * 0.34, 90)), coat, 1.3)  # fmt: skip
    for side in (-1, 1):
        p.flat(oval(side * 12, 31, 8), WHITE)
        p.eye(side * 11, 31, 4.4)
    p.line(curve((-12, 72), (0, 80), (12, 72)), 3, shade(coat, 0.55))


def frog(p: ThingPen) -> None:
    half, coat = p.half, p.colour
    p.ground(half * 0.9)
    for side in (-1, 1):
        p.solid(blob((side * half * 0.3, 60), (side * half * 0.84, 58), (side * half * 0.98, 82),
                     (side * half * 0.7, 96), (side * half * 0.2, 92)), shade(coat, 0.14))  # fmt: skip
        p.solid(oval(side * half * 0.72, 95, half * 0.26, 4.6), shade(coat, 0.05))
    p.solid(blob((0, 44), (half * 0.5, 56), (half * 0.5, 90), (0, 98), (-half * 0.5, 90), (-half * 0.5, 56)), coat)
    p.flat(oval(0, 82, half * 0.36, 15), light(coat, 0.62))
    for side in (-1, 1):
        p.line(curve((side * half * 0.3, 70), (side * half * 0.28, 92)), 7, shade(coat, 0.1))
        p.solid(oval(side * half * 0.24, 97, 11, 3), shade(coat, 0.05))
        p.solid(oval(side * half * 0.4, 17, 16), coat)
    p.solid(blob((0, 18), (half * 0.6, 26), (half * 0.72, 44), (half * 0.4, 62), (0, 66), (-half * 0.4, 62),
                 (-half * 0.72, 44), (-half * 0.6, 26)), coat)  # fmt: skip
    for side in (-1, 1):
        p.flat(oval(side * half * 0.4, 15, 11), WHITE)
        p.eye(side * half * 0.38, 16, 6)
    p.line(curve((-half * 0.52, 44), (-half * 0.2, 54), (half * 0.2, 54), (half * 0.52, 44)), 2.8, shade(coat, 0.55))
    cheeks(p, half * 0.5, 42)


def dinosaur(p: ThingPen) -> None:
    """One with a long neck, and plates along its back."""
    half, coat = p.half, p.colour
    plates = light(coat, 0.5)
    p.ground(half * 0.8)
    p.solid(limb(curve((half * 0.4, 66), (half * 0.74, 76), (half * 0.97, 62)), 22, 3), coat)
    for x, tone in ((-0.18, 0.24), (0.42, 0.24)):
        p.solid(box(half * x - 8, 66, half * x + 8, 99, 5, 3), shade(coat, tone))
    for x, y, turn in ((-0.36, 34, -0.5), (-0.2, 46, -0.5), (0.0, 49, -0.1), (0.2, 48, 0.1), (0.4, 54, 0.5),
                       (0.56, 64, 0.6)):  # fmt: skip
        p.solid(leaf(half * x, y + 5, turn, 18, 15), plates)
    p.solid(limb(curve((-half * 0.2, 68), (-half * 0.42, 52), (-half * 0.5, 30), (-half * 0.6, 16)), 30, 14), coat)
    p.solid(blob((-half * 0.4, 62), (0, 50), (half * 0.4, 56), (half * 0.58, 72), (half * 0.3, 86), (-half * 0.2, 86)),
            coat)  # fmt: skip
    p.flat(blob((-half * 0.3, 78), (0, 80), (half * 0.3, 78), (half * 0.2, 85), (-half * 0.16, 85)), light(coat, 0.5))
    for x in (-0.3, 0.26):
        p.solid(box(half * x - 9, 72, half * x + 9, 99, 5, 3), shade(coat, 0.06))
        for i in (-1, 0, 1):
            p.flat(oval(half * x + 5 * i, 97, 2.2), CREAM)
    p.solid(blob((-half * 0.48, 12), (-half * 0.56, 3), (-half * 0.78, 5), (-half * 0.98, 16), (-half * 0.9, 26),
                 (-half * 0.6, 26)), coat)  # fmt: skip
    p.eye(-half * 0.66, 12, 3.6)
    p.line(curve((-half * 0.94, 20), (-half * 0.84, 23), (-half * 0.74, 20)), 2, shade(coat, 0.5))


def dragon(p: ThingPen) -> None:
    """Winged and horned, with a spiked back and a little fire."""
    half, coat = p.half, p.colour
    wing, belly = shade(coat, 0.35), light(coat, 0.6)
    p.ground(half * 0.75)
    p.solid(limb(curve((half * 0.2, 86), (half * 0.66, 94), (half * 0.9, 78), (half * 0.78, 62)), 22, 5), coat)
    p.solid(poly((half * 0.66, 66), (half * 0.72, 46), (half * 0.94, 60)), wing)
    for x, foot in ((0.0, 0.16), (0.3, 0.24)):
        p.solid(poly((half * x, 54), (half * (x + foot), 8 + 30 * x), (half * 0.96, 22 + 30 * x), (half * 0.74, 36),
                     (half * 0.62, 44), (half * 0.46, 56)), shade(wing, 0.0 if x else 0.2))  # fmt: skip
    for x, y, turn in ((-0.22, 16, 0.9), (-0.16, 30, 1.2), (-0.06, 44, 1.1)):
        p.solid(leaf(half * x, y + 4, turn, 14, 11), wing)
    p.solid(blob((-half * 0.16, 42), (half * 0.2, 52), (half * 0.36, 76), (half * 0.2, 97), (-half * 0.3, 97),
                 (-half * 0.42, 72)), coat)  # fmt: skip
    p.solid(limb(curve((-half * 0.16, 66), (-half * 0.22, 44), (-half * 0.34, 26)), 28, 20), coat)
    p.flat(
        blob((-half * 0.36, 40), (-half * 0.24, 52), (-half * 0.18, 76), (-half * 0.28, 94), (-half * 0.42, 74)), belly
    )
    for y in (54, 66, 78):
        p.line(((-half * 0.39, y), (-half * 0.22, y)), 1.8, shade(belly, 0.25))
    for x in (-0.24, 0.12):
        p.solid(box(half * x - 11, 80, half * x + 11, 99, 7, 4), shade(coat, 0.08))
    p.solid(leaf(-half * 0.3, 14, 0.6, 20, 8), HORN)
    p.solid(leaf(-half * 0.42, 10, 0.25, 17, 7), HORN)
    p.solid(blob((-half * 0.2, 20), (-half * 0.34, 6), (-half * 0.56, 14), (-half * 0.78, 22), (-half * 0.78, 34),
                 (-half * 0.4, 38)), coat, 1.2)  # fmt: skip
    p.flat(blob((-half * 0.8, 32), (-half * 0.92, 26), (-half * 0.99, 36), (-half * 0.92, 46)), (250, 150, 56))
    p.flat(blob((-half * 0.8, 33), (-half * 0.88, 31), (-half * 0.92, 37), (-half * 0.87, 40)), (255, 226, 120))
    p.eye(-half * 0.46, 20, 4.4)
    p.flat(oval(-half * 0.72, 25, 1.8), shade(coat, 0.6))
    p.flat(dome(-half * 0.46, 17, 6, 3), mixed(coat, INK, 0.4))


COATS = ("brown", "white", "black", "grey", "orange")
SCALES = ("green", "red", "purple", "blue", "teal", "orange")
WIDE_ANIMALS = (
    Kind(("horse", "pony"), horse, "floor", (170, 220), (1.05, 1.15), COATS, together=True),
    Kind(("unicorn",), unicorn, "floor", (170, 210), (1.05, 1.15), ("white", "pink", "blue", "purple"), together=True),
    Kind(("cow",), cow, "floor", (150, 190), (1.3, 1.42), ("black", "brown", "orange"), together=True),
    Kind(("deer", "reindeer", "stag"), deer, "floor", (170, 220), (0.84, 0.92), ("brown", "orange", "grey", "white"),
         together=True),
    Kind(("sheep", "lamb"), sheep, "floor", (105, 135), (1.15, 1.25), ("white", "black", "grey", "brown", "pink"),
         together=True),
    Kind(("pig", "piglet"), pig, "floor", (95, 130), (1.25, 1.35), ("pink", "brown", "orange", "white"), together=True),
    Kind(("shark",), shark, "water", (100, 140), (2.0, 2.3), ("grey", "blue", "navy", "teal", "white"), together=True),
    Kind(("whale",), whale, "water", (130, 180), (1.5, 1.7), ("blue", "navy", "grey", "teal", "purple", "pink"),
         together=True),
    Kind(("octopus",), octopus, "water", (100, 140), (1.05, 1.15), together=True),
    Kind(("crab",), crab, "floor", (70, 100), (1.4, 1.55), ("red", "orange", "blue", "purple", "pink"), together=True),
    Kind(("frog", "toad"), frog, "floor", (75, 105), (1.1, 1.2), ("green", "teal", "yellow", "brown", "orange"),
         together=True),
    Kind(("dinosaur",), dinosaur, "floor", (170, 230), (1.3, 1.45), SCALES, together=True),
    Kind(("dragon",), dragon, "floor", (170, 230), (1.05, 1.15), SCALES, together=True),
)  # fmt: skip
