"""Rooms, and a table seen close up."""

from random import Random

from pipelines.training.scenes.palette import Rgb, light, mixed, shade
from pipelines.training.scenes.pen import View
from pipelines.training.scenes.setting import FAR, HEIGHT, WIDTH, Setting, band, stripe
from pipelines.training.scenes.shapes import box, poly, star

WALLS: dict[str, tuple[Rgb, ...]] = {
    "white": ((246, 240, 230), (240, 236, 228)),
    "yellow": ((250, 226, 168), (246, 232, 190)),
    "pink": ((244, 208, 200), (238, 196, 190)),
    "orange": ((238, 184, 142), (228, 168, 128)),
    "blue": ((180, 208, 224), (120, 158, 190)),
    "green": ((186, 206, 178), (134, 162, 134)),
    "teal": ((150, 200, 194), (84, 140, 142)),
    "purple": ((210, 196, 224), (160, 140, 184)),
    "navy": ((70, 84, 124),),
    "grey": ((204, 204, 208),),
}
FLOORS: tuple[Rgb, ...] = ((200, 154, 108), (178, 130, 90), (220, 184, 142), (146, 104, 74), (214, 200, 182))


def room(p: View, v: Random, s: Setting) -> None:
    """A wall and a floor, or two walls that meet in a corner."""
    horizon, tiled = s.horizon, s.place in ("kitchen", "bathroom")
    tone, floor = v.choice(WALLS[s.wall]), v.choice(FLOORS)
    band(p, -600, horizon, light(tone, 0.3), shade(tone, 0.07))
    band(p, -FAR, -600, light(tone, 0.3), light(tone, 0.3))
    _papered(p, v, horizon, tone, tiled)
    skirting = light(tone, 0.6)
    _boards(p, v, horizon, floor, tiled)
    p.soft(250, horizon - 330, 620, 400, light(tone, 0.6), 0.5)
    stripe(p, horizon - 20, 20, skirting)
    stripe(p, horizon - 3, 5, shade(floor, 0.4))
    if (corner := s.corner) is not None:
        side, slope = 1 if corner > WIDTH / 2 else -1, 0.42
        end = WIDTH / 2 + side * (WIDTH / 2 + FAR)
        low = horizon + abs(end - corner) * slope
        tilted = shade(tone, 0.13 if side > 0 else 0.02)
        p.sweep(
            poly((corner, -FAR), (end, -FAR), (end, low), (corner, horizon)), light(tilted, 0.1), shade(tilted, 0.1)
        )
        p.flat(poly((corner, horizon - 20), (end, low - 26), (end, low), (corner, horizon)), shade(skirting, 0.1))
        p.line(poly((corner, -FAR), (corner, horizon)), 3, shade(tone, 0.25))


def _papered(p: View, v: Random, horizon: float, tone: Rgb, tiled: bool) -> None:
    paper, gap = v.choice(("", "", "stripes", "panels", "dots")), v.uniform(56, 110)
    if tiled:
        line = shade(tone, 0.1)
        for i in range(5):
            stripe(p, horizon - 64 - 52 * i, 2.5, line)
        for row in range(4):
            for x in p.columns(26 * (row % 2), 52):
                p.flat(box(x, horizon - 116 - 52 * row, x + 2.5, horizon - 64 - 52 * row), line)
        return
    if paper == "stripes":
        for x in p.columns(0, gap):
            p.flat(box(x, -FAR, x + gap / 2, horizon), shade(tone, 0.06))
    elif paper == "panels":
        stripe(p, horizon - 150, 150, light(tone, 0.42))
        stripe(p, horizon - 158, 10, light(tone, 0.6))
        stripe(p, horizon - 148, 3, shade(tone, 0.16))
        for x in p.columns(0, gap * 1.4):
            p.flat(box(x, horizon - 146, x + 3, horizon), shade(light(tone, 0.4), 0.12))
    elif paper == "dots":
        for row in range(int((horizon + 400) / gap)):
            y = horizon - 60 - row * gap
            if p.sees(-FAR, y - 9, FAR, y + 9):
                for x in p.columns(0.5 * gap * (row % 2), gap):
                    p.flat(star(x, y, 7, 4, 0.4), light(tone, 0.5))


def _boards(p: View, v: Random, horizon: float, floor: Rgb, tiled: bool) -> None:
    band(p, horizon, HEIGHT + 60, shade(floor, 0.1), light(floor, 0.14))
    band(p, HEIGHT + 60, HEIGHT + FAR, light(floor, 0.14), light(floor, 0.14))
    line, y, step = shade(floor, 0.16), horizon + 18, 24.0
    rows = []
    while y < HEIGHT + 500:
        stripe(p, y, 2 + step / 30, line)
        rows.append((y, step))
        y, step = y + step, step * 1.34
    if tiled:
        for i in range(-14, 15):
            top, end = 576 + i * 46, 577 + i * 130
            if p.sees(min(top, end) - 3, horizon, max(top, end) + 3, HEIGHT + 60):
                p.flat(poly((top, horizon), (top + 2, horizon), (end + 3, HEIGHT + 60), (end - 3, HEIGHT + 60)), line)
        return
    for y, step in rows:
        joint, board = v.uniform(0, 300), v.uniform(260, 420)
        if p.sees(-FAR, y, FAR, y + step):
            for x in p.columns(joint, board):
                p.flat(box(x, y, x + 2 + step / 40, y + step), line)


def table_top(p: View, v: Random, s: Setting) -> None:
    """A table seen close up, before a wall out of focus."""
    horizon, tone = s.horizon, v.choice(WALLS[s.wall])
    band(p, -FAR, horizon, light(tone, 0.3), shade(tone, 0.1))
    p.soft(220, horizon - 300, 700, 420, light(tone, 0.5), 0.6)
    for _ in range(3):
        x = v.uniform(0, WIDTH)
        p.soft(x, v.uniform(60, 300), 150, 150, light(tone, 0.4), 0.5)
    wood = v.choice(FLOORS[:4])
    band(p, horizon, HEIGHT + 200, shade(wood, 0.08), light(wood, 0.2))
    band(p, HEIGHT + 200, HEIGHT + FAR, light(wood, 0.2), light(wood, 0.2))
    if v.random() < 0.35:  # a cloth in checks
        cloth = v.choice(((206, 96, 84), (98, 140, 178), (128, 160, 110), (222, 172, 96)))
        band(p, horizon + 14, HEIGHT + 200, (250, 244, 232), (252, 248, 240))
        stripe(p, HEIGHT + 200, FAR, (252, 248, 240))
        y, step = horizon + 26, 22.0
        while y < HEIGHT + 400:
            stripe(p, y, step * 0.55, mixed(cloth, (252, 246, 236), 0.6))
            y, step = y + step, step * 1.24
        for i in range(-12, 13):
            a, b = 576 + i * 96, 576 + i * 150
            if p.sees(min(a, b), horizon, max(a, b) + 54, HEIGHT + 200):
                p.flat(
                    poly((a, horizon + 14), (a + 34, horizon + 14), (b + 54, HEIGHT + 200), (b, HEIGHT + 200)),
                    mixed(cloth, (252, 246, 236), 0.7),
                )
    else:
        y, step = horizon + 30, 46.0
        while y < HEIGHT + 500:
            stripe(p, y, 3, shade(wood, 0.16))
            x = v.uniform(-200, 500)
            p.flat(box(x, y + step * 0.4, x + v.uniform(200, 500), y + step * 0.4 + 3), shade(wood, 0.08))
            y, step = y + step, step * 1.3
    stripe(p, horizon, 12, light(wood, 0.3))
