"""What people type: a thing, how it looks, what it wears and does, where it is; or all of a place."""

from collections.abc import Callable
from random import Random

from pipelines.training.scenes.layout import draw_scene
from pipelines.training.scenes.materials import SUBSTANCES
from pipelines.training.scenes.places import PLACES
from pipelines.training.scenes.scene import Scene
from pipelines.training.scenes.setting import Setting
from pipelines.training.scenes.thing import Thing
from pipelines.training.scenes.things import FAMILIES, WIDE_FAMILIES, WIDE_KINDS
from pipelines.training.scenes.words import (
    COUNTS,
    DEEDS,
    FORMS,
    HOURS,
    MATERIALS,
    MOODS,
    PATTERNS,
    SIZES,
    SPELLINGS,
    TASTE,
    TASTES,
    WIDE_DEEDS,
    article,
    plural,
    several,
    with_article,
)  # fmt: skip
from pipelines.training.scenes.worlds import world_of

NEXT_TO, ABOVE = ("next to", "beside", "near"), ("above", "over")
BEFORE, BEHIND = ("in front of",), ("behind",)
UNCOLOURED = ("wooden", *SUBSTANCES)  # what has a colour of its own, which nobody says
TASTED = 0.16  # how often a phrase of the wide world has a word of taste
FAMILY = {kind.name: name for name, family in (FAMILIES | WIDE_FAMILIES).items() for kind in family}


def _pick(spellings: tuple[str, ...], random: Random) -> str:
    """Picks a spelling, mostly the first."""
    return spellings[0] if random.random() < 0.65 else random.choice(spellings)


def noun_phrase(thing: Thing, random: Random, brief: bool = False, wide: bool = False) -> str:
    """Names a thing by adjectives and noun, without an article.

    Args:
        thing: the thing.
        random: decides the words.
        brief: whether to say only what names it, and no count.
        wide: whether as in the wide world, with words of taste now and then.
    """
    kind = world_of(wide).kinds[thing.kind]
    noun = _pick(kind.nouns, random)
    own = thing.pattern in UNCOLOURED
    colour = pattern = ""
    if len(kind.colours) > 1 and not own and random.random() < (0.45 if brief else 0.92):
        colour = _pick(SPELLINGS[thing.colour], random)
    if thing.pattern and not brief and random.random() < 0.85:
        pattern = _pick((PATTERNS | MATERIALS)[thing.pattern], random)
    before = []
    if wide and not brief and random.random() < TASTED:
        before.append(random.choice(TASTE if random.random() < 0.35 else TASTES.get(FAMILY[thing.kind], TASTE)))
    if thing.size and not brief and random.random() < 0.8:
        before.append(_pick(SIZES[thing.size], random))
    if thing.form and not brief and random.random() < 0.7:
        before.append(_pick(FORMS[thing.form], random))
    if "{}" in noun:
        noun = noun.format(colour) if colour else noun.replace("{} ", "")
        colour = ""
    if thing.count > 1 and not brief:
        noun = plural(noun)
    before += [pattern, colour] if random.random() < 0.4 else [colour, pattern]
    return " ".join(word for word in (*before, noun) if word)


def _a(phrase: str, random: Random, the: float = 0.15) -> str:
    return with_article(phrase, random.random() < the)


def _looks(thing: Thing, random: Random, wide: bool) -> str:
    """What a painting shows; what an animal wears and plays with."""
    if thing.kind == "painting" and thing.parts:
        shown = _a(noun_phrase(thing.parts[0], random, wide=wide), random, 0)
        return f" {random.choice(('of', 'of', 'of', 'showing'))} {shown}"
    deeds = WIDE_DEEDS if wide else DEEDS
    worn = [_a(noun_phrase(part, random, wide=wide), random, 0) for part in thing.parts if part.kind not in deeds]
    words = f" {random.choice(('wearing', 'wearing', 'with'))} {several(worn)}" if worn else ""
    for part in thing.parts:
        if part.kind in deeds:
            what = (
                part.kind
                if part.kind == "checkers"
                else _a(noun_phrase(part, random, random.random() < 0.5, wide), random, 0)
            )
            words += (" and " if worn else " ") + random.choice(deeds[part.kind]).format(what)
    return words


