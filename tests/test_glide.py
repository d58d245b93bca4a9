"""The networks against OpenAI's numbers, and the pipeline's laws on a tiny network with random weights."""

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from pipelines import WEIGHTS
from pipelines.base import Request, Step, run
from pipelines.diffusion.samplers import SAMPLERS
from pipelines.glide.config import UNetConfig
from pipelines.glide.pipeline import UPSAMPLE_STEPS, Glide, load_glide_mini
from pipelines.glide.pixels import to_images, to_tensor
from pipelines.glide.tokenizer import Tokenizer, mini_tokenizer
from pipelines.glide.unet import UNet
from pipelines.glide.weights import widened
from pipelines.training.__main__ import make_tokenizer
from tests.parity import filled

TINY = UNetConfig(
    16,
    8,
    (1, 2),
    1,
    (8,),
    head=8,
    groups=4,
    vocabulary=512,
    context=24,
    text_width=16,
    text_layers=1,
    text_heads=2,
)


@pytest.mark.parametrize("upsample", [False, True])
def test_fine_tuning_for_inpainting_begins_where_training_ended(upsample: bool) -> None:
    config = replace(TINY, upsample=upsample)
    plain, inpainting = filled(UNet(config)), filled(UNet(replace(config, inpaint=True)))
    inpainting.load_state_dict(widened(plain.state_dict(), inpainting))
    random = torch.Generator().manual_seed(0)
    x, t = torch.randn(2, 3, 16, 16, generator=random), torch.tensor([3.0, 800.0])
    text = plain.encode(torch.randint(512, (2, 24), generator=random), torch.ones(2, 24, dtype=torch.bool))
    low = torch.randn(2, 3, 4, 4, generator=random) if upsample else None
    known, keep = torch.randn(2, 3, 16, 16, generator=random), torch.ones(2, 1, 16, 16)
    assert torch.equal(plain(x, t, text, low=low), inpainting(x, t, text, known, keep, low))


# --- the pipeline ---


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory: pytest.TempPathFactory) -> Tokenizer:
    file = tmp_path_factory.mktemp("byte-pairs") / "tokenizer.json"
    make_tokenizer(file, 512)
    return mini_tokenizer(file, 24)


def networks(*forms: str) -> dict[str, Callable[[], UNet]]:
    """Tiny ones with random weights."""
    upsampler = replace(TINY, size=64, attend=(), upsample=True)
    return {
        form: lambda form=form: filled(UNet(replace(upsampler if "up" in form else TINY, inpaint="inpaint" in form)))
        for form in forms
    }


@pytest.fixture(scope="module")
def glide(tokenizer: Tokenizer) -> Glide:
    return Glide("tiny", networks("base_inpaint", "upsample_inpaint"), tokenizer, frozenset(("a", "red", "couch")))


def a_request(**wishes: object) -> Request:
    mask = np.zeros((64, 64), np.uint8)
    mask[20:50, 10:41] = 255
    image = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    defaults = {"image": image, "mask": mask, "prompt": "a red couch", "negative_prompt": "", "guidance": 2.0,
                "clip_guidance": 0.0, "strength": 1.0, "steps": 3, "sampler": "dpmpp_2m", "seeds": (7,)}  # fmt: skip
    return Request(**(defaults | wishes))  # type: ignore[arg-type]


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_kept_pixels_are_the_same_bytes_in_every_preview_and_in_the_end(glide: Glide, sampler: str) -> None:
    request = a_request(sampler=sampler)
    steps: list[Step] = []

    def watched() -> Iterator[Step]:
        image = yield from glide.inpaint(request)
        results.append(image)

    results: list[np.ndarray] = []
    steps.extend(watched())
    kept = request.mask == 0
    for images in [*(step.preview for step in steps), *results]:
        assert images.shape == (1, 64, 64, 3) and images.dtype == np.uint8
        assert np.array_equal(images[0][kept], request.image[kept])
    total = 3 + (27 if sampler in ("ddpm", "ddim") else UPSAMPLE_STEPS)
    assert [step.index for step in steps] == list(range(1, total + 1))
    assert {step.total for step in steps} == {total}
    assert (results[0][0][~kept] != request.image[~kept]).any()


