"""The colours of the drawn world: what a word means, its lights and shades, and the tones that things share.

A light is the colour with warm cream in it and a shade is the colour with plum in it, so that everything is lit by the
same lamp and any two colours agree.
"""

from functools import lru_cache

Rgb = tuple[int, int, int]

COLOURS: dict[str, Rgb] = {
    "red": (206, 58, 54),
    "orange": (238, 136, 52),
    "yellow": (247, 201, 72),
    "green": (92, 156, 84),
    "teal": (38, 146, 144),
    "blue": (66, 124, 204),
    "navy": (42, 56, 112),
    "purple": (128, 84, 168),
    "pink": (243, 148, 170),
    "brown": (140, 90, 58),
    "black": (50, 46, 56),
    "white": (250, 245, 234),
    "grey": (150, 151, 158),
}

CREAM: Rgb = (255, 244, 218)
PLUM: Rgb = (62, 40, 78)
INK: Rgb = (46, 38, 52)  # eyes, outlines, tyres
METAL: Rgb = (168, 172, 184)
BRASS: Rgb = (214, 168, 84)
GLASS: Rgb = (188, 222, 232)
LEAF: Rgb = (92, 148, 84)
TRUNK: Rgb = (124, 86, 62)
ROSE: Rgb = (240, 150, 146)  # cheeks, noses, the inside of ears
WOODS: tuple[Rgb, ...] = ((176, 124, 76), (150, 100, 60), (198, 148, 98), (120, 78, 52))
LEAVES: tuple[Rgb, ...] = ((92, 148, 84), (70, 132, 88), (124, 160, 82), (58, 118, 92))
PAPERS: tuple[Rgb, ...] = ((250, 240, 220), (226, 236, 240), (250, 226, 206), (226, 238, 220))


@lru_cache(maxsize=4096)
def mixed(a: Rgb, b: Rgb, share: float) -> Rgb:
    """`share` of b in a."""
    red, green, blue = (round(p + share * (q - p)) for p, q in zip(a, b, strict=True))
    return red, green, blue


def light(colour: Rgb, amount: float) -> Rgb:
    """Towards the lamp: amount in 0..1."""
    return mixed(colour, CREAM, amount)


def shade(colour: Rgb, amount: float) -> Rgb:
    """Away from the lamp: amount in 0..1."""
    return mixed(colour, PLUM, amount)


def partner(colour: Rgb) -> Rgb:
    """What a pattern is drawn with on this colour: cream, or a quiet grey where cream would not show."""
    return (166, 168, 188) if sum(colour) > 640 else mixed(colour, (255, 248, 232), 0.85)
