"""What gives light."""

from pipelines.training.scenes.palette import BRASS, CREAM, INK, Rgb, light, shade
from pipelines.training.scenes.shapes import blob, box, curve, dome, oval, poly
from pipelines.training.scenes.thing import CLOTH, Kind, ThingPen

GLOW: Rgb = (255, 226, 150)


def _lampshade(p: ThingPen, top: float, bottom: float, width: float) -> None:
    """A cone of cloth around (0, top) to (0, bottom), lit from within."""
    flare = p.v.uniform(0.5, 0.78)
    p.soft(0, (top + bottom) / 2, width * 1.3, (bottom - top) * 0.95, GLOW, 0.55)
    p.flat(oval(0, bottom, width * 0.98, (bottom - top) * 0.1), light(GLOW, 0.3))
    p.main(poly((-width * flare, top), (width * flare, top), (width, bottom), (-width, bottom)), 1.2, width * 0.34)
    p.soft(0, bottom - 3, width * 0.8, (bottom - top) * 0.55, GLOW, 0.5)


def floor_lamp(p: ThingPen) -> None:
    v, half = p.v, p.half
    metal = v.choice((INK, BRASS, p.wood))
    p.ground(half * 0.62)
    if v.random() < 0.3:
        for foot in (-0.7, 0.7, 0.1):
            p.line(((0, 60), (foot * half, 98)), 2.2, metal)
        p.line(((0, 24), (0, 62)), 2.4, metal)
    else:
        p.solid(dome(0, 99, half * 0.56, 4), metal)
        p.line(((0, 24), (0, 97)), 2.4, metal)
    _lampshade(p, 1, v.uniform(25, 31), half * 0.96)


def table_lamp(p: ThingPen) -> None:
    v = p.v
    p.ground(p.half * 0.6)
    base = light(p.wood, 0.2) if v.random() < 0.5 else CREAM
    if v.random() < 0.5:
        p.solid(blob((-7, 58), (7, 58), (22, 80), (14, 98), (-14, 98), (-22, 80)), base)
    else:
        p.solid(oval(0, 72, 12, 12), base)
        p.solid(box(-16, 91, 16, 99, 3), base)
        p.flat(box(-3, 80, 3, 92), base)
    p.flat(box(-2.5, 48, 2.5, 62), BRASS)
    _lampshade(p, 1, 54, p.half * 0.96)


def hanging_lamp(p: ThingPen) -> None:
    v, half = p.v, p.half
    p.line(((0, -600), (0, 42)), 2.4, INK)
    p.soft(0, 84, half * 1.2, 46, GLOW, 0.6)
    p.flat(oval(0, 90, half * 0.7, 9), light(GLOW, 0.5))
    if v.random() < 0.5:
        p.main(dome(0, 92, half * 0.98, 54), 1.3)
    else:
        p.main(poly((-half * 0.26, 40), (half * 0.26, 40), (half, 92), (-half, 92)), 1.3)
    p.flat(box(-half * 0.16, 30, half * 0.16, 44, 3), BRASS)


def candle(p: ThingPen) -> None:
    v, half = p.v, p.half
    p.ground(half * 0.9)
    p.soft(0, 20, half * 1.5, 30, GLOW, 0.6)
    p.solid(oval(0, 93, half * 0.95, 6), BRASS)
    p.main(box(-half * 0.5, 38, half * 0.5, 94, 4), 1.3)
    p.flat(oval(0, 39, half * 0.5, 3.5), light(p.colour, 0.5))
    p.flat(blob((-half * 0.5, 40), (-half * 0.2, 40), (-half * 0.24, v.uniform(50, 64)), (-half * 0.42, 52)),
           light(p.colour, 0.35))  # fmt: skip
    p.line(((0, 30), (0, 39)), 2, INK)
    p.solid(blob((0, 4), (half * 0.28, 22), (0, 34), (-half * 0.28, 22)), (255, 190, 60))
    p.flat(blob((0, 16), (half * 0.13, 25), (0, 32), (-half * 0.13, 25)), (255, 240, 190))


def street_lamp(p: ThingPen) -> None:
    half, post = p.half, shade(p.colour, 0.1)
    p.ground(half * 0.6)
    p.solid(box(-3.5, 30, 3.5, 99, 1), post)
    p.solid(poly((-8, 99), (-5, 86), (5, 86), (8, 99)), post)
    p.soft(0, 17, half * 1.5, 22, GLOW, 0.7)
    p.solid(poly((-half * 0.62, 8), (half * 0.62, 8), (half * 0.42, 27), (-half * 0.42, 27)), (255, 236, 170))
    p.solid(poly((-half * 0.86, 9), (0, -0.5), (half * 0.86, 9)), post)
    p.solid(box(-half * 0.5, 26, half * 0.5, 31, 2), post)
    p.line(curve((-half * 0.7, 46), (0, 43), (half * 0.7, 46)), 2.5, post)


def traffic_light(p: ThingPen) -> None:
    half = p.half
    p.ground(half * 0.8)
    p.solid(box(-3, 50, 3, 99, 1), (96, 94, 104))
    p.solid(box(-half * 0.86, 0, half * 0.86, 60, 6), (58, 56, 66))
    lit = p.v.randrange(3)
    for i, colour in enumerate(((222, 62, 54), (250, 196, 66), (92, 190, 98))):
        y = 11 + 19 * i
        p.solid(oval(0, y, 8), colour if i == lit else shade(colour, 0.62))
        if i == lit:
            p.gleam(-2, y - 2, 4, 4)


LAMPS = (
    Kind(("floor lamp", "lamp", "standing lamp"), floor_lamp, "floor", (300, 370), (0.32, 0.44), patterns=CLOTH),
    Kind(("table lamp", "desk lamp"), table_lamp, "top", (90, 125), (0.62, 0.82), patterns=CLOTH),
    Kind(("hanging lamp", "pendant lamp", "ceiling lamp"), hanging_lamp, "ceiling", (90, 130), (0.9, 1.3)),
    Kind(("candle",), candle, "top", (70, 100), (0.38, 0.52), together=True),
    Kind(("street lamp", "lamp post"), street_lamp, "floor", (330, 400), (0.24, 0.3),
         ("black", "green", "grey", "navy", "teal", "red")),
    Kind(("traffic light", "traffic lights"), traffic_light, "floor", (270, 330), (0.24, 0.28), ("black",)),
)  # fmt: skip