def described(thing: Thing, random: Random, wide: bool = False) -> str:
    """Describes a thing with its article or count, its looks, and what stands on it; as people do it if `wide`."""
    phrase = noun_phrase(thing, random, wide=wide)
    start = random.random()
    if thing.count > 1:
        phrase = f"{random.choice(COUNTS[thing.count])} {phrase}"
    elif start < 0.74:
        phrase = with_article(phrase)
    elif start < 0.82:
        phrase = f"the {phrase}"
    phrase += _looks(thing, random, wide)
    if thing.bears:
        borne = [_a(noun_phrase(one, random, wide=wide), random,
                    0) if one.count == 1 else f"{COUNTS[one.count][0]} {noun_phrase(one, random, wide=wide)}"
                 for one in thing.bears]  # fmt: skip
        if wide and random.random() < 0.5:
            with_ = f"{phrase} with {several(borne)}"
            return with_ if random.random() < 0.6 else f"{several(borne)} on {phrase}"
        phrase += f" with {several(borne)} on {random.choice(('it', 'it', 'top'))}"
    return phrase


BOARDS = ("wooden floor", "floorboards")
MOST_WORDS = 16  # of a caption: people do not type more, and a model reads 24 tokens


def _short_text(write: Callable[[], str]) -> str:
    """Returns the first of four tries that is short enough, or the shortest."""
    tries = []
    for _ in range(4):
        tries.append(write())
        if tries[-1].count(" ") < MOST_WORDS:
            return tries[-1]
    return min(tries, key=len)


def caption(thing: Thing, scene: Scene, random: Random, wide: bool = False) -> str:
    """Writes a prompt for a thing of the scene: with the place or a neighbour in two of five."""
    return _short_text(lambda: _thing_caption(thing, scene, random, wide))


def scene_caption(scene: Scene, random: Random, wide: bool = False) -> str:
    """Describes a scene: the place, its light, and up to three of its things."""
    return _short_text(lambda: _caption(scene, random, wide))


def _thing_caption(thing: Thing, scene: Scene, random: Random, wide: bool) -> str:
    phrase = described(thing, random, wide)
    chance = random.random()
    if chance < 0.22:
        relations = _relations(thing, scene, random, wide)
        if relations:
            return f"{phrase} {random.choice(relations)}"
    if chance < 0.42:
        return f"{phrase} {_where(thing, scene.setting, random)}"
    return phrase


def _where(thing: Thing, setting: Setting, random: Random) -> str:
    place, stands = PLACES[setting.place], WIDE_KINDS[thing.kind].stands
    if random.random() < 0.5:
        return within(setting, random)
    if stands == "wall" and setting.wall:
        return random.choice(("on the wall", "on the wall", "hanging on the wall", "on a wall"))
    if stands == "ceiling":
        return random.choice(("hanging from the ceiling", "on the ceiling"))
    if setting.place == "under the sea":
        return "in the water"
    if thing.y + thing.height < setting.horizon and stands == "sky":
        return "in the sky"
    return within(setting, random) if stands in ("sky", "water") else f"on the {random.choice(place.below)}"


def within(setting: Setting, random: Random) -> str:
    """Says in which place: in the living room, on a beach, under the sea."""
    place = PLACES[setting.place]
    noun = _pick(place.nouns, random)
    if not place.within:
        return noun
    single = not noun.endswith("s") and noun not in ("sea", "ocean", "sky")
    words = place.within.replace("the", article(noun)) if single and random.random() < 0.45 else place.within
    return f"{words} {noun}"


def _relations(thing: Thing, scene: Scene, random: Random, wide: bool) -> list[str]:
    """Says in words how a thing lies to the others of the scene."""
    found, order = [], scene.things
    owner = next((own for own in order if thing in own.bears), None)
    if owner is not None:
        return [f"on {_a(noun_phrase(owner, random, True, wide), random, 0.6)}"]
    mine, x, foot = WIDE_KINDS[thing.kind].stands, thing.x + thing.width / 2, thing.y + thing.height
    corner = scene.setting.corner
    if corner is not None and mine == "floor" and abs(x - corner) < thing.width / 2 + 60:
        found += [random.choice(("in the corner", "in the corner of the room", "in the corner of a room"))] * 2
    for other in order:
        if other is thing:
            continue
        stands, middle, its_foot = WIDE_KINDS[other.kind].stands, other.x + other.width / 2, other.y + other.height
        words: tuple[str, ...] = ()
        over = min(thing.x + thing.width, other.x + other.width) - max(thing.x, other.x)
        if mine in ("wall", "sky", "ceiling") and stands in ("floor", "top", "water"):
            if abs(x - middle) < other.width / 2 and foot < other.y + 20:
                words = ABOVE
        elif mine not in ("wall", "sky", "ceiling") and stands not in ("wall", "sky", "ceiling"):
            if stands == "rug":
                words = ("on",) if over > 0.9 * thing.width and other.y < foot < its_foot else ()
            elif over > 0.6 * min(thing.width, other.width) and abs(foot - its_foot) > 30:
                words = BEFORE if foot > its_foot else BEHIND
            elif -0.6 * (thing.width + other.width) < over < 20 and abs(foot - its_foot) < 90:
                words = (*NEXT_TO, "to the left of" if x < middle else "to the right of")
        if words:
            found.append(f"{random.choice(words)} {_a(noun_phrase(other, random, True, wide), random, 0.45)}")
    return found


