"""What people type for a thing: colour, noun, place, in several orders and spellings."""

from random import Random

from pipelines.evaluation.rooms.palette import COLOURS
from pipelines.evaluation.rooms.room import Thing
from pipelines.evaluation.rooms.things import KINDS

SPELLINGS = {"grey": ("grey", "gray"), "teal": ("teal", "turquoise"), "purple": ("purple", "violet")}
PLACES = {
    "wall": ("on the wall", "hanging on the wall", "on a wall"),
    "floor": ("on the floor", "in the room", "in a room", "standing on the floor", "by the wall"),
    "rug": ("on the floor", "in the room"),
}


def article(phrase: str) -> str:
    return "an" if phrase[0] in "aeiou" else "a"


def caption(thing: Thing, random: Random) -> str:
    """One way to ask for this thing; one in ten leaves its colour open."""
    kind = KINDS[thing.kind]
    noun = kind.nouns[0] if random.random() < 0.7 else random.choice(kind.nouns)
    colour = random.choice(SPELLINGS.get(thing.colour, (thing.colour,)))
    words = noun if random.random() < 0.1 else f"{colour} {noun}"
    start = random.random()
    if start < 0.74:
        words = f"{article(words)} {words}"
    elif start < 0.82:
        words = f"the {words}"
    if random.random() < 0.15:
        words = f"{words} {random.choice(PLACES[kind.place])}"
    return words


def vocabulary() -> list[str]:
    """Every word a caption can hold, sorted: what the model was taught."""
    phrases = [noun for kind in KINDS.values() for noun in kind.nouns]
    phrases += [spelling for colour in COLOURS for spelling in SPELLINGS.get(colour, (colour,))]
    phrases += [place for places in PLACES.values() for place in places] + ["a", "an", "the"]
    return sorted({word for phrase in phrases for word in phrase.split()})
