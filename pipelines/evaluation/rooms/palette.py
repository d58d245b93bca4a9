"""The colours of the drawn world: what a word means, and its lights and shades."""

from colorsys import hls_to_rgb, rgb_to_hls

Rgb = tuple[int, int, int]

COLOURS: dict[str, Rgb] = {
    "red": (204, 52, 50),
    "orange": (238, 132, 44),
    "yellow": (246, 202, 62),
    "green": (84, 158, 82),
    "teal": (32, 148, 148),
    "blue": (52, 102, 196),
    "purple": (130, 80, 172),
    "pink": (242, 142, 172),
    "brown": (134, 88, 54),
    "black": (46, 46, 54),
    "white": (248, 246, 240),
    "grey": (146, 149, 156),
}

WALLS: tuple[Rgb, ...] = (
    (243, 234, 217), (222, 232, 236), (214, 225, 210), (240, 218, 208), (226, 224, 220), (232, 222, 238),
    (250, 240, 214), (205, 219, 226), (196, 208, 190), (235, 204, 178), (88, 106, 128), (120, 138, 118),
)  # fmt: skip

FLOORS: tuple[Rgb, ...] = (
    (190, 146, 104), (164, 118, 82), (212, 178, 138), (128, 92, 68), (200, 196, 188), (172, 176, 178), (222, 206, 184),
)  # fmt: skip

WOOD: tuple[Rgb, ...] = ((140, 96, 60), (108, 72, 46), (184, 138, 92), (72, 52, 40))
LEAVES: tuple[Rgb, ...] = ((70, 140, 78), (52, 112, 66), (104, 160, 78), (62, 128, 100))
SKIES: tuple[Rgb, ...] = ((176, 218, 240), (206, 230, 240), (250, 216, 180), (44, 58, 100))


def toned(colour: Rgb, amount: float) -> Rgb:
    """Lighter for amount > 0, darker for amount < 0; 1 is white, -1 is black."""
    hue, light, saturation = rgb_to_hls(*(c / 255 for c in colour))
    light = light + amount * ((1 - light) if amount > 0 else light)
    red, green, blue = hls_to_rgb(hue, light, saturation)
    return round(red * 255), round(green * 255), round(blue * 255)


def mixed(a: Rgb, b: Rgb, share: float) -> Rgb:
    """`share` of b in a."""
    red, green, blue = (round(p + share * (q - p)) for p, q in zip(a, b, strict=True))
    return red, green, blue
