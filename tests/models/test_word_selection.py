"""CLIPSeg of a tiny size: what goes into the network and comes out of it, and which files are read."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from pipelines.added import name_of
from pipelines.errors import InvalidInput
from pipelines.hf.repository import download, look_up, pipeline_files
from pipelines.installed import SELECTION, described
from pipelines.recommended import files_to_download
from pipelines.selection.installed import WORDS_MODEL, installed_selection_model, installed_words_model
from pipelines.selection.prompt import LONGEST_WORDS, Prompt, read_words
from pipelines.selection.segmenter import normalised
from pipelines.selection.word_segmenter import SIDE, WordSegmenter, load_word_segmenter
from tests import tiny_clipseg, tiny_sam2
from tests.browser.hands import photo
from tests.fake_hub import served
from tests.tiny_diffusers import CONTEXT, clip_tokenizer

FILES = {
    "config.json", "model.safetensors", "vocab.json", "merges.txt", "tokenizer_config.json", "special_tokens_map.json",
}  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_clipseg.save(tmp_path_factory.mktemp("clipseg"))


@pytest.fixture(scope="module")
def segmenter(folder: Path) -> WordSegmenter:
    return load_word_segmenter(folder)


def test_what_is_more_likely_than_three_in_ten_is_found(segmenter: WordSegmenter) -> None:
    pixels = photo(320, 270)
    ids = torch.tensor([[515, *clip_tokenizer().convert_tokens_to_ids(["red</w>", "c", "at</w>"]), 516]])
    with torch.inference_mode():
        answer = segmenter._model(pixel_values=normalised(pixels, SIDE), input_ids=ids).logits
    likely = torch.sigmoid(answer.reshape(SIDE, SIDE)).numpy()
    found = segmenter.logits(pixels, "red cat") > 0
    clear = np.abs(likely - 0.3) > 1e-4
    assert 0.01 < found.mean() < 0.99
    assert np.array_equal(found[clear], (likely > 0.3)[clear]) and clear.mean() > 0.99


def test_the_picture_and_every_word_have_a_say(segmenter: WordSegmenter) -> None:
    asked = [(0, "the dog"), (1, "the dog"), (0, "the cat"), (0, "天空"), (0, "a red dog"), (0, "a dog red")]
    answers = [segmenter.logits(photo(320, 270, seed=seed), words) for seed, words in asked]
    assert {(each.shape, each.dtype) for each in answers} == {((SIDE, SIDE), np.dtype(np.float32))}
    assert all(np.isfinite(each).all() for each in answers)
    assert len({each.tobytes() for each in answers}) == len(answers)
    assert np.array_equal(segmenter.logits(photo(320, 270), "THE DOG"), answers[0])


def test_words_beyond_the_context_are_not_read(segmenter: WordSegmenter) -> None:
    pixels, read = photo(320, 270), "a " * (CONTEXT - 2)  # and the two ends
    assert np.array_equal(segmenter.logits(pixels, f"{read}b c"), segmenter.logits(pixels, read))
    assert not np.array_equal(segmenter.logits(pixels, f"{read[:-2]}b"), segmenter.logits(pixels, read))


def test_the_type_that_other_models_set_while_they_load_does_not_matter(segmenter: WordSegmenter) -> None:
    pixels = photo(320, 270)
    answer = segmenter.logits(pixels, "the dog")
    torch.set_default_dtype(torch.bfloat16)
    try:
        assert np.array_equal(segmenter.logits(pixels, "the dog"), answer)
    finally:
        torch.set_default_dtype(torch.float32)


def test_a_vocabulary_in_one_file_means_the_same(segmenter: WordSegmenter, tmp_path: Path) -> None:
    tiny_clipseg.network().save_pretrained(tmp_path)
    clip_tokenizer().save_pretrained(tmp_path)
    assert not (tmp_path / "vocab.json").exists()
    other, pixels = load_word_segmenter(tmp_path), photo(320, 270)
    assert np.array_equal(other.logits(pixels, "red cat"), segmenter.logits(pixels, "red cat"))


def lack(folder: Path) -> None:
    kept = load_file(folder / "model.safetensors")
    del kept["decoder.film_mul.weight"]
    save_file(kept, folder / "model.safetensors", {"format": "pt"})


def cut(folder: Path) -> None:
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-100])


def rename(folder: Path) -> None:
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")


def forget(folder: Path) -> None:
    (folder / "merges.txt").unlink()


def mistake(folder: Path) -> None:
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"model_type": "clip"}))


def resize(folder: Path) -> None:
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"reduce_dim": 32}))


def garble(folder: Path) -> None:
    (folder / "vocab.json").write_text("no JSON")


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (lack, "lacks 1 weights, decoder.film_mul.weight among them"), (cut, "damaged or there in part"),
        (rename, r"has no model\.safetensors"), (forget, r"no vocabulary \(tokenizer\.json, or vocab\.json and merges"),
        (mistake, r"has no model\.safetensors"), (resize, "cannot be read as CLIPSeg"),
        (garble, "The vocabulary in .* is damaged"),
    ],
)  # fmt: skip
def test_a_folder_that_is_no_whole_model_is_refused(
    spoil: Callable[[Path], None], sentence: str, tmp_path: Path
) -> None:
    folder = tiny_clipseg.save(tmp_path)
    spoil(folder)
    with pytest.raises(InvalidInput, match=sentence):
        load_word_segmenter(folder)


def test_it_is_downloaded_found_and_loaded(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    saved = tiny_clipseg.save(tmp_path / "saved")
    (saved / "pytorch_model.bin").write_bytes(b"x" * 2000)
    with served(tmp_path, monkeypatch) as hub:
        hub.models[WORDS_MODEL] = hub.models["somebody/clipseg"] = saved
        assert installed_words_model() is None
        found = look_up(WORDS_MODEL)
        came = download(found, files_to_download(found))
        assert {file.name for file in came.iterdir()} == FILES
        assert installed_words_model() == came and installed_selection_model() is None
        assert installed_words_model([folder, tmp_path]) == folder  # what the user added comes first
        load_word_segmenter(came)
        other = look_up("somebody/clipseg")  # of no row in the table
        assert {file.path for file in pipeline_files(other)} == FILES


def test_a_folder_of_it_can_be_added_and_is_not_taken_for_the_other_kind(folder: Path, tmp_path: Path) -> None:
    sam = tiny_sam2.install(tmp_path)
    assert [name_of(str(each)) for each in (folder, sam)] == [f"{SELECTION}{folder}", f"{SELECTION}{sam}"]
    goods = [described(f"{SELECTION}{each}", f"{SELECTION}{each}").good_for for each in (folder, sam)]
    assert goods == ["selecting what words name", "selecting objects by a click"]
    assert installed_words_model([sam, folder]) == folder and installed_selection_model([folder, sam]) == sam


def test_what_are_no_words_is_refused() -> None:
    assert read_words("  the \n dog ") == Prompt((), None, "the dog")
    assert read_words("天" * LONGEST_WORDS).words == "天" * LONGEST_WORDS
    for words in ("", " \t\n", None, 7, ["the dog"]):
        with pytest.raises(InvalidInput, match="Say in words what to select"):
            read_words(words)
    with pytest.raises(InvalidInput, match=f"have {LONGEST_WORDS + 1} characters; at most {LONGEST_WORDS}"):
        read_words("a" * (LONGEST_WORDS + 1))
