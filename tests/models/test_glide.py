"""The networks against OpenAI's numbers, and the pipeline's laws on a tiny network with random weights."""

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from editor.edits.plan import DETAIL_STRENGTH
from pipelines import WEIGHTS
from pipelines.base import Request, Step, run, together
from pipelines.diffusion.denoiser import LAST
from pipelines.diffusion.samplers import SAMPLERS, Noise
from pipelines.diffusion.schedule import respaced
from pipelines.glide.clip import Clip, ClipImage, ClipText
from pipelines.glide.config import ClipConfig, UNetConfig
from pipelines.glide.folder import load_glide
from pipelines.glide.pipeline import BASE_SIGMAS, FINE, UPSAMPLE_SIGMAS, UPSAMPLE_TEMPERATURE, Glide
from pipelines.glide.pixels import eight_bit, to_images, to_tensor
from pipelines.glide.tokenizer import Tokenizer, mini_tokenizer
from pipelines.glide.unet import Text, UNet, beside
from pipelines.glide.weights import widened
from pipelines.training.command import make_tokenizer
from tests.parity import filled

UPSAMPLE_STEPS = 5
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
    return Glide(
        "tiny",
        networks("base_inpaint", "upsample_inpaint"),
        tokenizer,
        frozenset(("a", "red", "couch")),
        UPSAMPLE_STEPS,
    )


def a_request(**changes: object) -> Request:
    mask = np.zeros((64, 64), np.uint8)
    mask[20:50, 10:41] = 255
    image = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    defaults = {"image": image, "mask": mask, "prompt": "a red couch", "negative_prompt": "", "guidance": 2.0,
                "clip_guidance": 0.0, "strength": 1.0, "steps": 3, "sampler": "dpmpp_2m", "seeds": (7,)}  # fmt: skip
    return Request(**(defaults | changes))  # type: ignore[arg-type]


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


@pytest.mark.parametrize("strength", [1.0, 0.5])
def test_windows_side_by_side_come_out_as_each_alone(glide: Glide, strength: float) -> None:
    requests = []
    for seed in (5, 7, 9):
        mask = np.zeros((64, 64), np.uint8)
        mask[4 * seed : 4 * seed + 20, 10 : 20 + seed] = 255
        image = np.random.default_rng(seed).integers(0, 256, (64, 64, 3), np.uint8)
        requests.append(a_request(image=image, mask=mask, seeds=(seed,), strength=strength))
    side_by_side = run(glide.inpaint(together(requests)))
    assert np.array_equal(side_by_side, [run(glide.inpaint(each))[0] for each in requests])


@pytest.mark.parametrize(("guidance", "negative"), [(1.0, ""), (3.0, ""), (3.0, "blue")])
def test_prompts_side_by_side_come_out_as_each_alone(glide: Glide, guidance: float, negative: str) -> None:
    asked = [("a red couch", (5,)), ("a tree", (7, 8)), ("a red couch", (5,))]
    requests = [
        a_request(prompt=prompt, seeds=seeds, guidance=guidance, negative_prompt=negative) for prompt, seeds in asked
    ]
    joined = together(requests)
    assert joined.prompts == ("a red couch", "a tree", "a tree", "a red couch")
    side_by_side = run(glide.inpaint(joined))
    assert np.array_equal(side_by_side, np.concatenate([run(glide.inpaint(each)) for each in requests]))
    assert joined.of(slice(1, 3)).prompt == "a tree"


def test_texts_side_by_side_are_those_of_their_images(glide: Glide) -> None:
    """As a graphics card draws them: the prompts of all images, then the negative ones."""
    network, random = glide._network("base_inpaint"), torch.Generator().manual_seed(1)
    texts = [glide._encoded(network, (prompt, "blue")) for prompt in ("a red couch", "a tree", "a cat")]
    x = torch.randn(3, 3, network.config.size, network.config.size, generator=random)
    both, t = x.repeat(2, 1, 1, 1), torch.full((6,), 400)
    with torch.no_grad():
        drawn = network(both, t, beside(texts)).unflatten(0, (2, 3))
        for n, text in enumerate(texts):
            alone = network(x[n : n + 1].repeat(2, 1, 1, 1), t[:2], text)
            assert torch.allclose(drawn[:, n], alone, atol=1e-4)
            other = network(x[n : n + 1].repeat(2, 1, 1, 1), t[:2], texts[n - 1])
            assert not torch.allclose(drawn[:, n], other, atol=1e-4)


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


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[UNetConfig]:
    """Every run of a network, in order."""
    runs: list[UNetConfig] = []
    forward = UNet.forward
    monkeypatch.setattr(
        UNet, "forward", lambda self, *args: runs.append(self.config) or forward(self, *args)
    )  # fmt: skip
    return runs


