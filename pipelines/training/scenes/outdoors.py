"""Places under the sky: the sky of an hour, what is far, what is near."""

from random import Random

import numpy as np

from pipelines.training.scenes.palette import CREAM, Rgb, light, mixed, shade
from pipelines.training.scenes.pen import View
from pipelines.training.scenes.setting import FAR, HEIGHT, WIDTH, Setting, band, ridge, stripe
from pipelines.training.scenes.shapes import blob, box, curve, oval, poly

HOURS: dict[str, tuple[Rgb, Rgb]] = {
    "day": ((128, 190, 228), (222, 238, 238)),
    "sunset": ((236, 142, 124), (255, 224, 168)),
    "night": ((36, 42, 88), (92, 92, 150)),
}


def _sky(p: View, v: Random, horizon: float, hour: str) -> None:
    top, bottom = HOURS[hour]
    band(p, -FAR, -100, top, top)
    band(p, -100, horizon + 30, top, bottom)
    if hour == "night":
        for _ in range(46):
            x, y, r = v.uniform(-100, WIDTH + 100), v.uniform(-60, horizon - 60), v.choice((2, 2.5, 3.5))
            if p.near(x, y, 4):
                p.flat(oval(x, y, r), (255, 246, 214))
    else:
        for _ in range(v.choice((0, 2, 3))):  # thin clouds, far away
            x, y, wide = v.uniform(-100, WIDTH), v.uniform(40, horizon * 0.55), v.uniform(90, 200)
            if p.sees(x, y - 14, x + wide, y + 16):
                p.flat(box(x, y, x + wide, y + 16, 8), light(top, 0.3))
                p.flat(box(x + wide * 0.3, y - 14, x + wide * 0.75, y + 10, 10), light(top, 0.3))


def _dimmed(colour: Rgb, hour: str) -> Rgb:
    return {"day": colour, "sunset": mixed(colour, (222, 132, 112), 0.22), "night": mixed(colour, (34, 38, 84), 0.58)}[
        hour
    ]


GRASS, SAND, SEA, SNOW, ROAD = (138, 178, 104), (242, 214, 160), (70, 158, 184), (240, 246, 250), (128, 128, 140)


def _ground(p: View, y: float, colour: Rgb) -> None:
    band(p, y, HEIGHT + 60, shade(colour, 0.06), light(colour, 0.18))
    band(p, HEIGHT + 60, HEIGHT + FAR, light(colour, 0.18), light(colour, 0.18))


def _tufts(p: View, v: Random, horizon: float, colour: Rgb, count: int) -> None:
    for _ in range(count):
        x, y = v.uniform(-100, WIDTH + 100), v.uniform(horizon + 20, HEIGHT + 40)
        r = 5 + (y - horizon) / 30
        if p.near(x, y - r, 2 * r):
            p.flat(
                poly(
                    (x - r, y),
                    (x - r * 0.7, y - r * 1.4),
                    (x - r * 0.1, y - r * 0.3),
                    (x, y - r * 2),
                    (x + r * 0.3, y - r * 0.3),
                    (x + r * 0.8, y - r * 1.3),
                    (x + r, y),
                ),
                colour,
            )


def park(p: View, v: Random, s: Setting) -> None:
    horizon, hour = s.horizon, s.hour
    grass = _dimmed(v.choice((GRASS, (120, 168, 104), (160, 186, 104))), hour)
    _sky(p, v, horizon, hour)
    p.flat(ridge(v, horizon + 20, 110, 150, True), mixed(grass, HOURS[hour][1], 0.5))
    p.flat(ridge(v, horizon + 30, 50, 220, True), mixed(grass, HOURS[hour][1], 0.25))
    _ground(p, horizon, grass)
    if v.random() < 0.6:
        x = v.uniform(300, 850)
        path = blob(
            (x, horizon),
            (x + 26, horizon),
            (x + 40, horizon + 60),
            (x + 10, horizon + 140),
            (x + 240, HEIGHT + 200),
            (x - 240, HEIGHT + 200),
            (x - 110, horizon + 140),
            (x - 10, horizon + 50),
        )
        p.flat(path, _dimmed((236, 212, 168), hour))
    _tufts(p, v, horizon, shade(grass, 0.14), 22)


def mountains(p: View, v: Random, s: Setting) -> None:
    horizon, hour = s.horizon, s.hour
    _sky(p, v, horizon, hour)
    rock = _dimmed(v.choice(((132, 142, 170), (154, 140, 158), (118, 148, 160))), hour)
    for far, rise in ((0.45, 330), (0.1, 250)):
        tone = mixed(rock, HOURS[hour][1], far)
        count = 5
        for i in range(count):
            x, high = -100 + 1350 * (i + v.uniform(0.2, 0.8)) / count, rise * v.uniform(0.6, 1)
            wide, top, base = high * v.uniform(0.8, 1.1), horizon + 20 - high, horizon + 24
            p.sweep(poly((x - wide, base), (x, top), (x + wide, base)), light(tone, 0.14), tone)
            p.flat(
                poly((x, top), (x + wide, base), (x + wide * 0.12, base), (x + wide * 0.05, top + high * 0.5)),
                shade(tone, 0.16),
            )
            if far < 0.4 or high > 200:
                k, snow = 0.3, mixed((252, 252, 252), HOURS[hour][0], 0.1 if hour == "day" else 0.3)
                cap = poly((x, top), (x + wide * k, top + high * k), (x + wide * 0.12, top + high * 0.24),
                           (x + wide * 0.02, top + high * 0.36), (x - wide * 0.1, top + high * 0.24),
                           (x - wide * k, top + high * k))  # fmt: skip
                p.flat(cap, snow)
    grass = _dimmed((132, 170, 110), hour)
    p.flat(ridge(v, horizon + 26, 60, 240, True), mixed(grass, rock, 0.4))
    _ground(p, horizon + 14, grass)
    _tufts(p, v, horizon, shade(grass, 0.14), 20)


