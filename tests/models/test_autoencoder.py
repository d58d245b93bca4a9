"""The VQ autoencoder: its codes, how they are learned, and what it makes of pictures."""

from dataclasses import replace

import numpy as np
import pytest
import torch
import torch.distributed as distributed
from torch import Tensor
from torch.utils.data import default_collate

from pipelines.errors import InvalidInput
from pipelines.glide.autoencoder import Autoencoder
from pipelines.glide.config import AutoencoderConfig
from pipelines.glide.pixels import to_tensor
from pipelines.training.config import SIZES
from pipelines.training.dataset import WINDOW, example
from pipelines.training.reconstruction import Crops, LearningAutoencoder, Reconstruction, whole_batch
from pipelines.training.trainer import Share, Trainer

CPU = torch.device("cpu")
TINY = AutoencoderConfig(8, (1, 2, 2), 1, codes=16, features=4)
QUICK = replace(SIZES["toy"].autoencoder_pace, batch=4, learning_rate=4e-3, warm_up=5)


def random_of(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.fixture
def autoencoder() -> Autoencoder:
    """With weights that say something, and codes like the features that it makes."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = Autoencoder(TINY)
        for value in network.parameters():
            torch.nn.init.normal_(value, std=0.2)
    x = torch.rand(16, 3, 32, 32, generator=random_of(1)) * 2 - 1
    with torch.no_grad():
        rows = network.encode(x).permute(0, 2, 3, 1).flatten(0, 2)
        network.codebook.copy_(rows[torch.randperm(len(rows), generator=random_of(2))[: TINY.codes]])
    return network.requires_grad_(False)


def test_every_place_takes_the_nearest_code(autoencoder: Autoencoder) -> None:
    features = autoencoder.encode(torch.rand(2, 3, 24, 16, generator=random_of(3)) * 2 - 1)
    codes, quantised = autoencoder.codes(features), autoencoder.quantised(features)
    assert features.shape == quantised.shape == (2, TINY.features, 3, 2) and codes.shape == (2, 3, 2)
    assert len(codes.unique()) > 1
    for place in np.ndindex(2, 3, 2):
        b, y, x = place
        distances = ((autoencoder.codebook - features[b, :, y, x]) ** 2).sum(1)
        assert int(codes[place]) == int(distances.argmin())
        assert torch.equal(quantised[b, :, y, x], autoencoder.codebook[codes[place]])


def test_a_picture_moved_by_a_code_is_blurred_as_it_was_there(autoencoder: Autoencoder) -> None:
    """What becomes of a pixel follows from the pixels around it, not from where it is or how large the picture is."""
    image = np.random.default_rng(0).integers(0, 256, (1, 160, 160, 3), np.uint8)
    step, edge = TINY.factor, 56
    whole, part = autoencoder.blurred(image)[0], autoencoder.blurred(image[:, step:, 2 * step :])[0]
    assert np.ptp(whole.astype(int)) > 20
    moved = whole[step:, 2 * step :]
    assert np.abs(moved.astype(int) - part)[edge:-edge, edge:-edge].max() <= 1


def test_each_picture_is_blurred_for_itself(autoencoder: Autoencoder) -> None:
    images = np.random.default_rng(0).integers(0, 256, (3, 16, 24, 3), np.uint8)
    images[0] //= 4
    together = autoencoder.blurred(images)
    assert together.shape == images.shape and together.dtype == np.uint8
    for i in range(3):
        assert np.array_equal(autoencoder.blurred(images[i : i + 1])[0], together[i])
    assert autoencoder.blurred(images[:0]).shape == (0, 16, 24, 3)
    with pytest.raises(InvalidInput, match="multiples of 8 pixels, not 24x15"):
        autoencoder.blurred(images[:, 1:])


# --- the codebook ---


def learned(learning: LearningAutoencoder, features: Tensor, steps: int) -> None:
    generator = random_of(0)
    for _ in range(steps):
        learning.learn_codes(features, torch.randint(len(features), (TINY.codes,), generator=generator))


def apart(learning: LearningAutoencoder, features: Tensor) -> float:
    """Mean squared distance of features to their codes."""
    codebook = learning.autoencoder.codebook
    return float((features - codebook[learning.autoencoder.nearest(features)]).square().sum(1).mean())


def test_codes_come_to_lie_where_the_features_are() -> None:
    """At no more points than there are codes, on each of them."""
    points = torch.randn(TINY.codes // 2, TINY.features, generator=random_of(4))
    features = points.repeat(10, 1)
    learning = LearningAutoencoder(TINY)
    learned(learning, features, 600)
    assert apart(learning, features) < 1e-8
    assert abs(float(learning.shares.sum()) - 1) < 0.2


def test_codes_are_the_means_of_what_they_stand_for() -> None:
    features = torch.randn(1000, TINY.features, generator=random_of(5))
    learning = LearningAutoencoder(TINY)
    learned(learning, features, 1)
    first = apart(learning, features)
    learned(learning, features, 300)
    assert apart(learning, features) < first
    nearest = learning.autoencoder.nearest(features)
    assert len(nearest.unique()) == TINY.codes
    means = torch.stack([features[nearest == code].mean(0) for code in range(TINY.codes)])
    assert float((learning.autoencoder.codebook - means).abs().mean()) < 0.1


def test_codes_that_nothing_needs_begin_anew() -> None:
    features = torch.randn(400, TINY.features, generator=random_of(6))
    learning = LearningAutoencoder(TINY)
    learned(learning, features, 10)
    learning.autoencoder.codebook[1:] += 1000  # one code is left that features are near to
    learning.sums[1:] += 1000 * learning.shares[1:, None]
    learned(learning, features, 20)
    assert len(learning.autoencoder.nearest(features).unique()) == 1  # not at once: they were needed until now
    learned(learning, features, 1000)
    assert len(learning.autoencoder.nearest(features).unique()) == TINY.codes
    assert float(learning.autoencoder.codebook.abs().max()) < 5


def test_processes_gather_the_batch_that_one_alone_would_have(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = torch.arange(12.0).view(6, 2)
    parts = [Share(rank, 3).among(whole) for rank in range(3)]

    def all_gather(into: list[Tensor], part: Tensor) -> None:
        for one, other in zip(into, parts, strict=True):
            one.copy_(other)

    monkeypatch.setattr(distributed, "all_gather", all_gather)
    for rank, part in enumerate(parts):
        assert torch.equal(whole_batch(part, Share(rank, 3)), whole)
    assert whole_batch(whole, Share()) is whole


# --- learning ---


def test_an_autoencoder_learns_to_show_pictures() -> None:
    objective, dataset = Reconstruction(TINY, 7, CPU), Crops(32)
    trainer = Trainer(objective, QUICK, CPU)
    batch = default_collate([dataset[i] for i in range(4)])
    first = [float(trainer.learn(batch)) for _ in range(3)]
    for _ in range(200):
        last = float(trainer.learn(batch))
    assert last < 0.3 * min(first)
    autoencoder = objective.network.autoencoder
    with torch.no_grad():
        shown = autoencoder(batch["x0"])
        spread = (batch["x0"] - batch["x0"].mean((0, 2, 3), keepdim=True)).square().mean()
        assert float((shown - batch["x0"]).square().mean()) < 0.5 * float(spread)
        assert len(autoencoder.codes(autoencoder.encode(batch["x0"])).unique()) >= TINY.codes // 4


def test_crops_are_parts_of_windows_at_full_size() -> None:
    for seed in range(5):
        crop, shown, window = Crops(32)[seed]["x0"], example(seed, 32, 0.0, 1 / 8), example(seed, WINDOW, 0.0)
        assert torch.equal(crop, to_tensor(shown.image))
        assert 8 * shown.window[2] == pytest.approx(window.window[2])
        for start, whole_start in zip(shown.window[:2], window.window[:2], strict=True):
            assert 0 <= start - whole_start <= 7 * shown.window[2] + 1e-6
