"""What lies and stands on the tables of the wide world, and what its animals wear."""

from math import pi

from pipelines.training.scenes.food import CRUST
from pipelines.training.scenes.palette import BRASS, COLOURS, CREAM, INK, LEAF, METAL, Rgb, light, shade
from pipelines.training.scenes.shapes import Shape, blob, box, curve, dome, leaf, limb, oval, poly, reaching
from pipelines.training.scenes.thing import CLOTH, Kind, ThingPen

STRAW: Rgb = (206, 158, 98)
LEMON: Rgb = (248, 212, 74)


def toaster(p: ThingPen) -> None:
    half, colour = p.half, p.colour
    p.ground(half)
    for x in (-0.3, 0.24):
        p.solid(box(half * x - 17, 0, half * x + 17, 50, 9), CRUST, 1.2)
        p.flat(box(half * x - 12, 5, half * x + 12, 50, 6), (248, 220, 168))
    for side in (-1, 1):
        p.flat(box(side * half * 0.6 - 7, 92, side * half * 0.6 + 7, 99, 2), INK)
    p.main(box(-half * 0.9, 28, half * 0.84, 95, 20, 7), 1.4, 18)
    p.flat(box(-half * 0.72, 30, half * 0.66, 35, 2), shade(colour, 0.55))
    p.flat(box(half * 0.82, 44, half * 0.88, 76, 2), shade(colour, 0.5))
    p.solid(box(half * 0.8, 44, half, 53, 3), INK)
    p.flat(oval(half * 0.5, 78, 6), light(METAL, 0.5))
    p.gleam(-half * 0.5, 54, 14, 18)


def jug(p: ThingPen) -> None:
    half, colour = p.half, p.colour
    p.ground(half * 0.7)
    p.line(curve((half * 0.36, 24), (half * 0.86, 24), (half * 0.84, 60), (half * 0.42, 70)), 8, shade(colour, 0.2))
    p.main(blob((-half * 0.46, 10), (half * 0.36, 10), (half * 0.3, 30), (half * 0.6, 62), (half * 0.44, 97),
                (-half * 0.5, 97), (-half * 0.66, 62), (-half * 0.36, 30)), 1.4, 16)  # fmt: skip
    p.solid(blob((-half * 0.84, 4), (-half * 0.3, 7), (half * 0.38, 5), (half * 0.36, 14), (-half * 0.46, 18)),
            light(colour, 0.2))  # fmt: skip
    p.flat(oval(-half * 0.1, 9, half * 0.38, 3.4), shade(colour, 0.5))
    p.gleam(-half * 0.32, 58, 8, 16)


def pencil(p: ThingPen) -> None:
    """Lying at a slant."""
    half, colour = p.half, p.colour
    p.ground(half * 0.9)
    p = p.at(0, 56, 1, -0.14)
    p.solid(box(half * 0.78, -22, half * 0.96, 22, 9), (240, 150, 160))
    p.solid(box(half * 0.62, -22, half * 0.8, 22), METAL)
    p.solid(box(-half * 0.56, -22, half * 0.64, 22), colour, 1.4)
    p.flat(box(-half * 0.56, -8, half * 0.64, 8), light(colour, 0.35))
    p.flat(poly((-half * 0.55, -22), (-half * 0.55, 22), (-half * 0.94, 0)), (236, 200, 150))
    p.flat(poly((-half * 0.78, -9), (-half * 0.78, 9), (-half * 0.94, 0)),
           INK if colour in (COLOURS["white"], COLOURS["grey"], COLOURS["brown"]) else shade(colour, 0.5))  # fmt: skip


def telescope(p: ThingPen) -> None:
    """On three legs, looking up."""
    half, colour = p.half, p.colour
    p.ground(half * 0.8)
    for foot in (-0.7, 0.7, 0.06):
        p.line(((0, 48), (foot * half, 97)), 5, p.wood)
    p.solid(oval(0, 46, 8), BRASS)
    tube = p.at(0, 38, 1, -0.5)
    tube.solid(box(-half * 0.98, -7, -half * 0.62, 7, 2), shade(colour, 0.45))
    tube.solid(box(-half * 0.7, -11, half * 0.5, 11, 2), colour, 1.5)
    tube.solid(box(half * 0.36, -14, half * 1.0, 14, 3), colour, 1.5)
    for x in (-0.68, 0.36, 0.96):
        tube.solid(box(half * x - 3, -15, half * x + 3, 15, 2), BRASS)


