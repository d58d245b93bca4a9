"""Makes the table of nouns from WordNet 3.0 (Miller 1995): `python -m pipelines.wording.wordnet`.

A noun stands for a kind of thing of the drawn world if, in its first sense, it is one: a beagle is a dog. By likeness
alone nothing is decided, since a submarine is like a hamburger (a submarine sandwich). Every other concrete noun is
listed too, with kinds of the same sort where there are any, so that it is known to be a word.
"""

import argparse
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import NamedTuple

from pipelines.training.scenes.worlds import DRAWN, WIDE, World
from pipelines.wording.tables import FOLDER, NOUNS, TAUGHT

DATABASE = Path("/usr/share/wordnet")  # of Debian's package wordnet-base
# lexicographer files: animals, artifacts, parts of the body, food, objects, people, phenomena, plants
CONCRETE = frozenset({5, 6, 8, 13, 17, 18, 19, 20})
LIKE = 0.86  # least Wu-Palmer similarity (1994) of kinds that are offered for a noun
MOST_NEAR = 3

# The senses, counted as WordNet does, that are a kind of the drawn world; what is below them is that kind too. Missing
# are kinds whose words mean more than is drawn: a picture, a sign, a computer, a light.
KINDS: dict[str, tuple[str, ...]] = {
    "couch": ("couch#1",),
    "armchair": ("armchair#1",),
    "chair": ("chair#1",),
    "stool": ("stool#1",),
    "bench": ("bench#1",),
    "bed": ("bed#1",),
    "table": ("table#2", "table#3"),
    "coffee table": ("coffee_table#1",),
    "desk": ("desk#1",),
    "dresser": ("dresser#1", "dresser#4"),
    "bookshelf": ("bookshelf#1", "bookcase#1"),
    "fridge": ("refrigerator#1",),
    "stove": ("stove#1",),
    "oven": ("oven#1",),
    "lamp": ("lamp#2",),
    "floor lamp": ("floor_lamp#1",),
    "table lamp": ("table_lamp#1",),
    "street lamp": ("street_lamp#1",),
    "candle": ("candle#1",),
    "painting": ("painting#1",),
    "window": ("window#1",),
    "clock": ("clock#1",),
    "mirror": ("mirror#1",),
    "rug": ("rug#1",),
    "cactus": ("cactus#1",),
    "flower": ("flower#1",),
    "tree": ("tree#1",),
    "pine tree": ("pine#1", "fir#2", "spruce#1"),
    "palm tree": ("palm#3",),
    "mushroom": ("mushroom#1", "toadstool#1"),
    "cat": ("house_cat#1",),
    "kitten": ("kitten#1",),
    "dog": ("dog#1",),
    "puppy": ("puppy#1",),
    "corgi": ("corgi#1",),
    "fox": ("fox#1",),
    "bear": ("bear#1",),
    "teddy bear": ("teddy#1",),
    "panda": ("panda#1",),
    "rabbit": ("rabbit#1", "hare#1"),
    "hedgehog": ("hedgehog#2",),
    "penguin": ("penguin#1",),
    "owl": ("owl#1",),
    "duck": ("duck#1",),
    "bird": ("bird#1",),
    "fish": ("fish#1",),
    "butterfly": ("butterfly#1",),
    "turtle": ("turtle#2",),
    "elephant": ("elephant#1",),
    "apple": ("apple#1",),
    "pear": ("pear#1",),
    "banana": ("banana#2",),
    "watermelon": ("watermelon#2",),
    "cake": ("cake#3",),
    "cupcake": ("cupcake#1", "muffin#1"),
    "ice cream": ("ice_cream#1",),
    "pizza": ("pizza#1",),
    "bread": ("bread#1",),
    "hamburger": ("hamburger#1",),
    "mug": ("mug#4",),
    "cup": ("cup#1",),
    "teapot": ("teapot#1",),
    "bottle": ("bottle#1",),
    "wine glass": ("wineglass#1",),
    "pot": ("pot#1",),
    "ball": ("ball#1",),
    "robot": ("robot#1",),
    "book": ("book#2",),
    "laptop": ("laptop#1",),
    "calculator": ("calculator#2",),
    "bow tie": ("bow_tie#1",),
    "scarf": ("scarf#1",),
    "crown": ("crown#4",),
    "glasses": ("spectacles#1",),
    "car": ("car#1",),
    "bus": ("bus#1",),
    "truck": ("truck#1",),
    "bicycle": ("bicycle#1",),
    "train": ("train#1",),
    "locomotive": ("locomotive#1",),
    "boat": ("boat#1",),
    "sailboat": ("sailboat#1",),
    "rocket": ("rocket#1",),
    "spaceship": ("spaceship#1",),
    "airplane": ("airplane#1",),
    "house": ("house#1", "cottage#1"),
    "apartment building": ("apartment_building#1",),
    "skyscraper": ("skyscraper#1",),
    "tower": ("tower#1",),
    "lighthouse": ("lighthouse#1",),
    "castle": ("castle#1", "castle#2"),
    "windmill": ("windmill#1", "windmill#2"),
    "tent": ("tent#1",),
    "umbrella": ("umbrella#1", "parasol#1"),
    "mailbox": ("mailbox#1", "mailbox#2"),
    "fence": ("fence#1",),
    "snowman": ("snowman#1",),
    "sun": ("sun#1",),
    "moon": ("moon#1",),
}


