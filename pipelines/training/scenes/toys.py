"""Toys and presents, what lies on a desk, and what animals wear and play with."""

from pipelines.training.scenes.palette import BRASS, COLOURS, CREAM, INK, METAL, light, partner, shade
from pipelines.training.scenes.shapes import blob, box, curve, oval, poly, star
from pipelines.training.scenes.thing import CLOTH, Kind, ThingPen

BRIGHT = tuple(COLOURS[name] for name in ("red", "yellow", "blue", "green", "orange", "purple"))


def ball(p: ThingPen) -> None:
    p.ground(44)
    whole = oval(0, 50, 49)
    p.main(whole, 1.5, 24)
    if not p.pattern:
        with p.inside(whole):
            p.flat(blob((-54, 40), (0, 62), (54, 40), (54, 58), (0, 82), (-54, 58)), partner(p.colour))
    p.gleam(-20, 26, 17, 14)


def gift(p: ThingPen) -> None:
    """A box with a ribbon."""
    half, ribbon = p.half, CREAM if p.colour not in (COLOURS["white"], COLOURS["yellow"]) else COLOURS["red"]
    p.ground(half)
    p.main(box(-half * 0.92, 38, half * 0.92, 99, 3), 1.2, 16)
    p.main(box(-half, 26, half, 44, 3), 1.2, 16)
    p.flat(box(-half * 0.92, 44, half * 0.92, 47), shade(p.colour, 0.35))
    p.solid(box(-half * 0.16, 26, half * 0.16, 99), ribbon)
    for side in (-1, 1):
        p.solid(blob((0, 24), (side * half * 0.24, 2), (side * half * 0.62, 6), (side * half * 0.5, 24)), ribbon, 1.4)
        p.flat(blob((side * 5, 20), (side * half * 0.26, 9), (side * half * 0.42, 14)), shade(ribbon, 0.3))
    p.solid(oval(0, 24, 7), ribbon)


def robot(p: ThingPen) -> None:
    v, half = p.v, p.half
    p.ground(half * 0.8)
    eye = (255, 232, 150) if p.colour != COLOURS["yellow"] else (150, 226, 236)
    p.line(((0, 0), (0, 14)), 3, METAL)
    p.solid(oval(0, 3, 5), COLOURS["red"] if p.colour != COLOURS["red"] else BRASS)
    for side in (-1, 1):
        p.line(curve((side * 26, 54), (side * half * 0.86, 60), (side * half * 0.86, 76)), 8, METAL)
        p.solid(oval(side * half * 0.86, 79, 6.5), shade(p.colour, 0.2))
        p.solid(box(side * 13 - 7, 84, side * 13 + 7, 96), METAL)
        p.solid(box(side * 14 - 11, 92, side * 14 + 11, 99, 4, 1), shade(p.colour, 0.25))
        p.solid(box(side * 31 - 4, 22, side * 31 + 4, 34, 2), METAL)
    p.main(box(-26, 48, 26, 87, 7), 1.3)
    p.main(box(-30, 11, 30, 45, 10), 1.3)
    p.solid(box(-23, 18, 23, 37, 7), (62, 62, 80))
    for x in (-10, 10):
        p.flat(oval(x, 27, 6), eye)
        p.flat(oval(x, 27, 2.6), INK)
    p.solid(box(-16, 56, 16, 74, 3), light(p.colour, 0.6))
    for x, colour in zip((-9, 0, 9), v.sample(BRIGHT, 3), strict=True):
        p.flat(oval(x, 65, 3.6), colour)


def blocks(p: ThingPen) -> None:
    """Three building blocks in a heap; the colour is the front one's."""
    v, half = p.v, p.half
    others = v.sample([c for c in BRIGHT if c != p.colour], 2)
    p.ground(half)
    for x, y, size, colour, star_ in (
        (-half * 0.5, 52, 46, others[0], True),
        (half * 0.5, 52, 46, p.colour, False),
        (0, 5, 46, others[1], True),
    ):
        p.solid(box(x - size / 2, y, x + size / 2, y + size, 5), colour, 1.3)
        p.flat(box(x - size * 0.36, y + size * 0.14, x + size * 0.36, y + size * 0.86, 4), light(colour, 0.55))
        p.flat(star(x, y + size * 0.52, size * 0.26) if star_ else oval(x, y + size / 2, size * 0.2), colour)


def toy_duck(p: ThingPen) -> None:
    """For the bath."""
    half = p.half
    p.ground(half * 0.8)
    p.solid(
        blob(
            (-half * 0.7, 60),
            (0, 52),
            (half * 0.5, 58),
            (half * 0.96, 36),
            (half * 0.84, 84),
            (0, 99),
            (-half * 0.8, 88),
        ),
        p.colour,
        1.4,
    )
    p.solid(oval(-half * 0.3, 32, 31), p.colour, 1.3)
    p.solid(
        blob((-half * 0.72, 34), (-half * 1.0, 40), (-half * 0.94, 50), (-half * 0.6, 48)),
        (244, 130, 50) if p.colour != COLOURS["orange"] else (220, 70, 50),
    )
    p.solid(blob((half * 0.06, 66), (half * 0.6, 62), (half * 0.4, 84)), shade(p.colour, 0.14))
    p.eye(-half * 0.42, 26, 5.5)