def test_no_strength_leaves_the_picture_and_asks_no_model(glide: Glide, asked: list[UNetConfig]) -> None:
    request = a_request(strength=0.0, seeds=(1, 2))
    assert all(np.array_equal(image, request.image) for image in run(glide.inpaint(request)))
    assert asked == []


def test_strength_is_the_share_of_the_steps(glide: Glide, asked: list[UNetConfig]) -> None:
    for strength, steps in ((1.0, 10), (0.75, 8), (0.5, 5), (0.21, 2)):
        asked.clear()
        run(glide.inpaint(a_request(strength=strength, steps=10)))
        upsampling = sum(config.upsample for config in asked)
        assert len(asked) - upsampling == steps, strength
        assert upsampling == max(round(strength * UPSAMPLE_STEPS), 2), strength


def test_little_strength_draws_anew_what_is_finer_than_the_base_sees(
    tokenizer: Tokenizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the parts of a thing that is larger than a window, the base would begin other things."""
    given: list[tuple[bool, Tensor, float, Tensor | None]] = []
    forward = UNet.forward

    def noted(self: UNet, x: Tensor, t: Tensor, *rest: Tensor | None) -> Tensor:
        given.append((self.config.upsample, x, float(t[0]), rest[-1]))
        return forward(self, x, t, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(UNet, "forward", noted)
    glide = Glide("tiny", networks("base_inpaint", "upsample_inpaint"), tokenizer, None, UPSAMPLE_STEPS)
    request = a_request(strength=FINE)
    assert DETAIL_STRENGTH <= FINE
    run(glide.inpaint(request))
    assert all(upsamples for upsamples, *_ in given)
    _, x, t, low = given[0]
    known = to_tensor(request.image)[None]
    assert low is not None and torch.allclose(low.float(), F.avg_pool2d(known, 4), atol=1 / 127)
    sigma = float(UPSAMPLE_SIGMAS[round(t)])
    assert t == pytest.approx(999 * FINE, abs=1)
    noise = Noise((7,), (3, 64, 64), torch.device("cpu"))()
    begun = (known + sigma * UPSAMPLE_TEMPERATURE * noise) / (1 + sigma**2) ** 0.5
    assert torch.allclose(x.float(), begun, atol=0.02)


@pytest.mark.parametrize("steps", [1, 2, 3, 10, 20])
def test_strength_is_the_noise_begun_at_whatever_the_steps(
    glide: Glide, monkeypatch: pytest.MonkeyPatch, steps: int
) -> None:
    times: list[float] = []
    forward = UNet.forward
    monkeypatch.setattr(
        UNet, "forward", lambda self, x, t, *rest: times.append(float(t[0])) or forward(self, x, t, *rest)
    )
    for strength in (1.0, 0.5, 0.1):
        times.clear()
        run(glide.inpaint(a_request(strength=strength, steps=steps)))
        assert times[0] == pytest.approx(999 * strength, abs=1)


def test_the_networks_are_given_what_they_learned_on(tokenizer: Tokenizer, monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[tuple[UNetConfig, Tensor, float, Text, Tensor, Tensor, Tensor | None]] = []
    forward = UNet.forward

    def noted(self: UNet, x: Tensor, t: Tensor, text: Text, known: Tensor, keep: Tensor, low: Tensor | None) -> Tensor:
        given.append((self.config, x, float(t[0]), text, known, keep, low))
        return forward(self, x, t, text, known, keep, low)

    monkeypatch.setattr(UNet, "forward", noted)
    glide = Glide("tiny", networks("base_inpaint", "upsample_inpaint"), tokenizer, None, UPSAMPLE_STEPS)
    run(glide.inpaint(a_request(sampler="ddpm", steps=9)))
    base = [each for each in given if not each[0].upsample]
    upsampling = [each for each in given if each[0].upsample]
    assert [round(each[2]) for each in base] == respaced(9)[::-1]
    assert [round(each[2]) for each in upsampling] == respaced("fast27")[::-1]
    _, x, t, _, _, _, low = upsampling[0]
    assert low is not None and torch.allclose((low + 1) * 127.5, ((low + 1) * 127.5).round(), atol=1e-4)
    abar = 1 / (1 + UPSAMPLE_SIGMAS[round(t)] ** 2)
    drawn = Noise((7,), (3, 64, 64), torch.device("cpu"))()
    assert torch.allclose(x, drawn * (0.997 * (1 - abar) ** 0.5), atol=1e-5)  # the temperature, and no picture yet
    ids, real = tokenizer.encode("a red couch")
    for config, *_, its_text, _, _, _ in (base[0], upsampling[0]):
        wanted = networks("base_inpaint", "upsample_inpaint")[f"{'upsample' if config.upsample else 'base'}_inpaint"]()
        wanted = wanted.to(its_text.pooled.dtype)  # this machine's fast one
        assert torch.allclose(its_text.pooled[:1], wanted.encode(ids[None], real[None]).pooled)
    # on the way, a kept pixel is the picture's under the noise of that step: by the last, next to none
    for _, x, t, _, known, keep, _ in (base[-1], upsampling[-1]):
        kept = keep.expand_as(x) > 0
        assert float((x - known)[kept].abs().mean()) < 0.2 and round(t) == 0


def test_a_sketch_shows_through_less_the_greater_the_strength(tokenizer: Tokenizer) -> None:
    """SDEdit on a model that knows nothing: it takes what it sees for the picture."""

    class Believer(UNet):
        def forward(self, x: Tensor, t: Tensor, *rest: Tensor | None) -> Tensor:  # type: ignore[override]
            sigma = torch.from_numpy(BASE_SIGMAS).float()[t.long()][:, None, None, None]
            eps = x * sigma / (1 + sigma**2).sqrt()  # of a Gaussian of unit spread
            return torch.cat([eps, torch.zeros_like(eps)], 1)

    base = networks("base_inpaint")["base_inpaint"]().config
    glide = Glide(
        "tiny", networks("upsample_inpaint") | {"base_inpaint": lambda: Believer(base)}, tokenizer, None, UPSAMPLE_STEPS
    )
    image = np.full((64, 64, 3), 230, np.uint8)
    image[:, :32] = 20
    request = {"image": image, "mask": np.full((64, 64), 255, np.uint8), "guidance": 1.0, "steps": 20}

    def likeness(strength: float) -> float:
        previews = [step.preview for step in glide.inpaint(a_request(strength=strength, **request))]
        drawn = previews[round(strength * 20) - 1].astype(float)  # by the base
        return float(np.corrcoef(drawn.ravel(), image.astype(float).ravel())[0, 1])

    found = [likeness(strength) for strength in (0.25, 0.5, 0.75, 1.0)]
    assert found[0] > 0.9 and found == sorted(found, reverse=True) and abs(found[-1]) < 0.3


def test_a_whole_picture_is_drawn_by_the_networks_trained_for_it(tokenizer: Tokenizer, asked: list[UNetConfig]) -> None:
    loaded: list[str] = []

    def counted(form: str, load: Callable[[], UNet]) -> Callable[[], UNet]:
        return lambda: loaded.append(form) or load()  # type: ignore[func-returns-value]

    forms = networks("base", "upsample", "base_inpaint", "upsample_inpaint")
    glide = Glide("tiny", {form: counted(form, load) for form, load in forms.items()}, tokenizer, None, UPSAMPLE_STEPS)
    run(glide.inpaint(a_request()))
    assert all(config.inpaint for config in asked)
    assert loaded == ["base_inpaint", "upsample_inpaint"]  # the others' memory is not taken before they are needed
    asked.clear()
    for _ in range(2):
        run(glide.inpaint(a_request(mask=np.full((64, 64), 255, np.uint8))))
    assert not any(config.inpaint for config in asked)
    assert loaded == ["base_inpaint", "upsample_inpaint", "base", "upsample"]  # and each is read once


@pytest.mark.parametrize("forms", [("base", "upsample"), ("base_inpaint", "upsample_inpaint")])
@pytest.mark.parametrize("whole", [True, False])
def test_one_pair_does_both(tokenizer: Tokenizer, forms: tuple[str, str], whole: bool) -> None:
    glide = Glide("tiny", networks(*forms), tokenizer, None, UPSAMPLE_STEPS)
    request = a_request(mask=np.full((64, 64), 255, np.uint8)) if whole else a_request()
    image = run(glide.inpaint(request))[0]
    kept = request.mask == 0
    assert np.array_equal(image[kept], request.image[kept]) and (image != request.image).any()


@pytest.mark.parametrize("prompt", ["", "a red couch"])
def test_a_prompt_that_is_to_be_kept_away_itself_takes_no_guidance(
    glide: Glide, monkeypatch: pytest.MonkeyPatch, prompt: str
) -> None:
    """As of every removal: no prompt, and none to be kept away. Half of the work is the whole of it."""
    request = a_request(prompt=prompt, negative_prompt=prompt, guidance=2.0)
    batches: list[int] = []
    forward = UNet.forward

    def noted(self: UNet, x: Tensor, *others: Any) -> Tensor:
        batches.append(len(x))
        return forward(self, x, *others)

    monkeypatch.setattr(UNet, "forward", noted)
    image = run(glide.inpaint(request))
    assert set(batches) == {1}
    assert np.array_equal(image, run(glide.inpaint(replace(request, guidance=1.0))))


@pytest.mark.parametrize("guidance", [0.0, 1.0, -2.0, 30.0])
@pytest.mark.parametrize("steps", [1, 2])
def test_any_guidance_and_few_steps(glide: Glide, guidance: float, steps: int) -> None:
    request = a_request(guidance=guidance, steps=steps, seeds=(1, 2))
    images = run(glide.inpaint(request))
    assert images.shape == (2, 64, 64, 3)
    if guidance == 0:  # the negative prompt alone
        # the upsampler reads the prompt itself, so compare what the base drew
        alone = a_request(guidance=1.0, prompt="", steps=steps, seeds=(1, 2))
        ours, theirs = ([step.preview for step in glide.inpaint(each)][steps - 1] for each in (request, alone))
        assert np.array_equal(ours, theirs)


class Words:
    """Byte pairs that make the same of every prompt."""

    def encode(self, prompt: str) -> tuple[Tensor, int]:
        return torch.zeros(11, dtype=torch.int64), 1


class Opinion(nn.Module):
    """Half of a CLIP that likes bright pictures (image), or any text."""

    def __init__(self) -> None:
        super().__init__()
        self.anchor = nn.Parameter(torch.zeros(1))

    def forward(self, x: Tensor, _: Tensor, hole: Tensor | None = None) -> Tensor:
        if x.ndim == 2:
            return torch.tensor([[1.0, 0.0]])
        light = x.mean((1, 2, 3))
        return torch.stack([light, torch.ones_like(light)], 1)


def test_clip_guidance_goes_where_clip_points(tokenizer: Tokenizer) -> None:
    clip = Clip(Opinion(), Opinion(), Words())  # type: ignore[arg-type]
    glide = Glide("tiny", networks("base_inpaint", "upsample_inpaint"), tokenizer, None, UPSAMPLE_STEPS, lambda: clip)
    steps = 6

    def light(scale: float) -> float:
        previews = [step.preview for step in glide.inpaint(a_request(clip_guidance=scale, steps=steps))]
        return float(previews[steps - 1][0][a_request().mask > 0].mean())

    assert light(30.0) > light(0.0) + 10


def test_an_image_is_the_same_in_any_batch_with_clip_too(tokenizer: Tokenizer) -> None:
    config = ClipConfig(16, 4, 24, 16, 97, 11, text_heads=2, text_blocks=1, image_heads=2, image_blocks=1)
    clip = Clip(filled(ClipText(config)), filled(ClipImage(config)), Words())  # type: ignore[arg-type]
    glide = Glide("tiny", networks("base_inpaint", "upsample_inpaint"), tokenizer, None, UPSAMPLE_STEPS, lambda: clip)
    together = run(glide.inpaint(a_request(seeds=(5, 7, 9), clip_guidance=2.0)))
    alone = run(glide.inpaint(a_request(seeds=(7,), clip_guidance=2.0)))
    assert np.array_equal(together[1], alone[0])
    assert not np.array_equal(run(glide.inpaint(a_request(seeds=(7,)))), alone)
    prompts = ("a tree", a_request().prompts[0], "a tree")
    others = run(glide.inpaint(a_request(prompt=prompts, seeds=(5, 7, 9), clip_guidance=2.0)))
    assert np.array_equal(others[1], alone[0]) and not np.array_equal(others[0], together[0])


def test_clip_guidance_without_clip_is_a_sentence(glide: Glide) -> None:
    with pytest.raises(ValueError, match="comes without CLIP"):
        run(glide.inpaint(a_request(clip_guidance=1.0)))


def test_the_upsampler_sees_eight_bits() -> None:
    x = torch.linspace(-1.1, 1.1, 1001)[None, None, None].expand(1, 3, 1, -1)
    seen = eight_bit(x)
    assert torch.equal(to_tensor(to_images(x)[0])[None], seen)
    assert float((seen - x.clamp(-1, 1)).abs().max()) <= 1 / 255 + 1e-6


@pytest.mark.proof
def test_compiled_networks_are_one_graph_and_the_same_function(
    glide: Glide, tokenizer: Tokenizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    compile = torch.compile
    calls: list[dict[str, object]] = []

    def traced(function: Callable[..., Tensor], **options: object) -> Callable[..., Tensor]:
        calls.append(options)  # the back end takes minutes; what can go wrong here is the graph
        return compile(function, backend="eager", fullgraph=True)

    monkeypatch.setattr(torch, "compile", traced)
    compiled = Glide(
        "tiny", networks("base_inpaint", "upsample_inpaint"), tokenizer, None, UPSAMPLE_STEPS, compiled=True
    )
    assert calls == [{"mode": "reduce-overhead", "fullgraph": True}] * 2
    for guidance in (1.0, 2.0):
        request = a_request(guidance=guidance, steps=2)
        assert np.array_equal(run(compiled.inpaint(request)), run(glide.inpaint(request)))


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
    "changes, sentence",
    [
        ({"image": np.zeros((32, 32, 3), np.uint8), "mask": np.ones((32, 32), np.uint8)}, "64x64"),
        ({"sampler": "euler"}, "ddim, ddpm"),
        ({"seeds": ()}, "at least one seed"),
        ({"steps": 0}, "at least 1"),
        ({"strength": 1.5}, "strength must be from 0 to 1, not 1.5"),
        ({"strength": float("nan")}, "strength"),
        ({"guidance": float("inf")}, "finite"),
    ],
)
def test_what_it_cannot_do_is_a_sentence(glide: Glide, changes: dict[str, object], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        run(glide.inpaint(a_request(**changes)))


def test_hints_name_what_cannot_be_honoured(glide: Glide) -> None:
    assert glide.hint("A red, red Couch!") == ""
    assert glide.hint("") == ""
    long = "a red couch " * 30
    unread = glide.hint(long)
    assert "longer" in unread and "couch" in unread
    assert "red" in (glide.vocabulary or ()) and "astronaut" not in (glide.vocabulary or ())


def test_the_embedded_model_ends_where_it_was_taught(monkeypatch: pytest.MonkeyPatch) -> None:
    times: list[tuple[bool, int]] = []
    forward = UNet.forward

    def noted(self: UNet, x: Tensor, t: Tensor, *others: Any) -> Tensor:
        times.append((self.config.upsample, round(float(t[0]))))
        return forward(self, x, t, *others)

    monkeypatch.setattr(UNet, "forward", noted)
    glide = load_glide(WEIGHTS / "glide-mini", "embedded")
    mask = np.zeros((256, 256), np.uint8)
    mask[:64, :64] = 255
    asked = a_request(image=np.full((256, 256, 3), 90, np.uint8), mask=mask, guidance=1.0, **glide.defaults)
    run(glide.inpaint(asked))
    assert len(times) == glide.defaults["steps"] + 2 and glide.live_steps == 4
    assert [t for upsample, t in times if not upsample][-1] == [t for upsample, t in times if upsample][-1] == LAST["v"]


def test_pixels_to_tensors_and_back_is_the_identity() -> None:
    image = np.arange(256, dtype=np.uint8).reshape(16, 16)[..., None].repeat(3, -1)
    assert np.array_equal(to_images(to_tensor(image)[None])[0], image)


@pytest.mark.parametrize("name", ["base_inpaint.safetensors", "tokenizer.json", "config.json"])
def test_a_damaged_embedded_model_is_a_sentence(tmp_path: Path, name: str) -> None:
    for file in (WEIGHTS / "glide-mini").iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    load_glide(tmp_path, "copied")
    for damage in (lambda: (tmp_path / name).write_text('{"damaged": 1}'), (tmp_path / name).unlink):
        damage()
        with pytest.raises(ValueError, match=r"lack|is damaged|cannot be read"):
            load_glide(tmp_path, "copied")