def crown_on_a_cushion(p: ThingPen) -> None:
    half, gold = p.half, (247, 201, 72)
    p.ground(half)
    p.main(blob((-half * 0.98, 60), (-half * 0.4, 66), (half * 0.4, 66), (half * 0.98, 60), (half * 0.9, 78),
                (half * 0.98, 97), (half * 0.4, 93), (-half * 0.4, 93), (-half * 0.98, 97), (-half * 0.9, 78)),
           1.4, 20)  # fmt: skip
    for side in (-1, 1):
        for y in (60, 97):
            p.solid(oval(side * half * 0.95, y, 4), BRASS)
    w = half * 0.62
    p.flat(oval(0, 64, w * 0.92, 6), shade(gold, 0.4))
    p.solid(poly((-w * 0.9, 66), (-w, 16), (-w * 0.5, 42), (0, 4), (w * 0.5, 42), (w, 16), (w * 0.9, 66)), gold, 1.4)
    p.flat(box(-w * 0.9, 56, w * 0.9, 66, 2), shade(gold, 0.2))
    for x, y in ((-1, 15), (0, 4), (1, 15)):
        p.solid(oval(w * x, y, 4.6), light(gold, 0.4))
    for across, colour in ((-0.55, "red"), (0.0, "blue"), (0.55, "green")):
        p.flat(oval(w * across, 58, 4.6), COLOURS[colour])


def pizza_slice(p: ThingPen) -> None:
    v, half = p.v, p.half
    p.ground(half * 0.5, y=97)
    slice_ = poly((-half * 0.88, 16), (half * 0.88, 16), (half * 0.06, 98))
    p.solid(slice_, (250, 206, 98))
    for x, y in ((-0.36, 34), (0.34, 32), (0.04, 58)):
        p.solid(oval(half * x, y, 11, 10), (206, 68, 56))
    for _ in range(4):
        p.flat(oval(half * v.uniform(-0.3, 0.3), v.uniform(28, 66), 3.4, 2.2), LEAF)
    for x, y in ((-0.5, 48), (0.42, 58)):
        p.solid(oval(half * x, y, 4.4, 9), (250, 206, 98))
    p.solid(blob((-half * 0.98, 14), (-half * 0.5, 3), (half * 0.5, 3), (half * 0.98, 14), (half * 0.86, 24),
                 (0, 20), (-half * 0.86, 24)), CRUST, 1.4)  # fmt: skip


def sandwich(p: ThingPen) -> None:
    """Two slices with lettuce, tomato, ham and cheese, and a stick through them."""
    half, bread = p.half, (244, 214, 160)
    p.ground(half)
    p.line(((0, 0), (0, 30)), 2.4, shade(CRUST, 0.3))
    p.solid(oval(0, 5, 7, 5.5), (112, 150, 70))
    p.solid(box(-half * 0.92, 76, half * 0.92, 98, 6), CRUST)
    p.flat(box(-half * 0.87, 78, half * 0.87, 93, 4), bread)
    p.solid(box(-half * 0.96, 66, half * 0.96, 77, 4), (238, 152, 150))
    p.flat(poly((-half * 0.9, 60), (half * 0.9, 60), (half * 0.6, 76), (half * 0.3, 64), (-half * 0.7, 70)),
           (250, 200, 80))  # fmt: skip
    for x in (-0.5, 0.1, 0.6):
        p.solid(box(half * x - 16, 53, half * x + 16, 62, 4), (214, 70, 60))
    waves = [(half * (-1 + 0.25 * i), 46 if i % 2 else 58) for i in range(9)]
    p.solid(blob((-half * 0.9, 44), (half * 0.9, 44), *reversed(waves)), (124, 180, 84))
    p.solid(box(-half * 0.94, 22, half * 0.94, 48, 14, 5), CRUST, 1.3)
    p.flat(box(-half * 0.88, 26, half * 0.88, 44, 10, 3), bread)