def _water(p: View, v: Random, top: float, bottom: float, hour: str) -> None:
    sea = _dimmed(SEA, hour)
    band(p, top, bottom, light(sea, 0.3), sea)
    if bottom > HEIGHT:
        band(p, bottom, HEIGHT + FAR, sea, sea)
    for _ in range(26):
        y = v.uniform(top + 8, min(bottom, HEIGHT + 40))
        x, wide = v.uniform(-100, WIDTH + 60), 20 + (y - top) * v.uniform(0.15, 0.4)
        if p.sees(x, y, x + wide, y + 9):
            p.flat(box(x, y, x + wide, y + 3 + (y - top) / 60, 3), light(sea, 0.34))


def beach(p: View, v: Random, s: Setting) -> None:
    horizon, hour = s.horizon, s.hour
    _sky(p, v, horizon, hour)
    if v.random() < 0.4:
        x = v.uniform(0, WIDTH)
        p.flat(
            blob((x - 220, horizon + 4), (x - 90, horizon - 40), (x + 40, horizon - 56), (x + 230, horizon + 4)),
            mixed(_dimmed(GRASS, hour), HOURS[hour][1], 0.35),
        )
    _water(p, v, horizon, horizon + 130, hour)
    shore, sand = horizon + 104, _dimmed(SAND, hour)
    line = curve(*((x, shore + v.uniform(-9, 9)) for x in range(-400, WIDTH + 500, 110)))
    below = np.array([(WIDTH + FAR, shore), (WIDTH + FAR, HEIGHT + FAR), (-FAR, HEIGHT + FAR), (-FAR, shore)])
    p.flat(np.concatenate([line - (0, 11), below]), light(_dimmed((236, 246, 244), hour), 0.1))
    p.flat(np.concatenate([line, below]), shade(sand, 0.1))
    p.sweep(np.concatenate([line + np.array((0, 14)), below]), sand, light(sand, 0.3))
    for _ in range(26):
        x, y = v.uniform(-100, WIDTH + 100), v.uniform(shore + 40, HEIGHT + 30)
        if p.near(x, y, 9):
            p.flat(oval(x, y, 4 + (y - shore) / 90, 2.4), shade(sand, 0.12))


def sea(p: View, v: Random, s: Setting) -> None:
    horizon, hour = s.horizon, s.hour
    _sky(p, v, horizon, hour)
    if v.random() < 0.5:
        x = v.uniform(0, WIDTH)
        p.flat(
            blob(
                (x - 260, horizon + 6),
                (x - 110, horizon - 50),
                (x + 20, horizon - 74),
                (x + 120, horizon - 34),
                (x + 250, horizon + 6),
            ),
            mixed(_dimmed((118, 142, 150), hour), HOURS[hour][1], 0.3),
        )
    _water(p, v, horizon, HEIGHT + 60, hour)


def street(p: View, v: Random, s: Setting) -> None:
    horizon, hour = s.horizon, s.hour
    _sky(p, v, horizon, hour)
    far = mixed(_dimmed((150, 158, 180), hour), HOURS[hour][1], 0.4)
    x = -420.0
    while x < WIDTH + 420:  # roofs far away
        wide, high = v.uniform(70, 140), v.uniform(90, 250)
        if p.sees(x, horizon - high, x + wide, horizon + 30):
            p.flat(
                box(x, horizon - high, x + wide, horizon + 30), (far, light(far, 0.15), shade(far, 0.08))[int(high) % 3]
            )
        if v.random() < 0.4:
            p.flat(
                poly((x, horizon - high), (x + wide / 2, horizon - high - 44), (x + wide, horizon - high)),
                shade(far, 0.1),
            )
        x += wide + v.uniform(0, 14)
    pavement, road = _dimmed((214, 206, 200), hour), _dimmed(ROAD, hour)
    _ground(p, horizon, pavement)
    for i in range(-6, 22):
        if p.sees(i * 74 - 60, horizon, i * 84 + 10, horizon + 66):
            p.flat(
                poly(
                    (i * 74, horizon), (i * 74 + 3, horizon), (i * 84 - 50, horizon + 66), (i * 84 - 54, horizon + 66)
                ),
                shade(pavement, 0.12),
            )
    stripe(p, horizon + 64, 12, light(pavement, 0.4))
    stripe(p, horizon + 76, 8, shade(pavement, 0.3))
    band(p, horizon + 84, HEIGHT + 60, shade(road, 0.12), road)
    band(p, HEIGHT + 60, HEIGHT + FAR, road, road)
    for i in range(-4, 12):
        x = i * 170 + 30
        if p.sees(x - 8, horizon + 172, x + 92, horizon + 184):
            p.flat(
                poly((x, horizon + 172), (x + 92, horizon + 172), (x + 88, horizon + 184), (x - 8, horizon + 184)),
                _dimmed((248, 240, 222), hour),
            )


