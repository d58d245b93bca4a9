"""The networks against OpenAI's numbers, and the pipeline's laws on a tiny network with random weights."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from pipelines.base import Request, Step, run
from pipelines.diffusion.denoiser import from_eps
from pipelines.diffusion.guidance import clipped, guided, keeping
from pipelines.diffusion.samplers import ddim, ddpm
from pipelines.diffusion.schedule import SCHEDULES, respaced, sigmas_of
from pipelines.glide.config import PRESETS, UNetConfig
from pipelines.glide.pipeline import UPSAMPLE_STEPS, Glide, load_glide_mini
from pipelines.glide.pixels import to_images, to_tensor
from pipelines.glide.text_encoder import Text
from pipelines.glide.tokenizer import Tokenizer, words
from pipelines.glide.unet import UNet
from pipelines.glide.weights import load_unet, save_unet, widened
from pipelines.training.__main__ import make_tokenizer
from tests.glide_parity import FORMS, config_of, filled

KNOWN = np.load(Path(__file__).parent / "data" / "unet_tiny.npz")
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


def reference(form: str, quantity: str) -> torch.Tensor:
    return torch.from_numpy(KNOWN[f"{form}/{quantity}"])


def inputs(form: str) -> dict[str, torch.Tensor | None]:
    names = {"known": "inpaint_image", "keep": "inpaint_mask", "low": "low_res"}
    return {
        ours: reference(form, f"in/{theirs}") if f"{form}/in/{theirs}" in KNOWN else None
        for ours, theirs in names.items()
    }


@pytest.mark.parametrize("form", FORMS)
def test_forward_pass_is_that_of_the_released_code(form: str) -> None:
    network = filled(UNet(config_of(str(KNOWN["config"]), form)))
    text = network.encode(reference(form, "in/tokens").long(), reference(form, "in/mask").bool())
    out = network(reference(form, "in/x"), reference(form, "in/t"), text, **inputs(form))
    wanted = reference(form, "out")
    assert float((out - wanted).abs().max() / wanted.abs().max()) < 1e-4


@pytest.mark.parametrize("form", FORMS)
def test_reverse_step_is_that_of_the_released_code(form: str) -> None:
    network = filled(UNet(config_of(str(KNOWN["config"]), form)))
    text = network.encode(reference(form, "in/tokens").long(), reference(form, "in/mask").bool())
    upsample = "upsample" in form
    sigmas = sigmas_of(SCHEDULES["linear" if upsample else "cosine"]())
    visited = (
        np.load(Path(__file__).parent / "data" / "schedules.npz")["timesteps/fast27"] if upsample else respaced(100)
    )
    x = reference(form, "in/x").double()
    for row, index in enumerate(KNOWN[f"{form}/step/index"]):
        here, there = float(sigmas[visited[index]]), float(sigmas[visited[index - 1]])
        its = {name: None if value is None else value[row : row + 1] for name, value in inputs(form).items()}

        def predict(x: torch.Tensor, t: torch.Tensor, row: int = row, its: dict = its) -> torch.Tensor:
            return network(x.float(), t, Text(text.states[row : row + 1], text.pooled[row : row + 1]), **its).double()

        noisy = x[row : row + 1] * (1 + here**2) ** 0.5  # the papers' x_t in units of x0
        steps = ddpm(clipped(from_eps(predict, sigmas)), noisy, [here, there, 0.0], noisy.clone)
        x0 = next(steps)
        assert torch.allclose(x0.float(), reference(form, "step/pred_xstart")[row : row + 1], atol=2e-4)
        mean = ((there / here) ** 2 * (noisy - x0) + x0) / (1 + there**2) ** 0.5
        wanted = reference(form, "step/mean")[row : row + 1]
        assert float((mean.float() - wanted).abs().max() / wanted.abs().max()) < 1e-4


@pytest.mark.parametrize("form", FORMS)
def test_ten_guided_steps_are_those_of_the_released_code(form: str) -> None:
    network = filled(UNet(config := config_of(str(KNOWN["config"]), form)))
    upsample = "upsample" in form
    sigmas = sigmas_of(SCHEDULES["linear" if upsample else "cosine"]())
    tokens, real = reference(form, "in/tokens")[:1].long(), reference(form, "in/mask")[:1].bool()
    if not upsample:  # against an empty prompt
        tokens = torch.cat([tokens, torch.full_like(tokens, config.vocabulary - 1)])
        real = torch.cat([real, torch.zeros_like(real)])
    text = network.encode(tokens, real)
    its = {name: None if value is None else value[:1].expand(len(tokens), -1, -1, -1)
           for name, value in inputs(form).items()}  # fmt: skip
    denoise = from_eps(lambda x, t: network(x, t, text, **its), sigmas)
    if not upsample:
        denoise = guided(denoise, 3.0)
    if its["known"] is not None:
        denoise = keeping(denoise, its["known"][:1], its["keep"][:1])
    visited = [*(float(sigmas[t]) for t in reversed(respaced(10))), 0.0]
    noise = reference(form, "ddim/noise")
    x = noise * (1 + visited[0] ** 2) ** 0.5
    sample = run(ddim(clipped(denoise), x, visited, lambda: noise))
    wanted = reference(form, "ddim/sample")
    assert float((sample - wanted).abs().max() / wanted.abs().max()) < 2e-3


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
    return Tokenizer(file, 24)


@pytest.fixture(scope="module")
def glide(tokenizer: Tokenizer) -> Glide:
    base = filled(UNet(replace(TINY, inpaint=True)))
    upsampler = filled(UNet(replace(TINY, size=64, attend=(), inpaint=True, upsample=True)))
    return Glide("tiny", base, upsampler, tokenizer, frozenset(("a", "red", "couch")))


def a_request(**wishes: object) -> Request:
    mask = np.zeros((64, 64), np.uint8)
    mask[20:50, 10:41] = 255
    image = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    defaults = {"image": image, "mask": mask, "prompt": "a red couch", "negative_prompt": "", "guidance": 2.0,
                "steps": 3, "sampler": "ddim", "seeds": (7,)}  # fmt: skip
    return Request(**(defaults | wishes))  # type: ignore[arg-type]


@pytest.mark.parametrize("sampler", ["ddim", "ddpm"])
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
    assert [step.index for step in steps] == list(range(1, 3 + UPSAMPLE_STEPS + 1))
    assert {step.total for step in steps} == {3 + UPSAMPLE_STEPS}
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


def test_any_text_can_be_typed(tokenizer: Tokenizer) -> None:
    for prompt in ("", "  ", "кот", "猫", "🐈‍⬛", "a" * 1000, "\x00\n\t", "<|endoftext|>"):
        ids, real = tokenizer.encode(prompt)
        assert ids.shape == real.shape == (24,) and int(ids.max()) < 512
    assert not tokenizer.encode("")[1].any()
    assert torch.equal(tokenizer.encode("A  RED couch")[0], tokenizer.encode("a red couch ")[0])
    assert words("A red, old-style couch; l'été 42!") == ["a", "red", "old-style", "couch", "l'été", "42"]


def test_pixels_to_tensors_and_back_is_the_identity() -> None:
    image = np.arange(256, dtype=np.uint8).reshape(16, 16)[..., None].repeat(3, -1)
    assert np.array_equal(to_images(to_tensor(image)[None])[0], image)


# --- weights ---


def test_weights_to_a_file_and_back(tmp_path: Path) -> None:
    network = filled(UNet(TINY))
    save_unet(network.state_dict(), tmp_path / "tiny.safetensors")
    loaded = load_unet(TINY, tmp_path / "tiny.safetensors")
    for name, value in network.state_dict().items():
        assert torch.equal(loaded.state_dict()[name], value.bfloat16().float()), name


def test_weights_that_do_not_fit_are_named(tmp_path: Path) -> None:
    file = tmp_path / "tiny.safetensors"
    with pytest.raises(ValueError, match="not there"):
        load_unet(TINY, file)
    state = {name: value.clone() for name, value in filled(UNet(TINY)).state_dict().items()}
    for change, sentence in (
        (lambda s: s.pop("out.2.bias"), "lack out.2.bias"),
        (lambda s: s.update(extra=torch.zeros(1)), "hold extra"),
        (lambda s: s.update({"out.2.bias": torch.zeros(3)}), r"out.2.bias of shape \(3,\), not \(6,\)"),
    ):
        changed = dict(state)
        change(changed)
        save_file(changed, file)
        with pytest.raises(ValueError, match=sentence):
            load_unet(TINY, file)
    save_file(state, file)
    whole = file.read_bytes()
    for damaged in (
        whole[: len(whole) // 2],
        b"",
        b"not weights at all, but text",
        whole[:4] + b"\xff" * 8 + whole[12:],
    ):
        file.write_bytes(damaged)
        with pytest.raises(ValueError, match="damaged"):
            load_unet(TINY, file)


def test_a_missing_embedded_model_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"base\.safetensors"):
        load_glide_mini(tmp_path)


def test_presets_are_networks() -> None:
    for name, config in PRESETS.items():
        with torch.device("meta"):
            assert sum(p.numel() for p in UNet(config).parameters()) < 60e6, name