def donut(p: ThingPen) -> None:
    """Seen from above, iced and sprinkled."""
    v, half = p.v, p.half
    p.ground(half * 0.9)
    p.solid(oval(0, 52, half * 0.97, 46), CRUST, 1.3)
    wavy = []
    for i in range(16):
        angle, reach = i * pi / 8, 0.88 if i % 2 else 0.8
        wavy.append((half * reach * reaching(angle, 1)[0], 50 + 43 * reach * reaching(angle, 1)[1]))
    p.solid(blob(*wavy), p.colour, 1.2)
    sprinkles = [COLOURS[name] for name in ("red", "yellow", "blue", "green", "white") if COLOURS[name] != p.colour]
    for i in range(14):
        x, y = reaching(i * pi / 7 + v.uniform(-0.15, 0.15), v.uniform(0.46, 0.68))
        turn = v.uniform(0, 3)
        p.flat(oval(half * x, 50 + 42 * y, 4.4, 1.9, turn), sprinkles[i % len(sprinkles)])
    p.flat(oval(0, 50, half * 0.28, 13), shade(p.colour, 0.3))
    p.flat(oval(0, 52, half * 0.23, 10), (240, 228, 214))


def _strawberry(p: ThingPen) -> None:
    p.solid(blob((-34, 22), (0, 14), (34, 22), (36, 48), (18, 82), (0, 98), (-18, 82), (-36, 48)), (222, 58, 62), 1.4)
    for x, y in ((-20, 36), (0, 34), (20, 36), (-11, 52), (11, 52), (-18, 66), (0, 68), (17, 64), (0, 84)):
        p.flat(oval(x, y, 2, 3), (252, 216, 120))
    for angle in (-1.9, -1.1, 0, 1.1, 1.9):
        p.solid(leaf(0, 20, angle, 24, 12), LEAF)
    p.line(((0, 18), (4, 2)), 4, LEAF)


def strawberry(p: ThingPen) -> None:
    p.ground(24)
    _strawberry(p)


def lemon(p: ThingPen) -> None:
    p.ground(p.half * 0.7)
    _lemon(p, 0, 54, p.half * 0.95)


def _lemon(p: ThingPen, x: float, y: float, reach: float, colour: Rgb = LEMON) -> None:
    p.solid(blob((x - reach, y), (x - reach * 0.72, y - reach * 0.36), (x, y - reach * 0.66),
                 (x + reach * 0.72, y - reach * 0.36), (x + reach, y), (x + reach * 0.72, y + reach * 0.36),
                 (x, y + reach * 0.66), (x - reach * 0.72, y + reach * 0.36)), colour, 1.3)  # fmt: skip
    p.flat(oval(x - reach * 0.3, y - reach * 0.3, reach * 0.16, reach * 0.1, -0.5), light(colour, 0.7))


def _round(p: ThingPen, x: float, y: float, reach: float, colour: Rgb) -> None:
    p.solid(oval(x, y, reach * 0.84), colour, 1.3)
    p.flat(oval(x - reach * 0.28, y - reach * 0.3, reach * 0.18), light(colour, 0.6))
    p.flat(leaf(x, y - reach * 0.7, 0.9, reach * 0.5, reach * 0.26), LEAF)


def _heaped(p: ThingPen, fruit: Rgb, long: bool) -> None:
    """Five of a fruit over a rim at 46."""
    half = p.half
    for x, y in ((-0.5, 34), (0.5, 34), (0, 18), (-0.24, 36), (0.26, 36)):
        if long:
            _lemon(p, half * x, y, 21, fruit)
        else:
            _round(p, half * x, y, 20, fruit)


def _bowl(p: ThingPen) -> None:
    half = p.half
    p.main(blob((-half * 0.98, 46), (half * 0.98, 46), (half * 0.86, 70), (half * 0.4, 96), (-half * 0.4, 96),
                (-half * 0.86, 70)), 1.4, 16)  # fmt: skip
    if p.pattern != "glass":
        p.flat(box(-half * 0.98, 44, half * 0.98, 51, 3.5), light(p.colour, 0.4))