class Synset(NamedTuple):
    """A sense that words share."""

    file: int  # number of its lexicographer file
    words: tuple[str, ...]
    above: tuple[str, ...]  # the offsets of its hypernyms


class WordNet:
    """The nouns of a WordNet database.

    Args:
        folder: with `data.noun` and `index.noun`.
    """

    def __init__(self, folder: Path) -> None:
        self.synsets = dict(self._read_data(folder / "data.noun"))
        # the offsets of a lemma's senses, the most frequent first
        self.senses = {fields[0]: fields[-int(fields[2]) :] for fields in self._rows(folder / "index.noun")}

    @staticmethod
    def _rows(file: Path) -> Iterator[list[str]]:
        for line in file.read_text(encoding="utf-8").splitlines():
            if not line.startswith("  "):  # its licence
                yield line.partition(" | ")[0].split()

    def _read_data(self, file: Path) -> Iterator[tuple[str, Synset]]:
        for fields in self._rows(file):
            pointers = 5 + 2 * int(fields[3], 16)  # after the words, each with a number
            words = tuple(fields[4 : pointers - 1 : 2])
            end = pointers + 4 * int(fields[pointers - 1])
            above = tuple(
                fields[at + 1] for at in range(pointers, end, 4) if fields[at] in ("@", "@i") and fields[at + 2] == "n"
            )
            yield fields[0], Synset(int(fields[1]), words, above)

    def sense(self, name: str) -> str:
        """Returns the offset of a sense such as "tree#1"."""
        lemma, _, number = name.partition("#")
        return self.senses[lemma][int(number) - 1]

    @cache  # noqa: B019  # one database a run
    def ancestors(self, offset: str) -> Mapping[str, int]:
        """Returns the synsets above a synset, and itself, with how far each is."""
        found = {offset: 0}
        for above in self.synsets[offset].above:
            for each, steps in self.ancestors(above).items():
                found[each] = min(steps + 1, found.get(each, steps + 1))
        return found

    @cache  # noqa: B019
    def depth(self, offset: str) -> int:
        """Returns how many synsets lie on the way down to a synset, itself counted."""
        return 1 + max((self.depth(above) for above in self.synsets[offset].above), default=0)

    def likeness(self, a: str, b: str) -> float:
        """Returns the Wu-Palmer similarity of two synsets, 0 to 1."""
        of_a, of_b = self.ancestors(a), self.ancestors(b)
        return max(
            (2 * self.depth(each) / (2 * self.depth(each) + of_a[each] + of_b[each]) for each in of_a.keys() & of_b),
            default=0.0,
        )


def rows(wordnet: WordNet) -> Iterator[tuple[str, str, str]]:
    """Yields (noun, kind, kinds that are like it): the second is "" where it is none, then the third may help.

    They are the nouns whose first sense is concrete, of one word, and those of several words that are a kind. What a
    model is taught stands for itself.
    """
    nouns = taught(DRAWN)
    yield from ((noun, noun, "") for noun in nouns)
    kinds = {wordnet.sense(name): kind for kind, names in KINDS.items() for name in names}
    for lemma, senses in wordnet.senses.items():
        synset = wordnet.synsets[senses[0]]
        if synset.file not in CONCRETE or not lemma.replace("_", "").isalpha():
            continue
        above = wordnet.ancestors(senses[0])
        nearest = min((offset for offset in kinds if offset in above), key=above.__getitem__, default=None)
        noun = lemma.replace("_", " ")
        if noun in nouns:
            continue
        if nearest is not None:
            yield noun, kinds[nearest], ""
        elif lemma in synset.words and "_" not in lemma:  # no proper name, which has a capital there
            like = {
                kinds[offset]: wordnet.likeness(senses[0], offset)
                for offset in kinds
                if wordnet.synsets[offset].file == synset.file
            }
            near = sorted((kind for kind in like if like[kind] >= LIKE), key=lambda kind: -like[kind])
            yield noun, "", ",".join(near[:MOST_NEAR])


def taught(world: World) -> set[str]:
    """Returns the nouns of all kinds of a world."""
    return {noun.replace("{} ", "") for kind in world.kinds.values() for noun in kind.nouns}


def main() -> None:
    """Writes the table, and beside it the nouns that a model may have been taught."""
    parser = argparse.ArgumentParser(prog="python -m pipelines.wording.wordnet", description=main.__doc__)
    parser.add_argument("--database", type=Path, default=DATABASE, metavar="FOLDER", help="default: %(default)s")
    parser.add_argument("--out", type=Path, default=FOLDER / NOUNS, metavar="FILE", help="default: %(default)s")
    options = parser.parse_args()
    options.out.with_name(TAUGHT).write_text("".join(f"{noun}\n" for noun in sorted(taught(WIDE))), encoding="utf-8")
    table = sorted(rows(WordNet(options.database)))
    options.out.write_text("".join("\t".join(row).rstrip("\t") + "\n" for row in table), encoding="utf-8")
    print(f"{len(table):,} nouns, {sum(bool(kind) for _, kind, _ in table):,} of them kinds, in {options.out}")


if __name__ == "__main__":
    main()