def _caption(scene: Scene, random: Random, wide: bool) -> str:
    setting = scene.setting
    place = PLACES[setting.place]
    noun = _pick(place.nouns, random)
    if random.random() < 0.3 and place.within:
        noun = f"{random.choice(MOODS[place.indoors])} {noun}"
    whole = noun if not place.within or noun.endswith("s") or random.random() < 0.2 else f"{article(noun)} {noun}"
    late = (
        f" {random.choice(HOURS[setting.hour])}"
        if setting.hour in HOURS and setting.place != "night sky" and random.random() < 0.7
        else ""
    )
    walls = f"{_pick(SPELLINGS[setting.wall], random)} walls" if setting.wall and random.random() < 0.25 else ""
    things = random.sample(scene.things, min(len(scene.things), random.choice((0, 1, 1, 2, 2, 3))))
    if len(things) == 1 and random.random() < 0.4:
        relations = _relations(things[0], scene, random, wide)
        if relations:
            return f"{described(things[0], random, wide)} {random.choice(relations)} {within(setting, random)}"
    phrases = [described(thing, random, wide) for thing in things]
    if phrases and random.random() < 0.5:
        return f"{several(phrases)} {within(setting, random)}{late}"
    with_ = phrases + ([walls] if walls else [])
    return f"{whole} with {several(with_)}{late}" if with_ else whole + late


def surface_caption(setting: Setting, above: bool, random: Random, wide: bool = False) -> str:
    """Describes what is to be seen where nothing stands: the wall, the sky, the floor."""
    place = PLACES[setting.place]
    noun = random.choice(place.above if above else place.below)
    if wide and noun == "floor":
        noun = random.choice(("floor", "tiled floor") if setting.place == "kitchen" else ("floor", *BOARDS))
    if above and setting.wall and noun == "wall" and random.random() < 0.6:
        noun = f"{_pick(SPELLINGS[setting.wall], random)} wall"
    if above and setting.hour == "night" and noun == "sky":
        noun = "night sky"
    start = random.random()
    if start < 0.4 or noun in ("floorboards", "grass", "water", "sand", "snow", "mountains", "hills"):
        return noun
    return f"the {noun}" if start < 0.65 or noun.endswith(("sky", "sea")) else f"{article(noun)} {noun}"


def texts(seed: int, wide: bool = False) -> list[str]:
    """Writes captions of the scene of a seed: of every thing, of what is between them, and of the whole."""
    random, scene = Random(seed), draw_scene(seed, wide=wide)
    return [caption(thing, scene, random, wide) for thing in scene.all()] + [
        scene_caption(scene, random, wide),
        surface_caption(scene.setting, random.random() < 0.5, random, wide),
    ]


def vocabulary(wide: bool = False) -> list[str]:
    """Returns every word that a caption can have, sorted: the model's vocabulary."""
    kinds = world_of(wide).kinds
    phrases = [noun for kind in kinds.values() for noun in kind.nouns]
    phrases += [plural(noun.replace("{} ", "")) for kind in kinds.values() if kind.together for noun in kind.nouns]
    for place in PLACES.values():
        phrases += [*place.nouns, place.within, *place.above, *place.below]
    for table in (SPELLINGS, PATTERNS, SIZES, FORMS, COUNTS, DEEDS, HOURS, MOODS):
        phrases += [phrase for spellings in table.values() for phrase in spellings]
    if wide:
        for table in (MATERIALS, WIDE_DEEDS, TASTES):
            phrases += [phrase for spellings in table.values() for phrase in spellings]
        phrases += [*TASTE, *BOARDS, "tiled"]
    phrases += [*NEXT_TO, *ABOVE, *BEFORE, *BEHIND, "to the left of", "to the right of", "in the corner of the room",
                "hanging on the wall", "hanging from the ceiling", "with walls and it on top",
                "a an of showing wearing"]  # fmt: skip
    return sorted({word for phrase in phrases for word in phrase.replace("{}", "").split()})