def winter(p: View, v: Random, s: Setting) -> None:
    horizon, hour = s.horizon, s.hour
    top = {"day": ((176, 208, 230), (236, 240, 244))}.get(hour, HOURS[hour])
    _sky(p, v, horizon, hour)
    snow = _dimmed(SNOW, hour)
    far = mixed(_dimmed((106, 142, 144), hour), top[1], 0.5)
    for i in range(20):
        x, high = -250 + i * 84 + v.uniform(-20, 20), v.uniform(90, 190)
        if p.sees(x - high * 0.3, horizon - high, x + high * 0.3, horizon + 30):
            p.flat(
                poly((x - high * 0.3, horizon + 30), (x, horizon - high), (x + high * 0.3, horizon + 30)),
                (far, light(far, 0.2))[i % 2],
            )
    p.flat(ridge(v, horizon + 24, 56, 230, True), mixed(snow, top[0], 0.14))
    _ground(p, horizon + 10, mixed(snow, top[0], 0.06))
    for _ in range(8):
        x, y = v.uniform(-60, WIDTH + 60), v.uniform(horizon + 50, HEIGHT)
        wide = v.uniform(50, 120)
        if p.sees(x - wide, y - 7, x + wide, y + 7):
            p.flat(oval(x, y, wide, 7), mixed(snow, (150, 176, 212), 0.22))
    for _ in range(40):
        x, y, r = v.uniform(-60, WIDTH + 60), v.uniform(-60, HEIGHT), v.uniform(2.5, 4.5)
        if p.near(x, y, r):
            p.flat(oval(x, y, r), (255, 255, 255))


def desert(p: View, v: Random, s: Setting) -> None:
    horizon, hour = s.horizon, s.hour
    _sky(p, v, horizon, hour)
    sand = _dimmed((234, 188, 122), hour)
    for far, rise in ((0.45, 120), (0.2, 70)):
        p.flat(ridge(v, horizon + 20, rise, 260, True), mixed(shade(sand, 0.1), HOURS[hour][1], far))
    _ground(p, horizon + 10, sand)
    for i in range(6):
        y = horizon + 40 + i * i * 9 + v.uniform(0, 20)
        x = v.uniform(-100, 800)
        p.line(curve((x, y), (x + 120, y - 9), (x + 240, y + 5), (x + 380, y - 4)), 3 + i * 0.6, shade(sand, 0.13))


def sky(p: View, v: Random, s: Setting) -> None:
    """High up: nothing but sky, and hills at the lower edge."""
    horizon, hour = s.horizon, s.hour
    _sky(p, v, horizon, hour)
    ground = _dimmed((116, 154, 128), hour)
    p.flat(ridge(v, horizon + 34, 70, 210, True), mixed(ground, HOURS[hour][1], 0.4))
    p.flat(ridge(v, horizon + 64, 50, 260, True), mixed(ground, HOURS[hour][1], 0.12))


def under_water(p: View, v: Random, s: Setting) -> None:
    horizon = s.horizon
    top, deep = (112, 200, 214), (32, 92, 140)
    band(p, -FAR, -40, top, top)
    band(p, -40, horizon + 60, top, deep)
    for _ in range(4):
        x = v.uniform(-100, WIDTH)
        p.soft(x, 80, 90, 520, CREAM, 0.22)
    sand = (214, 198, 158)
    line = ridge(v, horizon + 20, 40, 190, True)
    p.flat(line - (0, 36), mixed(deep, sand, 0.3))
    p.sweep(line, mixed(sand, deep, 0.3), sand)
    for _ in range(v.choice((3, 5, 7))):
        x, y, high = v.uniform(0, WIDTH), horizon + v.uniform(20, 120), v.uniform(90, 220)
        green = v.choice(((52, 140, 116), (84, 160, 104), (206, 110, 110)))
        for dx in (-22, 0, 20):
            sway = v.uniform(-18, 18)
            p.line(
                curve(
                    (x + dx, y),
                    (x + dx + sway, y - high * 0.35),
                    (x + dx - sway, y - high * 0.7),
                    (x + dx + sway * 0.6, y - high),
                ),
                11,
                green,
            )
    for _ in range(14):
        x, y, r = v.uniform(0, WIDTH), v.uniform(20, horizon), v.uniform(4, 11)
        if p.near(x, y, r):
            p.flat(oval(x, y, r), mixed(top, (255, 255, 255), 0.5))
            p.flat(oval(x, y, r * 0.7), mixed(top, deep, 0.25))
