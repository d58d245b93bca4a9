"""Sample folders: pictures with their prompts, and how those of two folders are paired."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from editor.formats.decoding import readable
from pipelines.errors import InvalidInput

MAX_PROMPT_BYTES = 2**14  # of a prompt's file
LISTED = 3  # names in an error message, before "and so many more"


@dataclass(frozen=True)
class Sample:
    """A picture file and its prompt."""

    file: Path
    prompt: str | None  # None where no sample of its folder has one


def read_samples(folder: Path) -> list[Sample]:
    """Lists a folder's pictures by name, each with the prompt in the `.txt` file of its stem, unless that is empty.

    Raises:
        InvalidInput: it is no folder, or has no pictures; two pictures have the same stem; some have a prompt and
            others have none; or a prompt cannot be read.
    """
    if not folder.is_dir():
        raise InvalidInput(
            f"{folder} is no folder. A study compares two folders of pictures, PNG files each with its prompt in a .txt"
            " file of the same name, as `palimpsest draw --prompts FILE -o FOLDER` leaves them; or two models, with"
            " --prompts FILE."
        )
    files = sorted(file for file in folder.iterdir() if file.suffix.lower() in readable() and file.is_file())
    if not files:
        raise InvalidInput(
            f"{folder} has no pictures. A study compares PNG files, each with its prompt in a .txt file."
        )
    if twice := [stem for stem, count in Counter(file.stem for file in files).items() if count > 1]:
        raise InvalidInput(f"{folder} has several pictures of the same name: {_listed(twice)}. Leave one of each.")
    samples = [Sample(file, _prompt(file.with_suffix(".txt"))) for file in files]
    without = [sample.file.name for sample in samples if sample.prompt is None]
    if without and len(without) < len(files):
        raise InvalidInput(
            f"{folder} has pictures without a prompt: {_listed(without)}. Give each a .txt file of the same name, or"
            " none of them."
        )
    return samples


def _prompt(file: Path) -> str | None:
    if not file.exists():
        return None
    if file.stat().st_size > MAX_PROMPT_BYTES:
        raise InvalidInput(f"{file} is too long for a prompt: at most {MAX_PROMPT_BYTES:,} bytes.")
    try:
        return " ".join(file.read_text("utf-8-sig").split()) or None
    except UnicodeDecodeError:
        raise InvalidInput(f"{file} is no text in UTF-8. Save it as UTF-8.") from None


def paired(first: Sequence[Sample], second: Sequence[Sample]) -> list[tuple[Sample, Sample]]:
    """Pairs the samples of two folders.

    Those of the same name and prompt belong together, if all are so; likewise by their names alone where a folder has
    no prompts. Otherwise those of the same prompt do, the first of a prompt with the first, and so on.

    Raises:
        InvalidInput: a sample has no counterpart.
    """
    other = {sample.file.stem: sample for sample in second}
    by_name = [(sample, other[sample.file.stem]) for sample in first if sample.file.stem in other]
    all_there = len(by_name) == len(first) == len(second)
    if first[0].prompt is None or second[0].prompt is None:
        if not all_there:
            names = [[sample.file.stem for sample in samples] for samples in (first, second)]
            raise _unmatched("picture", "pictures", names, first, second)
        return by_name
    if all_there and all(one.prompt == two.prompt for one, two in by_name):
        return by_name
    prompts: tuple[list[str], list[str]] = ([], [])
    waiting: dict[str, list[Sample]] = defaultdict(list)
    for samples, texts in zip((first, second), prompts, strict=True):
        texts += [sample.prompt or "" for sample in samples]
    if Counter(prompts[0]) != Counter(prompts[1]):
        raise _unmatched("prompt", "prompts", prompts, first, second)
    for sample, prompt in zip(second, prompts[1], strict=True):
        waiting[prompt].append(sample)
    return [(sample, waiting[prompt].pop(0)) for sample, prompt in zip(first, prompts[0], strict=True)]


def _unmatched(
    one: str, many: str, names: Sequence[Sequence[str]], first: Sequence[Sample], second: Sequence[Sample]
) -> InvalidInput:
    """The error about samples that have no counterpart. names: of both folders' samples, one each."""
    counts = [Counter(each) for each in names]
    folders = [samples[0].file.parent for samples in (first, second)]
    sentences = []
    for here, there in ((0, 1), (1, 0)):
        if missing := [*(counts[here] - counts[there]).elements()]:
            word = one if len(missing) == 1 else many
            sentences.append(f"{folders[there]} lacks {len(missing)} {word} of {folders[here]}: {_listed(missing)}.")
    return InvalidInput(f"The folders do not match. {' '.join(sentences)} Each picture needs its counterpart.")


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(repr(name) for name in names[:LISTED])
    return shown if len(names) <= LISTED else f"{shown} and {len(names) - LISTED} more"