def bowl_of_lemons(p: ThingPen) -> None:
    p.ground(p.half * 0.7)
    _heaped(p, LEMON, True)
    _bowl(p)


def bowl_of_oranges(p: ThingPen) -> None:
    p.ground(p.half * 0.7)
    _heaped(p, COLOURS["orange"], False)
    _bowl(p)


def bowl_of_cherries(p: ThingPen) -> None:
    p.ground(p.half * 0.7)
    half = p.half
    for x, y in ((-0.6, 38), (-0.3, 30), (0.0, 28), (0.3, 30), (0.6, 38), (-0.44, 42), (-0.14, 40), (0.16, 40),
                 (0.46, 42)):  # fmt: skip
        p.line(curve((half * x, y - 6), (half * x + 4, y - 16), (half * x + 9, y - 22)), 1.8, LEAF)
        p.solid(oval(half * x, y, 9), (190, 30, 52), 1.5)
        p.flat(oval(half * x - 3, y - 3, 2.2), (250, 190, 190))
    _bowl(p)


def _wicker(p: ThingPen, shape: Shape) -> None:
    """Woven straw of the thing's colour."""
    colour = p.colour
    p.solid(shape, colour, 1.3)
    half = p.half
    with p.inside(shape):
        for row in range(5):
            y = 52 + row * 10
            p.line(((-half, y), (half, y)), 1.6, shade(colour, 0.35))
            for i in range(13):
                x = half * (-0.96 + 0.16 * (i + 0.5 * (row % 2)))
                p.flat(oval(x, y + 5, half * 0.055, 3.4), light(colour, 0.28))


def basket(p: ThingPen) -> None:
    half, colour = p.half, p.colour
    p.ground(half * 0.8)
    p.line(curve((-half * 0.84, 46), (-half * 0.7, 14), (0, 2), (half * 0.7, 14), (half * 0.84, 46)), 6, colour)
    p.flat(oval(0, 46, half * 0.92, 8), shade(colour, 0.5))
    _wicker(p, poly((-half * 0.92, 46), (half * 0.92, 46), (half * 0.7, 98), (-half * 0.7, 98)))
    p.solid(box(-half * 0.98, 44, half * 0.98, 53, 4), light(colour, 0.12))


def basket_of_apples(p: ThingPen) -> None:
    half = p.half
    p.ground(half * 0.8)
    _heaped(p, (206, 58, 54), False)
    _wicker(p, poly((-half * 0.92, 46), (half * 0.92, 46), (half * 0.7, 98), (-half * 0.7, 98)))
    p.solid(box(-half * 0.98, 44, half * 0.98, 53, 4), light(p.colour, 0.12))


def top_hat(p: ThingPen) -> None:
    half, colour = p.half, p.colour
    p.solid(oval(0, 88, half, 11), shade(colour, 0.12))
    p.main(poly((-half * 0.68, 4), (half * 0.68, 4), (half * 0.6, 88), (-half * 0.6, 88)), 1.3, 20)
    p.flat(oval(0, 5, half * 0.68, 5), light(colour, 0.2))
    p.flat(box(-half * 0.63, 66, half * 0.63, 84), COLOURS["red"] if colour != COLOURS["red"] else INK)


def sunglasses(p: ThingPen) -> None:
    half, colour = p.half, p.colour
    p.line(((-half * 0.94, 18), (half * 0.94, 18)), 12, colour)
    for side in (-1, 1):
        rim = ((0.1, 12), (0.5, 4), (0.94, 12), (0.84, 80), (0.5, 97), (0.2, 78))
        pane = ((0.18, 22), (0.5, 16), (0.84, 22), (0.76, 72), (0.5, 84), (0.26, 70))
        p.solid(blob(*((side * half * x, y) for x, y in rim)), colour)
        p.flat(blob(*((side * half * x, y) for x, y in pane)), (38, 36, 50))
        p.line(((side * half * 0.5 - 14, 64), (side * half * 0.5 + 6, 30)), 5, (96, 100, 128))