def book(p: ThingPen) -> None:
    """Open, seen over its top: held by a reader, or lying on a table."""
    half = p.half
    p.ground(half)
    for side in (-1, 1):
        p.solid(poly((0, 14), (side * half, 4), (side * half, 90), (0, 98)), p.colour)
    for side in (-1, 1):
        p.flat(poly((0, 12), (side * half * 0.9, 3), (side * half * 0.9, 22), (0, 32)), (250, 244, 230))
    p.line(((0, 14), (0, 97)), 4, shade(p.colour, 0.35))
    for side in (-1, 1):
        p.flat(box(side * half * 0.5 - half * 0.22, 48, side * half * 0.5 + half * 0.22, 60, 2), light(p.colour, 0.6))


def stack_of_books(p: ThingPen) -> None:
    """Lying on one another; the colour is the largest one's."""
    v, half = p.v, p.half
    many = 3
    p.ground(half)
    for i in range(many):
        colour = p.colour if i == 0 else v.choice([c for c in BRIGHT if c != p.colour])
        wide, shift, top = half * (1 - 0.12 * i), v.uniform(-0.07, 0.07) * half, 99 - 33 * (i + 1)
        p.solid(box(shift - wide, top, shift + wide, top + 32, 4), colour, 1.3)
        p.flat(box(shift - wide * 0.9, top + 6, shift + wide + 0.2, top + 26), (250, 244, 228))
        p.flat(box(shift - wide * 0.9, top + 6, shift - wide * 0.8, top + 26), shade(colour, 0.3))
        for y in (12, 19):
            p.line(((shift - wide * 0.7, top + y), (shift + wide * 0.96, top + y)), 1.4, (214, 204, 186))


def laptop(p: ThingPen) -> None:
    half = p.half
    p.ground(half)
    p.solid(box(-half * 0.8, 2, half * 0.8, 82, 6, 1), p.colour)
    p.sweep(box(-half * 0.72, 9, half * 0.72, 76, 2), (120, 190, 214), (70, 130, 180))
    p.flat(box(-half * 0.58, 20, half * 0.1, 27, 2), CREAM)
    p.flat(box(-half * 0.58, 34, half * 0.4, 40, 2), (206, 232, 240))
    p.flat(box(-half * 0.58, 48, half * 0.24, 54, 2), (206, 232, 240))
    p.solid(poly((-half * 0.8, 82), (half * 0.8, 82), (half, 98), (-half, 98)), light(p.colour, 0.3))
    p.flat(poly((-half * 0.72, 85), (half * 0.72, 85), (half * 0.8, 91), (-half * 0.8, 91)), shade(p.colour, 0.45))


def calculator(p: ThingPen) -> None:
    half = p.half
    p.ground(half)
    p.solid(box(-half, 2, half, 99, 8), p.colour, 1.3)
    p.flat(box(-half * 0.8, 11, half * 0.8, 33, 3), (198, 220, 190))
    for i, x in enumerate((0.28, 0.44, 0.6)):
        p.flat(box(half * x, 16, half * x + half * 0.1, 29), (84, 104, 84) if i != 1 else (104, 124, 104))
    for row in range(3):
        for column in range(4):
            x, y = half * (-0.62 + 0.414 * column), 46 + 18 * row
            tone = COLOURS["orange"] if column == 3 else (248, 244, 236)
            p.flat(box(x - half * 0.15, y - 6, x + half * 0.15, y + 6.5, 3), tone)


def checkers(p: ThingPen) -> None:
    """A board at a slant, with men of two colours."""
    half = p.half
    p.ground(half)

    def at(u: float, w: float) -> tuple[float, float]:
        wide = half * (0.76 + 0.22 * w)
        return wide * (2 * u - 1), 14 + 72 * w

    p.solid(poly((-half * 0.8, 8), (half * 0.8, 8), (half, 88), (half, 99), (-half, 99), (-half, 88)), (120, 76, 52))
    n = 6
    for row in range(n):
        for column in range(n):
            corners = [at((column + i) / n, (row + j) / n) for i, j in ((0, 0), (1, 0), (1, 1), (0, 1))]
            p.flat(
                poly(*corners),
                (250, 234, 204)
                if (row + column) % 2
                else (170, 66, 56)
                if p.colour == COLOURS["red"]
                else shade(p.colour, 0.1),
            )
    for row, column in ((0, 0), (0, 2), (0, 4), (1, 1), (1, 5)):
        x, y = at((column + 0.5) / n, (row + 0.5) / n)
        p.flat(oval(x, y + 2, half * 0.1, 6), (30, 26, 34))
        p.flat(oval(x, y, half * 0.1, 5.5), INK)
    for row, column in ((5, 1), (5, 3), (5, 5), (4, 0), (4, 4), (3, 3)):
        x, y = at((column + 0.5) / n, (row + 0.5) / n)
        p.flat(oval(x, y + 2.4, half * 0.115, 6.5), (190, 180, 172))
        p.flat(oval(x, y, half * 0.115, 6), (255, 252, 244))


