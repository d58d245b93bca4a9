"""Word by word from German and Chinese into English, as far as the tables go."""

import re
from collections.abc import Collection, Iterator

from pipelines.wording.tables import Tables, singulars, tables

WORD = re.compile(r"[^\W\d_]+(?:['-][^\W\d_]+)*")
HAN = re.compile(r"[\u4e00-\u9fff]+")
ENDINGS = ("es", "er", "en", "em", "e", "s", "n")  # of German adjectives and nouns
# where something is, which is said before and after the other thing
WHERE = {"上面": "on", "上": "on", "里面": "in", "里": "in", "旁边": "beside", "下面": "under", "下": "under",
         "前面": "in front of", "前": "in front of", "后面": "behind", "后": "behind"}  # fmt: skip
PLACE = re.compile(f"在([\u4e00-\u9fff]+?)({'|'.join(WHERE)})(?=$|的)")
SHORTEST = 4  # letters of the last word of a German compound, which says what the thing is
LONGEST = 8  # characters of a Chinese word in the table


def translated(text: str, vocabulary: Collection[str]) -> str:
    """Translates a prompt, unless it is English.

    Args:
        text: in lower case.
        vocabulary: the English words that the model was taught.
    """
    lookup = tables()
    if HAN.search(text):
        text = PLACE.sub(lambda found: f" {WHERE[found[2]]} {found[1]} ", text)
        return HAN.sub(lambda found: f" {' '.join(_from_chinese(found[0], lookup))} ", text)
    words = WORD.findall(text)
    german = [word for word in words if _from_german(word, lookup) is not None]
    english = [word for word in words if word in vocabulary or any(one in lookup.common for one in singulars(word))]
    only_german = set(german) - set(english)
    if not only_german or len(german) < len(english):
        return text
    return WORD.sub(lambda found: _replaced(found[0], lookup), text)


def _replaced(word: str, lookup: Tables) -> str:
    english = _from_german(word, lookup)
    return word if english is None else english


def _from_german(word: str, lookup: Tables) -> str | None:
    """Returns a German word in English; None where the table has none."""
    for each in (word, *(word.removesuffix(ending) for ending in ENDINGS if word.endswith(ending))):
        if each in lookup.german:
            return lookup.german[each]
    tails = (word[at:] for at in range(3, len(word) - SHORTEST + 1))
    return next((lookup.german[tail] for tail in tails if tail in lookup.german), None)


def _from_chinese(text: str, lookup: Tables) -> Iterator[str]:
    """Yields Chinese words in English, each as long as possible; what is in no table stays."""
    at, unread = 0, ""
    while at < len(text):
        parts = (text[at:end] for end in range(min(len(text), at + LONGEST), at, -1))
        word = next((part for part in parts if part in lookup.chinese), None)
        if word is None:
            unread += text[at]
        else:
            yield from filter(None, (unread, lookup.chinese[word]))
            unread = ""
        at += len(word or text[at])
    if unread:
        yield unread
