"""The words of captions: what people say for colours, patterns, sizes and deeds, and how they say more than one."""

SPELLINGS: dict[str, tuple[str, ...]] = {
    "red": ("red", "scarlet", "crimson"),
    "orange": ("orange",),
    "yellow": ("yellow", "golden"),
    "green": ("green", "emerald"),
    "teal": ("teal", "turquoise"),
    "blue": ("blue",),
    "navy": ("navy", "navy blue", "dark blue"),
    "purple": ("purple", "violet"),
    "pink": ("pink", "rose"),
    "brown": ("brown",),
    "black": ("black",),
    "white": ("white", "ivory"),
    "grey": ("grey", "gray"),
}
PATTERNS: dict[str, tuple[str, ...]] = {
    "striped": ("striped", "stripy"),
    "dotted": ("dotted", "polka dot", "spotted"),
    "checked": ("checked", "checkered", "plaid"),
    "wooden": ("wooden", "wood"),
}
SIZES: dict[str, tuple[str, ...]] = {"small": ("small", "little", "tiny"), "large": ("large", "big", "huge")}
FORMS: dict[str, tuple[str, ...]] = {
    "round": ("round",),
    "sleeping": ("sleeping",),
    "full": ("full",),
    "crescent": ("crescent",),
}
COUNTS: dict[int, tuple[str, ...]] = {2: ("two", "two", "two", "2", "a pair of"), 3: ("three", "three", "3")}
DEEDS: dict[str, tuple[str, ...]] = {
    "calculator": ("using {}", "with {}"),
    "laptop": ("using {}", "working on {}", "with {}"),
    "book": ("reading {}", "with {}"),
    "checkers": ("playing {}",),
}
HOURS: dict[str, tuple[str, ...]] = {
    "sunset": ("at sunset", "in the evening"),
    "night": ("at night", "in the night"),
}
# what a thing is made of, in the wide world, where it is drawn so
MATERIALS: dict[str, tuple[str, ...]] = {
    "velvet": ("velvet",),
    "leather": ("leather",),
    "knitted": ("knitted", "woolen", "woollen", "knit"),
    "metal": ("metal", "steel", "silver"),
    "glass": ("glass",),
}
HOLDING = ("holding {}",)
WIDE_DEEDS: dict[str, tuple[str, ...]] = {
    **DEEDS,
    "calculator": (*DEEDS["calculator"], *HOLDING),
    "laptop": (*DEEDS["laptop"], *HOLDING),
    "book": (*DEEDS["book"], *HOLDING),
    "gift": (*HOLDING, "with {}"),
    "mug": (*HOLDING, "with {}"),
    "flower": (*HOLDING, "with {}"),
    "pillow": (*HOLDING, "with {}"),
    "guitar": ("playing {}", *HOLDING, "with {}"),
    "pizza slice": ("eating {}", *HOLDING, "with {}"),
}
# words of taste, by the family of a kind: they change nothing that is drawn, and are learnt as that
TASTE = (
    "beautiful",
    "nice",
    "pretty",
    "simple",
    "realistic",
    "lovely",
    "detailed",
    "new",
    "old",
    "colorful",
    "perfect",
)
_INDOORS = (
    *("modern", "antique", "vintage", "rustic", "elegant", "cozy", "comfortable", "stylish", "classic", "luxurious"),
    *("minimalist", "fancy", "old-fashioned", "decorative"),
)
_ANIMALS = ("cute", "adorable", "friendly", "happy", "funny", "fluffy", "cartoon", "sweet")
_FOOD = ("delicious", "fresh", "tasty", "homemade", "ripe")
TASTES: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("furniture", "lamps", "walls", "home"), _INDOORS),
    **dict.fromkeys(("animals", "more animals"), _ANIMALS),
    **dict.fromkeys(("food", "table"), _FOOD),
    "buildings": ("modern", "old", "ancient", "cozy", "fairytale"),
    "vehicles": ("vintage", "modern", "classic", "shiny", "fast"),
    "toys": ("cute", "vintage", "shiny", "fancy"),
}
MOODS = {True: ("cozy", "cosy", "bright", "tidy"), False: ("beautiful", "calm", "lovely")}  # indoors, outdoors

ARTICLELESS = ("glasses", "blocks", "lights", "checkers", "bread")  # last words of what has no article
WIDE_ARTICLELESS = (*ARTICLELESS, "sunglasses", "curtains")

_IRREGULAR = {
    "fish": "fish",
    "cactus": "cactuses",
    "glass": "glasses",
    "glasses": "glasses",
    "blocks": "blocks",
    "deer": "deer",
    "sheep": "sheep",
}


def plural(noun: str) -> str:
    """Of the first noun before an "of", of the last word otherwise."""
    head, of, rest = noun.partition(" of ")
    before, _, last = head.rpartition(" ")
    if last in _IRREGULAR:
        last = _IRREGULAR[last]
    elif last.endswith(("s", "x", "ch", "sh")):
        last += "es"
    elif last.endswith("y") and last[-2] not in "aeiou":
        last = last[:-1] + "ies"
    else:
        last += "s"
    return f"{before} {last}".strip() + of + rest


def with_article(phrase: str, the: bool = False) -> str:
    """a lamp, an orange lamp, the lamp; red glasses."""
    if the:
        return f"the {phrase}"
    if phrase.split()[-1] in WIDE_ARTICLELESS and " of " not in phrase:
        return phrase
    return f"{article(phrase)} {phrase}"


def article(phrase: str) -> str:
    return "an" if phrase[0] in "aeiou" else "a"


def several(phrases: list[str]) -> str:
    """a, b and c."""
    return " and ".join([", ".join(phrases[:-1]), phrases[-1]] if len(phrases) > 1 else phrases)