def party_hat(p: ThingPen) -> None:
    half = p.half
    p.main(
        blob(
            (0, 3),
            (half * 0.16, 14),
            (half * 0.96, 94),
            (half * 0.5, 98),
            (0, 99),
            (-half * 0.5, 98),
            (-half * 0.96, 94),
            (-half * 0.16, 14),
        ),
        1.4,
        26,
    )
    if not p.pattern:
        for x, y in ((-0.1, 44), (0.3, 66), (-0.4, 78), (0.1, 86)):
            p.flat(oval(half * x, y, 6), partner(p.colour))
    p.solid(oval(0, 5, 12), CREAM if p.colour != COLOURS["white"] else COLOURS["yellow"])


def bow_tie(p: ThingPen) -> None:
    half = p.half
    for side in (-1, 1):
        p.main(
            blob(
                (0, 50),
                (side * half * 0.5, 10),
                (side * half * 0.96, 4),
                (side * half * 0.98, 50),
                (side * half * 0.96, 96),
                (side * half * 0.5, 90),
            ),
            1.3,
            30,
        )
        p.flat(blob((side * half * 0.16, 50), (side * half * 0.5, 40), (side * half * 0.56, 54)), shade(p.colour, 0.35))
    p.solid(box(-half * 0.17, 26, half * 0.17, 74, 10), shade(p.colour, 0.12))


def scarf(p: ThingPen) -> None:
    half = p.half
    p.main(box(half * 0.1, 40, half * 0.44, 150, 6), 1.2, 26)
    p.main(box(-half, 20, half, 84, 30), 1.3, 26)


def crown(p: ThingPen) -> None:
    half = p.half
    p.solid(
        poly((-half * 0.9, 98), (-half, 14), (-half * 0.5, 56), (0, 4), (half * 0.5, 56), (half, 14), (half * 0.9, 98)),
        p.colour,
        1.4,
    )
    for x, y in ((-1, 14), (0, 5), (1, 14)):
        p.flat(oval(half * x * 0.97, y, 9), light(p.colour, 0.5))
    for across in (-0.5, 0, 0.5):
        p.flat(oval(half * across, 78, 9), COLOURS["red"] if p.colour != COLOURS["red"] else CREAM)


def glasses(p: ThingPen) -> None:
    half = p.half
    for side in (-1, 1):
        p.line(oval(side * half * 0.52, 50, half * 0.38), 11, p.colour)
    p.line(curve((-half * 0.14, 46), (0, 36), (half * 0.14, 46)), 10, p.colour)


TOYS = (
    Kind(("ball", "beach ball"), ball, "floor", (75, 110), (1, 1), patterns=CLOTH, together=True),
    Kind(("gift", "present", "gift box"), gift, "floor", (90, 130), (0.86, 1.15), patterns=CLOTH, together=True),
    Kind(("robot", "toy robot"), robot, "floor", (130, 180), (0.76, 0.84), together=True),
    Kind(("rubber duck", "toy duck"), toy_duck, "top", (70, 95), (1.05, 1.15),
         ("yellow", "pink", "blue", "white", "orange", "purple", "green"), together=True),
    Kind(("blocks", "toy blocks", "building blocks"), blocks, "floor", (85, 110), (1.0, 1.1),
         ("red", "yellow", "blue", "green", "orange", "purple")),
    Kind(("stack of {} books", "pile of {} books"), stack_of_books, "top", (60, 85), (1.3, 1.6),
         ("red", "yellow", "blue", "green", "orange", "purple")),
    Kind(("book",), book, "held", (50, 70), (1.4, 1.6)),
    Kind(("laptop", "computer"), laptop, "held", (80, 100), (1.3, 1.5),
         ("grey", "black", "white", "pink", "navy", "teal")),
    Kind(("calculator",), calculator, "held", (60, 80), (1.2, 1.3), ("grey", "black", "navy", "teal", "red", "purple")),
    Kind(("checkers", "checkers board", "game of checkers"), checkers, "held", (55, 70), (1.9, 2.2),
         ("black", "red", "green", "brown", "navy")),
    Kind(("party hat",), party_hat, "worn", (70, 95), (0.72, 0.82), patterns=("", "", "striped", "dotted")),
    Kind(("bow tie",), bow_tie, "worn", (45, 60), (1.8, 2.0), patterns=("", "", "striped", "dotted")),
    Kind(("scarf",), scarf, "worn", (45, 60), (2.5, 2.7), patterns=("", "striped", "checked")),
    Kind(("crown",), crown, "worn", (55, 75), (1.3, 1.4), ("yellow",)),
    Kind(("glasses", "pair of glasses"), glasses, "worn", (40, 50), (2.6, 2.8),
         ("black", "red", "brown", "blue", "purple")),
)  # fmt: skip