@pytest.mark.parametrize("guidance", [1.0, 2.0])
def test_an_image_is_the_same_alone_and_in_any_batch(glide: Glide, guidance: float) -> None:
    together = run(glide.inpaint(a_request(seeds=(5, 7, 9), guidance=guidance)))
    alone = run(glide.inpaint(a_request(seeds=(7,), guidance=guidance)))
    assert np.array_equal(together[1], alone[0])
    assert not np.array_equal(together[0], together[1])


def test_what_decides_the_result_decides_it(glide: Glide) -> None:
    result = run(glide.inpaint(a_request()))
    for other in (
        {"prompt": "a couch"},
        {"negative_prompt": "red"},
        {"guidance": 4.0},
        {"seeds": (8,)},
        {"steps": 4},
    ):
        assert not np.array_equal(run(glide.inpaint(a_request(**other))), result), other
    assert np.array_equal(run(glide.inpaint(a_request())), result)
    # what lies under the mask is no truth
    image = a_request().image.copy()
    image[a_request().mask > 0] = 0
    assert np.array_equal(run(glide.inpaint(a_request(image=image))), result)


def test_an_empty_mask_asks_no_model(glide: Glide) -> None:
    request = a_request(mask=np.zeros((64, 64), np.uint8), seeds=(1, 2))
    steps = glide.inpaint(request)
    with pytest.raises(StopIteration) as end:
        next(steps)
    assert all(np.array_equal(image, request.image) for image in end.value.value)


def test_closing_cancels_within_a_step(glide: Glide, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    forward = UNet.forward
    monkeypatch.setattr(UNet, "forward", lambda *args, **kwargs: asked.append(1) or forward(*args, **kwargs))
    with closing(glide.inpaint(a_request(steps=50))) as steps:
        next(steps)
        next(steps)
    assert len(asked) == 2


def test_guidance_of_one_runs_no_doubled_batch(glide: Glide, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[int] = []
    forward = UNet.forward
    monkeypatch.setattr(UNet, "forward", lambda self, x, *rest: sizes.append(len(x)) or forward(self, x, *rest))
    run(glide.inpaint(a_request(guidance=1.0)))
    assert set(sizes) == {1}
    sizes.clear()
    run(glide.inpaint(a_request(guidance=2.0)))
    assert sizes[:3] == [2, 2, 2]


@pytest.mark.parametrize(
    "wishes, sentence",
    [
        ({"image": np.zeros((32, 32, 3), np.uint8), "mask": np.ones((32, 32), np.uint8)}, "64x64"),
        ({"sampler": "euler"}, "ddim, ddpm"),
    ],
)
def test_what_it_cannot_do_is_a_sentence(glide: Glide, wishes: dict[str, object], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        run(glide.inpaint(a_request(**wishes)))


def test_hints_name_what_cannot_be_honoured(glide: Glide) -> None:
    assert glide.hint("A red, red Couch!") == ""
    assert glide.hint("") == ""
    assert "“astronaut”" in glide.hint("a red astronaut")
    long = "a red couch " * 30
    unread = glide.hint(long)
    assert "longer" in unread and "couch" in unread
    assert glide.hint("кот 猫 🐈") != ""


def test_pixels_to_tensors_and_back_is_the_identity() -> None:
    image = np.arange(256, dtype=np.uint8).reshape(16, 16)[..., None].repeat(3, -1)
    assert np.array_equal(to_images(to_tensor(image)[None])[0], image)


def test_a_missing_embedded_model_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="byte pairs and words"):
        load_glide_mini(tmp_path)
    for name in ("tokenizer.json", "words.txt"):
        (tmp_path / name).write_bytes((WEIGHTS / "glide-mini" / name).read_bytes())
    with pytest.raises(ValueError, match=r"base\.safetensors"):
        load_glide_mini(tmp_path)
