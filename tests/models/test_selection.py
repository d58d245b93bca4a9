"""SAM 2 of a tiny size: what goes into the network and comes out of it, and which files are read."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from torch.nn.functional import interpolate
from transformers.image_utils import IMAGENET_DEFAULT_MEAN, IMAGENET_DEFAULT_STD
from transformers.models.sam2.processing_sam2 import Sam2Processor

from pipelines.errors import InvalidInput
from pipelines.hf.repository import Unavailable, download, look_up, pipeline_files
from pipelines.selection.installed import SELECTION_MODEL, installed_selection_model
from pipelines.selection.prompt import MOST_POINTS, Point, Prompt, read_prompt
from pipelines.selection.segmenter import MEAN, STD, Segmenter, load_segmenter, normalised
from tests import tiny_sam2
from tests.browser.hands import photo
from tests.fake_hub import served

WIDTH, HEIGHT = SIZE = (320, 270)
ON, OFF = Point(100, 80, True), Point(220, 200, False)


@pytest.fixture(scope="module")
def segmenter(tmp_path_factory: pytest.TempPathFactory) -> Segmenter:
    return load_segmenter(tiny_sam2.install(tmp_path_factory.mktemp("cache")))


@pytest.mark.parametrize("shape", [(270, 320), (90, 700), (1200, 900)])
def test_a_picture_is_squashed_and_normalised_as_the_network_was_trained(shape: tuple[int, int]) -> None:
    pixels = photo(shape[1], shape[0])
    there = torch.from_numpy(pixels).permute(2, 0, 1)[None].float()
    squashed = interpolate(there, (256, 256), mode="bilinear", antialias=True)  # as transformers' processor, by torch
    mean, std = (torch.tensor(each)[:, None, None] for each in (IMAGENET_DEFAULT_MEAN, IMAGENET_DEFAULT_STD))
    assert (MEAN, STD) == (tuple(IMAGENET_DEFAULT_MEAN), tuple(IMAGENET_DEFAULT_STD))
    level = 1.01 / 255 / min(STD)  # rounded to whole levels in between, twice
    assert (normalised(pixels, 256) - (squashed / 255 - mean) / std).abs().max() < level


def test_points_and_boxes_are_scaled_as_by_transformers(segmenter: Segmenter, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: dict[str, Any] = {}
    forward = segmenter._model.forward

    def watched(**options: object) -> object:
        asked.update(options)
        return forward(**options)

    monkeypatch.setattr(segmenter._model, "forward", watched)
    encoding = segmenter.encode(photo(*SIZE))
    segmenter.logits(encoding, Prompt((ON, OFF), (20, 30, 150, 100)), SIZE, None)
    scaled = Sam2Processor._normalize_coordinates
    points = scaled(None, tiny_sam2.SIDE, torch.tensor([[100.0, 80], [220, 200]]), (HEIGHT, WIDTH))
    box = scaled(None, tiny_sam2.SIDE, torch.tensor([[20.0, 30, 170, 130]]), (HEIGHT, WIDTH), is_bounding_box=True)
    assert torch.allclose(asked["input_points"][0, 0], points) and torch.allclose(asked["input_boxes"][0], box)
    assert asked["input_labels"].tolist() == [[[1, 0]]] and asked["multimask_output"] is False


def test_every_part_of_a_prompt_has_a_say(segmenter: Segmenter) -> None:
    encoding = segmenter.encode(photo(*SIZE))
    other = segmenter.encode(photo(*SIZE, seed=1))

    def of(
        prompt: Prompt, which: tuple[torch.Tensor, ...] = encoding, previous: np.ndarray | None = None
    ) -> np.ndarray:
        return segmenter.logits(which, prompt, SIZE, previous)

    box = (20.0, 30.0, 150.0, 100.0)
    first = of(Prompt((ON,), None))
    answers = [
        first, of(Prompt((ON,), None), other), of(Prompt((ON, OFF), None)), of(Prompt((ON, ON), None)),
        of(Prompt((ON, OFF), None), previous=first), of(Prompt((), box)), of(Prompt((OFF,), box)),
        of(Prompt((ON,), box)),
    ]  # fmt: skip
    assert {answer.shape for answer in answers} == {(64, 64)} and all(np.isfinite(each).all() for each in answers)
    assert len({answer.tobytes() for answer in answers}) == len(answers)
    assert np.array_equal(first, of(Prompt((ON,), None)))


def test_of_a_lone_points_answers_the_one_is_taken_that_the_network_trusts_most(segmenter: Segmenter) -> None:
    pixels = photo(*SIZE)
    scale = torch.tensor([tiny_sam2.SIDE / WIDTH, tiny_sam2.SIDE / HEIGHT])
    with torch.inference_mode():
        answer = segmenter._model(
            pixel_values=normalised(pixels, tiny_sam2.SIDE),
            input_points=(torch.tensor(ON[:2]) * scale)[None, None, None],
            input_labels=torch.ones(1, 1, 1, dtype=torch.int), multimask_output=True,
        )  # fmt: skip
    best = answer.pred_masks[0, 0, answer.iou_scores[0, 0].argmax()].numpy()
    ours = segmenter.logits(segmenter.encode(pixels), Prompt((ON,), None), SIZE, None)
    assert np.abs(ours - best).max() < 0.01 * np.abs(best).max()  # the encoding is stored as float16
    assert answer.iou_scores.unique().numel() == 3


def test_the_type_that_other_models_set_while_they_load_does_not_matter(segmenter: Segmenter) -> None:
    """So it holds no lock while it works, and no step of an edit waits for it."""
    pixels, prompt = photo(*SIZE), Prompt((ON, OFF), None)
    encoding = segmenter.encode(pixels)
    answer = segmenter.logits(encoding, prompt, SIZE, None)
    torch.set_default_dtype(torch.bfloat16)
    try:
        again = segmenter.encode(pixels)
        assert all(torch.equal(a, b) for a, b in zip(encoding, again, strict=True))
        assert np.array_equal(segmenter.logits(again, prompt, SIZE, None), answer)
    finally:
        torch.set_default_dtype(torch.float32)


def test_a_model_for_videos_is_read_as_its_authors_publish_it(tmp_path: Path) -> None:
    tiny_sam2.save_for_videos(tmp_path)
    saved = load_file(tmp_path / "model.safetensors")
    read = load_segmenter(tmp_path)._model.state_dict()
    assert any(name.startswith("memory_") for name in saved)
    assert all(torch.equal(value, saved[name]) for name, value in read.items() if name in saved)
    assert len(read.keys() & saved.keys()) > 100


def test_a_folder_that_is_no_whole_model_is_refused(tmp_path: Path) -> None:
    def spoilt(how: str) -> Path:
        folder = tmp_path / how
        folder.mkdir()
        snapshot = tiny_sam2.install(folder / "cache")
        weights = snapshot / "model.safetensors"
        if how == "lacking":
            kept = load_file(weights)
            del kept["mask_decoder.iou_token.weight"]
            save_file(kept, weights, {"format": "pt"})
        elif how == "cut":
            weights.write_bytes(weights.read_bytes()[:-100])
        elif how == "pickle":
            weights.rename(snapshot / "pytorch_model.bin")
        elif how == "other":
            config = json.loads((snapshot / "config.json").read_text())
            (snapshot / "config.json").write_text(json.dumps(config | {"model_type": "clip"}))
        else:
            config = json.loads((snapshot / "config.json").read_text())
            config["vision_config"]["backbone_config"]["hidden_size"] = 16
            (snapshot / "config.json").write_text(json.dumps(config))
        return snapshot

    sentences = {
        "lacking": "lacks 1 weights, mask_decoder.iou_token.weight among them", "cut": "damaged or there in part",
        "pickle": "has no model.safetensors", "other": "has no model.safetensors beside a config.json of sam2",
        "sizes": "cannot be read as SAM 2",
    }  # fmt: skip
    for how, sentence in sentences.items():
        with pytest.raises(InvalidInput, match=sentence):
            load_segmenter(spoilt(how))


def test_it_is_downloaded_found_and_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    saved = tmp_path / "saved"
    tiny_sam2.network().save_pretrained(saved)
    for name in ("processor_config.json", "preprocessor_config.json", "README.md"):
        (saved / name).write_text("{}")
    for name in ("sam2.1_hiera_tiny.pt", "video_preprocessor.bin", "notes.txt"):
        (saved / name).write_bytes(b"x" * 2000)
    with served(tmp_path, monkeypatch) as hub:
        hub.models[SELECTION_MODEL] = saved
        assert installed_selection_model() is None
        found = look_up(SELECTION_MODEL)
        folder = download(found, pipeline_files(found))
        names = {"config.json", "model.safetensors", "processor_config.json", "preprocessor_config.json", "README.md"}
        assert {file.name for file in folder.iterdir()} == names
        assert installed_selection_model() == folder
        assert installed_selection_model([saved, tmp_path]) == saved  # what the user added comes first
        assert installed_selection_model([tmp_path]) == folder
        load_segmenter(folder)
        (saved / "model.safetensors").unlink()
        with pytest.raises(Unavailable, match=r"has no model\.safetensors") as refused:
            pipeline_files(look_up(SELECTION_MODEL))
        assert refused.value.kind == "unusable"


def test_what_is_no_prompt_is_refused() -> None:
    assert read_prompt([[1, 2.5, True]], None) == Prompt((Point(1, 2.5, True),), None)
    assert read_prompt([[1, 2, False]], [0, 0, 5, 5]).box == (0, 0, 5, 5)
    on = [1, 2, True]
    for points, box in (
        ({}, None), ([[1, 2]], None), ([[1, "2", True]], None), ([[1, float("nan"), True]], None), ([[1, 2, 1]], None),
        ([[2**30, 2, True]], None), ([on] * (MOST_POINTS + 1), None), ([], [0, 0, 0, 5]), ([], [0, 0, 5]), ([], "box"),
        ([[1, 2, False]], None), ([[True, 2, True]], None),
    ):  # fmt: skip
        with pytest.raises(InvalidInput):
            read_prompt(points, box)
