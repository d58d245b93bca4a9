"""The things of the drawn world: how each kind is drawn into its box, and how large it is.

Every function draws one kind into a box (x, y, w, h) of the plane in a colour; `v` is the thing's own random stream, so
that the same thing is drawn the same in every window.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import cos, pi, sin
from random import Random

from pipelines.evaluation.rooms.brush import Brush
from pipelines.evaluation.rooms.palette import COLOURS, LEAVES, SKIES, WOOD, Rgb, mixed, toned

Draw = Callable[[Brush, float, float, float, float, Rgb, Random], None]


# Points read better in rows.
# fmt: off

def couch(b: Brush, x: float, y: float, w: float, h: float, colour: Rgb, v: Random) -> None:
    arm, seats, rounded = w * v.uniform(0.1, 0.15), v.choice((2, 2, 3)), h * v.uniform(0.08, 0.2)
    wood = v.choice(WOOD)
    for leg in (x + arm * 0.5, x + w - arm * 0.9):
        b.rect(leg, y + h * 0.86, w * 0.025, h * 0.14, wood)
    b.rect(x + arm * 0.5, y, w - arm, h * 0.75, toned(colour, -0.18), rounded)
    inner = w - 2 * arm
    for i in range(seats):
        left, width = x + arm + inner * i / seats, inner / seats
        b.rect(left + 2, y + h * 0.07, width - 4, h * 0.5, colour, rounded)
    b.rect(x + arm * 0.6, y + h * 0.62, w - arm * 1.2, h * 0.28, toned(colour, -0.3), rounded * 0.5)
    for i in range(seats):
        left, width = x + arm + inner * i / seats, inner / seats
        b.rect(left + 1, y + h * 0.5, width - 2, h * 0.22, toned(colour, 0.16), rounded * 0.7)
    for left in (x, x + w - arm):
        b.rect(left, y + h * 0.3, arm, h * 0.6, toned(colour, -0.08), rounded)
        b.rect(left + arm * 0.12, y + h * 0.3, arm * 0.76, h * 0.12, toned(colour, 0.12), rounded)


def armchair(b: Brush, x: float, y: float, w: float, h: float, colour: Rgb, v: Random) -> None:
    arm, rounded, wood = w * v.uniform(0.17, 0.22), w * v.uniform(0.08, 0.2), v.choice(WOOD)
    for leg in (x + w * 0.12, x + w * 0.83):
        b.rect(leg, y + h * 0.84, w * 0.05, h * 0.16, wood)
    b.rect(x + w * 0.12, y, w * 0.76, h * 0.7, toned(colour, -0.16), rounded * 1.5)
    b.rect(x + w * 0.2, y + h * 0.07, w * 0.6, h * 0.5, colour, rounded)
    b.rect(x + w * 0.1, y + h * 0.64, w * 0.8, h * 0.24, toned(colour, -0.3), rounded * 0.4)
    b.rect(x + arm, y + h * 0.52, w - 2 * arm, h * 0.19, toned(colour, 0.16), rounded * 0.6)
    for left in (x, x + w - arm):
        b.rect(left, y + h * 0.36, arm, h * 0.52, toned(colour, -0.08), rounded)
        b.rect(left + arm * 0.12, y + h * 0.36, arm * 0.76, h * 0.1, toned(colour, 0.12), rounded)


def chair(b: Brush, x: float, y: float, w: float, h: float, colour: Rgb, v: Random) -> None:
    leg, slats = w * 0.09, v.choice((0, 2, 3))
    dark = toned(colour, -0.28)
    for left in (x + w * 0.16, x + w * 0.75):
        b.rect(left, y + h * 0.5, leg, h * 0.42, dark)
    b.rect(x + w * 0.06, y, leg, h * 0.6, colour, leg / 2)
    b.rect(x + w * 0.85, y, leg, h * 0.6, colour, leg / 2)
    if slats:
        for i in range(slats):
            b.rect(x + w * 0.08, y + h * (0.06 + 0.36 * i / slats), w * 0.84, h * 0.09, toned(colour, 0.06))
    else:
        b.rect(x + w * 0.08, y + h * 0.03, w * 0.84, h * 0.36, toned(colour, 0.06), w * 0.1)
    b.polygon([(x + w * 0.06, y + h * 0.5), (x + w * 0.94, y + h * 0.5), (x + w, y + h * 0.6), (x, y + h * 0.6)],
              toned(colour, 0.2))
    b.rect(x, y + h * 0.6, w, h * 0.06, toned(colour, -0.1))
    for left in (x + w * 0.01, x + w * 0.9):
        b.rect(left, y + h * 0.63, leg, h * 0.37, toned(colour, -0.04))


def table(b: Brush, x: float, y: float, w: float, h: float, colour: Rgb, v: Random) -> None:
    if v.random() < 0.4:  # round
        top = h * v.uniform(0.34, 0.46)
        for share in (0.2, 0.5, 0.76):
            b.rect(x + w * share, y + top * 0.5, w * 0.035, h - top * 0.5, toned(colour, -0.34))
        b.ellipse(x, y + h * 0.08, w, top, toned(colour, -0.22))
        b.ellipse(x, y, w, top, toned(colour, 0.08))
        b.ellipse(x + w * 0.1, y + top * 0.12, w * 0.62, top * 0.6, toned(colour, 0.18))
    else:
        inset, top = w * v.uniform(0.05, 0.12), h * v.uniform(0.26, 0.36)
        for left in (x + inset * 1.6, x + w - inset * 1.6 - w * 0.04):
            b.rect(left, y + top, w * 0.04, h * 0.5, toned(colour, -0.4))
        b.polygon([(x + inset, y), (x + w - inset, y), (x + w, y + top), (x, y + top)], toned(colour, 0.14))
        b.rect(x, y + top, w, h * 0.13, toned(colour, -0.12))
        for left in (x + w * 0.02, x + w * 0.93):
            b.rect(left, y + top + h * 0.1, w * 0.05, h * 0.9 - top, toned(colour, -0.24))


def lamp(b: Brush, x: float, y: float, w: float, h: float, colour: Rgb, v: Random) -> None:
    metal, taper = v.choice((*WOOD, (60, 60, 66), (196, 164, 96))), v.uniform(0.08, 0.28)
    shade = h * v.uniform(0.26, 0.34)
    middle = x + w / 2
    if v.random() < 0.25:  # tripod
        for foot in (x + w * 0.1, middle, x + w * 0.9):
            b.line([(middle, y + shade * 0.9), (foot, y + h)], w * 0.05, metal)
    else:
        b.rect(middle - w * 0.03, y + shade * 0.8, w * 0.06, h - shade * 0.8, metal)
        b.ellipse(x + w * 0.2, y + h * 0.955, w * 0.6, h * 0.045, toned(metal, -0.2))
    b.polygon([(x + w * taper, y), (x + w - w * taper, y), (x + w, y + shade), (x, y + shade)], colour)
    b.polygon([(x + w * (taper + 0.16), y), (x + w * 0.5, y), (x + w * 0.5, y + shade), (x + w * 0.2, y + shade)],
              toned(colour, 0.3))
    b.rect(x, y + shade - h * 0.014, w, h * 0.014, toned(colour, -0.25))


def painting(b: Brush, x: float, y: float, w: float, h: float, colour: Rgb, v: Random) -> None:
    frame, line = v.choice((*WOOD, (60, 60, 66), (214, 178, 96), (238, 234, 226))), min(w, h) * 0.07
    b.rect(x, y, w, h, toned(frame, -0.15))
    b.rect(x + line * 0.3, y + line * 0.3, w - line * 0.6, h - line * 0.6, frame)
    x, y, w, h = x + line, y + line, w - 2 * line, h - 2 * line
    b.rect(x, y, w, h, toned(colour, 0.1))
    motif = v.choice(("hills", "circles", "stripes", "blocks"))
    if motif == "hills":
        b.disc(x + w * v.uniform(0.25, 0.75), y + h * 0.32, min(w, h) * 0.13, toned(colour, 0.6))
        b.polygon([(x, y + h * 0.7), (x + w * 0.3, y + h * 0.45), (x + w * 0.65, y + h * 0.75), (x + w, y + h * 0.55),
                   (x + w, y + h), (x, y + h)], toned(colour, -0.18))
        b.polygon([(x, y + h * 0.9), (x + w * 0.6, y + h * 0.66), (x + w, y + h * 0.85), (x + w, y + h), (x, y + h)],
                  toned(colour, -0.38))
    elif motif == "circles":
        b.disc(x + w * 0.38, y + h * 0.45, min(w, h) * 0.26, toned(colour, -0.3))
        b.disc(x + w * 0.62, y + h * 0.58, min(w, h) * 0.22, toned(colour, 0.45))
    elif motif == "stripes":
        for i in range(3):
            b.rect(x, y + h * (0.14 + 0.29 * i), w, h * 0.13, toned(colour, -0.25 if i % 2 else 0.4))
    else:
        b.rect(x + w * 0.12, y + h * 0.14, w * 0.4, h * 0.5, toned(colour, -0.28))
        b.rect(x + w * 0.42, y + h * 0.4, w * 0.44, h * 0.44, toned(colour, 0.4))


def window(b: Brush, x: float, y: float, w: float, h: float, colour: Rgb, v: Random) -> None:
    sky, line = v.choice(SKIES), min(w, h) * 0.06
    curtains = v.random() < 0.5
    left, width = (x + w * 0.1, w * 0.8) if curtains else (x, w)
    b.rect(left, y, width, h * 0.96, toned(colour, -0.05))
    b.rect(left + line, y + line, width - 2 * line, h * 0.96 - 2 * line, sky)
    b.disc(left + width * v.uniform(0.25, 0.75), y + h * 0.3, line * 1.5, toned(sky, 0.6))
    b.rect(left + width / 2 - line * 0.4, y, line * 0.8, h * 0.96, colour)
    b.rect(left, y + h * v.uniform(0.36, 0.5), width, line * 0.8, colour)
    b.rect(left - line * 0.5, y + h * 0.95, width + line, h * 0.05, toned(colour, -0.2))
    if curtains:
        for start, sign in ((x, 1), (x + w, -1)):
            b.polygon([(start, y), (start + sign * w * 0.28, y), (start + sign * w * 0.16, y + h), (start, y + h)],
                      colour)
            b.polygon([(start + sign * w * 0.1, y), (start + sign * w * 0.17, y), (start + sign * w * 0.1, y + h),
                       (start + sign * w * 0.06, y + h)], toned(colour, -0.15))
        b.rect(x - w * 0.02, y - h * 0.01, w * 1.04, h * 0.03, toned(colour, -0.35))


def pot(b: Brush, x: float, y: float, w: float, h: float, colour: Rgb) -> None:
    b.polygon([(x, y), (x + w, y), (x + w * 0.84, y + h), (x + w * 0.16, y + h)], colour)
    b.polygon([(x + w * 0.1, y), (x + w * 0.34, y), (x + w * 0.38, y + h), (x + w * 0.22, y + h)], toned(colour, 0.22))
    b.rect(x - w * 0.05, y - h * 0.02, w * 1.1, h * 0.2, toned(colour, -0.14))


def plant(b: Brush, x: float, y: float, w: float, h: float, colour: Rgb, v: Random) -> None:
    green, share = v.choice(LEAVES), v.uniform(0.3, 0.38)
    root = (x + w / 2, y + h * (1 - share))
    if v.random() < 0.5:  # long leaves from the root
        for i in range(n := v.randint(7, 10)):
            angle = (i / (n - 1) - 0.5) * 2.1
            length = (h * (1 - share)) * (1 - 0.32 * abs(angle))
            b.leaf(root, angle, length, w * 0.16, toned(green, v.uniform(-0.2, 0.18)))
    else:  # round leaves on stems
        for i in range(n := v.randint(8, 12)):
            angle, reach = (i / (n - 1) - 0.5) * 2.4, h * (1 - share) * v.uniform(0.5, 0.88)
            tip = (root[0] + sin(angle) * min(reach, w * 0.42), root[1] - cos(angle) * reach)
            b.line([root, tip], w * 0.02, toned(green, -0.3))
            b.disc(*tip, w * v.uniform(0.08, 0.13), toned(green, v.uniform(-0.15, 0.2)))
    pot(b, x + w * 0.25, y + h * (1 - share), w * 0.5, h * share, colour)


def vase(b: Brush, x: float, y: float, w: float, h: float, colour: Rgb, v: Random) -> None:
    share, middle = v.uniform(0.42, 0.52), x + w / 2
    top, petals = y + h * (1 - share), COLOURS[v.choice(("red", "yellow", "pink", "purple", "white", "orange"))]
    green = v.choice(LEAVES)
    for i in range(n := v.choice((3, 4, 5))):
        angle = (i / (n - 1) - 0.5) * 1.3
        tip = (middle + sin(angle) * w * 0.55, y + w * 0.14 + (1 - cos(angle)) * h * 0.3)
        b.line([(middle, top + 4), tip], w * 0.03, toned(green, -0.15))
        b.leaf((middle + (tip[0] - middle) * 0.5, (top + tip[1]) / 2), angle * 2, w * 0.3, w * 0.12, green)
        for k in range(5):
            turn = 2 * pi * k / 5
            b.disc(tip[0] + cos(turn) * w * 0.075, tip[1] + sin(turn) * w * 0.075, w * 0.07, petals)
        b.disc(*tip, w * 0.05, toned(petals, -0.35))
    belly, neck, height = w * v.uniform(0.28, 0.4), w * v.uniform(0.12, 0.2), h * share
    profile = [(neck, 0), (neck * 0.85, 0.16), (belly, 0.5), (belly * 0.92, 0.74), (belly * 0.55, 1)]
    b.polygon([(middle + r, top + t * height) for r, t in profile]
              + [(middle - r, top + t * height) for r, t in reversed(profile)], colour)
    b.polygon([(middle - r * 0.72, top + t * height) for r, t in profile[1:4]]
              + [(middle - r * 0.35, top + t * height) for r, t in reversed(profile[1:4])], toned(colour, 0.32))
    b.rect(middle - neck * 1.1, top - height * 0.02, neck * 2.2, height * 0.07, toned(colour, -0.2))


def clock(b: Brush, x: float, y: float, w: float, h: float, colour: Rgb, v: Random) -> None:
    middle, centre, radius = x + w / 2, y + h / 2, min(w, h) / 2
    square, face = v.random() < 0.2, v.choice(((250, 248, 240), (250, 248, 240), toned(colour, 0.75)))
    if square:
        b.rect(middle - radius, centre - radius, 2 * radius, 2 * radius, colour, radius * 0.3)
    else:
        b.disc(middle, centre, radius, toned(colour, -0.1))
        b.disc(middle, centre, radius * 0.96, colour)
    b.disc(middle, centre, radius * 0.74, face)
    for i in range(12):
        turn, inner = pi * i / 6, 0.56 if i % 3 else 0.5
        b.line([(middle + sin(turn) * radius * inner, centre - cos(turn) * radius * inner),
                (middle + sin(turn) * radius * 0.66, centre - cos(turn) * radius * 0.66)], radius * 0.05, (60, 60, 66))
    for turn, length, width in ((v.uniform(0, 2 * pi), 0.34, 0.09), (v.uniform(0, 2 * pi), 0.54, 0.06)):
        tip = (middle + sin(turn) * radius * length, centre - cos(turn) * radius * length)
        b.line([(middle, centre), tip], radius * width, (40, 40, 46))
    b.disc(middle, centre, radius * 0.07, (40, 40, 46))


def rug(b: Brush, x: float, y: float, w: float, h: float, colour: Rgb, v: Random) -> None:
    if v.random() < 0.5:
        b.ellipse(x, y, w, h, toned(colour, -0.15))
        b.ellipse(x + w * 0.02, y + h * 0.03, w * 0.96, h * 0.92, colour)
        b.ellipse(x + w * 0.12, y + h * 0.14, w * 0.76, h * 0.7, toned(colour, 0.3))
        b.ellipse(x + w * 0.18, y + h * 0.2, w * 0.64, h * 0.58, colour)
    else:
        lean = w * v.uniform(0.06, 0.12)

        def band(a: float, z: float) -> list[tuple[float, float]]:
            """The part of the rug from share a to share z of its depth."""
            return [(x + lean * (1 - a), y + h * a), (x + w - lean * (1 - a), y + h * a),
                    (x + w - lean * (1 - z), y + h * z), (x + lean * (1 - z), y + h * z)]

        b.polygon(band(0, 1), colour)
        for a in (0.12, 0.72):
            b.polygon(band(a, a + 0.15), toned(colour, 0.35))
        b.polygon(band(0.95, 1), toned(colour, -0.25))


def shelf(b: Brush, x: float, y: float, w: float, h: float, colour: Rgb, v: Random) -> None:
    line, rows = w * 0.06, v.choice((3, 4))
    b.rect(x, y, w, h, colour)
    for row in range(rows):
        top = y + line + (h - line) * row / rows
        height = (h - line) / rows - line
        b.rect(x + line, top, w - 2 * line, height, toned(colour, -0.42))
        at = x + line * 1.3
        while at < x + w - line * 2.2 and v.random() < 0.93:
            width, tall = w * v.uniform(0.05, 0.09), height * v.uniform(0.6, 0.92)
            width = min(width, x + w - line * 1.2 - at)
            b.rect(at, top + height - tall, width, tall, mixed(COLOURS[v.choice(list(COLOURS))], (200, 190, 170), 0.35))
            at += width + w * v.choice((0.008, 0.008, 0.1))
    b.rect(x - w * 0.02, y, w * 1.04, line * 0.9, toned(colour, 0.16))


def cat(b: Brush, x: float, y: float, w: float, h: float, colour: Rgb, v: Random) -> None:
    flip = v.random() < 0.5

    def at(px: float) -> float:
        return x + w * (1 - px if flip else px)

    def oval(px: float, py: float, pw: float, ph: float, tone: Rgb) -> None:
        b.ellipse(x + w * (1 - px - pw if flip else px), y + h * py, w * pw, h * ph, tone)

    dark, light = toned(colour, -0.25), toned(colour, 0.28)
    b.line([(at(0.8), y + h * 0.86), (at(0.95), y + h * 0.74), (at(0.93), y + h * 0.5), (at(0.99), y + h * 0.4)],
           w * 0.07, dark)
    oval(0.34, 0.4, 0.56, 0.6, colour)
    oval(0.2, 0.42, 0.4, 0.56, colour)
    oval(0.27, 0.52, 0.22, 0.36, light)
    for px in (0.24, 0.42):
        oval(px, 0.88, 0.16, 0.12, light)
    oval(0.06, 0.12, 0.5, 0.44, colour)
    for px, lean in ((0.1, -0.02), (0.38, 0.02)):
        b.polygon([(at(px), y + h * 0.26), (at(px + 0.07 + lean), y), (at(px + 0.16), y + h * 0.2)], dark)
    eyes: Rgb = v.choice(((244, 208, 80), (130, 196, 110), (120, 180, 220)))
    for px in (0.17, 0.37):
        oval(px, 0.27, 0.09, 0.1, eyes)
        oval(px + 0.03, 0.28, 0.03, 0.08, (30, 30, 34))
    oval(0.22, 0.38, 0.2, 0.13, light)
    oval(0.29, 0.385, 0.06, 0.04, (216, 120, 120))


def mirror(b: Brush, x: float, y: float, w: float, h: float, colour: Rgb, v: Random) -> None:
    line, glass = min(w, h) * 0.1, (206, 224, 230)
    if v.random() < 0.6:
        b.ellipse(x, y, w, h, toned(colour, -0.08))
        b.ellipse(x + line * 0.25, y + line * 0.25, w - line * 0.5, h - line * 0.5, colour)
        b.ellipse(x + line, y + line, w - 2 * line, h - 2 * line, glass)
    else:
        b.rect(x, y, w, h, toned(colour, -0.08), line)
        b.rect(x + line * 0.25, y + line * 0.25, w - line * 0.5, h - line * 0.5, colour, line)
        b.rect(x + line, y + line, w - 2 * line, h - 2 * line, glass)
    for shift in (0.0, 0.13):
        b.polygon([(x + w * (0.3 + shift), y + h * 0.62), (x + w * (0.52 + shift), y + h * 0.26),
                   (x + w * (0.58 + shift), y + h * 0.28), (x + w * (0.36 + shift), y + h * 0.64)], (236, 244, 246))


# fmt: on
@dataclass(frozen=True)
class Kind:
    """nouns: what people call it, the first is its name. place: "wall", "floor" or "rug" (flat on the floor).
    width, height: least and most, in units of a room 1152 wide and 768 high."""

    nouns: tuple[str, ...]
    draw: Draw
    place: str
    width: tuple[float, float]
    height: tuple[float, float]


KINDS: dict[str, Kind] = {
    kind.nouns[0]: kind
    for kind in (
        Kind(("couch", "sofa"), couch, "floor", (280, 400), (140, 190)),
        Kind(("armchair",), armchair, "floor", (160, 210), (170, 220)),
        Kind(("chair",), chair, "floor", (100, 140), (190, 240)),
        Kind(("table", "coffee table"), table, "floor", (200, 310), (100, 150)),
        Kind(("lamp", "floor lamp"), lamp, "floor", (100, 150), (280, 360)),
        Kind(("painting", "picture"), painting, "wall", (120, 220), (110, 180)),
        Kind(("window",), window, "wall", (150, 240), (180, 260)),
        Kind(("plant", "potted plant"), plant, "floor", (120, 190), (180, 270)),
        Kind(("vase of flowers", "vase"), vase, "floor", (90, 140), (140, 210)),
        Kind(("clock",), clock, "wall", (90, 150), (90, 150)),
        Kind(("rug", "carpet"), rug, "rug", (320, 480), (80, 130)),
        Kind(("bookshelf", "shelf"), shelf, "floor", (150, 220), (260, 360)),
        Kind(("cat",), cat, "floor", (120, 180), (120, 170)),
        Kind(("mirror",), mirror, "wall", (100, 160), (150, 220)),
    )
}