def santa_hat(p: ThingPen) -> None:
    half, colour = p.half, p.colour
    p.solid(
        limb(curve((-half * 0.3, 40), (half * 0.3, 16), (half * 0.7, 40), (half * 0.8, 62)), 44, 12), shade(colour, 0.1)
    )
    p.solid(
        blob((-half * 0.7, 84), (-half * 0.6, 34), (-half * 0.1, 6), (half * 0.4, 24), (half * 0.66, 84)), colour, 1.3
    )
    p.solid(oval(half * 0.82, 66, 13), CREAM)
    p.solid(box(-half * 0.9, 74, half * 0.8, 99, 12), CREAM)


def pumpkin(p: ThingPen) -> None:
    half, colour = p.half, p.colour
    p.ground(half * 0.8)
    p.solid(limb(curve((0, 28), (2, 14), (10, 4)), 11, 8), (104, 132, 74))
    for x, wide in ((-0.62, 0.36), (0.62, 0.36), (-0.32, 0.4), (0.32, 0.4), (0.0, 0.36)):
        p.solid(oval(half * x, 60, half * wide, 38), colour, 1.2)
    p.flat(dome(0, 26, half * 0.2, 5), shade(colour, 0.4))


BOWLS = (*CLOTH, "wooden", "glass", "metal")
WIDE_TABLE = (
    Kind(("toaster",), toaster, "top", (80, 100), (1.15, 1.35), patterns=("", "", "metal")),
    Kind(("jug", "pitcher"), jug, "top", (95, 125), (0.75, 0.88), patterns=(*CLOTH, "glass", "metal"), together=True),
    Kind(("pencil",), pencil, "top", (34, 46), (3.6, 4.4), together=True),
    Kind(("telescope",), telescope, "floor", (150, 190), (0.95, 1.1)),
    Kind(("crown on a {} cushion", "crown on a {} pillow"), crown_on_a_cushion, "top", (85, 115), (1.2, 1.35),
         ("red", "red", "purple", "blue", "navy", "green", "pink", "white"), ("", "velvet")),
    Kind(("pizza slice", "slice of pizza"), pizza_slice, "top", (75, 100), (0.9, 1.05), ("yellow",), together=True),
    Kind(("sandwich",), sandwich, "top", (75, 95), (1.1, 1.3), ("brown",), together=True),
    Kind(("donut", "doughnut"), donut, "top", (65, 85), (1.15, 1.35),
         ("pink", "brown", "white", "blue", "yellow", "purple"), together=True),
    Kind(("strawberry",), strawberry, "top", (60, 80), (0.8, 0.86), ("red",), together=True),
    Kind(("lemon",), lemon, "top", (50, 65), (1.4, 1.5), ("yellow",), together=True),
    Kind(("bowl of lemons", "bowl full of lemons"), bowl_of_lemons, "top", (80, 105), (1.4, 1.7), patterns=BOWLS),
    Kind(("bowl of oranges", "bowl full of oranges"), bowl_of_oranges, "top", (80, 105), (1.4, 1.7), patterns=BOWLS),
    Kind(("bowl of cherries", "bowl full of cherries"), bowl_of_cherries, "top", (80, 105), (1.4, 1.7), patterns=BOWLS),
    Kind(("basket", "picnic basket"), basket, "floor", (90, 125), (1.1, 1.3),
         ("brown", "brown", "white", "yellow", "grey")),
    Kind(("basket of apples", "basket full of apples"), basket_of_apples, "floor", (85, 115), (1.2, 1.4),
         ("brown", "brown", "white", "yellow", "grey")),
    Kind(("pumpkin",), pumpkin, "floor", (75, 105), (1.15, 1.35), ("orange", "orange", "white", "green", "yellow"),
         together=True),
    Kind(("top hat",), top_hat, "worn", (65, 90), (1.1, 1.3), patterns=("", "", "striped")),
    Kind(("santa hat", "christmas hat"), santa_hat, "worn", (65, 90), (1.1, 1.2), ("red", "red", "green", "blue")),
    Kind(("sunglasses", "pair of sunglasses"), sunglasses, "worn", (40, 50), (2.5, 2.7),
         ("black", "black", "red", "brown", "blue", "pink", "purple")),
)  # fmt: skip
