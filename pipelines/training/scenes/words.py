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
MOODS = {True: ("cozy", "cosy", "bright", "tidy"), False: ("beautiful", "calm", "lovely")}  # indoors, outdoors

ARTICLELESS = ("glasses", "blocks", "lights", "checkers", "bread")  # last words of what has no article

_IRREGULAR = {"fish": "fish", "cactus": "cactuses", "glass": "glasses", "glasses": "glasses", "blocks": "blocks"}


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
    if phrase.split()[-1] in ARTICLELESS and " of " not in phrase:
        return phrase
    return f"{article(phrase)} {phrase}"


def article(phrase: str) -> str:
    return "an" if phrase[0] in "aeiou" else "a"


def several(phrases: list[str]) -> str:
    """a, b and c."""
    return " and ".join([", ".join(phrases[:-1]), phrases[-1]] if len(phrases) > 1 else phrases)
