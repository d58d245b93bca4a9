"""Inception as FID knows it: the published network, from a user's file, with weights at random."""

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from pipelines.evaluation.command import main
from pipelines.evaluation.metrics import inception
from pipelines.evaluation.metrics.distances import frechet_distance, gaussian_from
from pipelines.evaluation.metrics.features import joined
from pipelines.evaluation.metrics.inception import (
    BEGINNING,
    FILE,
    Inception,
    InceptionExtractor,
    load_inception,
    resized,
)
from pipelines.evaluation.metrics.precision_recall import precision_recall
from pipelines.evaluation.metrics.scores import inception_score
from pipelines.evaluation.sample_sets import STATISTICS, SampleArchive
from pipelines.glide.digests import sha256

GOLDEN = "PALIMPSEST_ADM_SAMPLES"  # names a folder with both .npz files of OpenAI's, and Inception's
GOLDEN_FILES = ("VIRTUAL_imagenet256_labeled.npz", "admnet_guided_upsampled_imagenet256.npz", FILE)


@pytest.fixture(scope="module")
def network() -> Inception:
    """At random, but so that pictures make a difference to the last layer."""
    torch.manual_seed(0)
    network = Inception().eval()
    for name, value in network.state_dict().items():
        if name.endswith("running_mean"):
            value.normal_(0, 0.1)
        elif name.endswith("running_var"):
            value.uniform_(0.5, 1.5)
        elif name.endswith("conv.weight"):
            value.normal_(0, (2 / value[0].numel()) ** 0.5)
    return network


@pytest.fixture(scope="module")
def file(network: Inception, tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("inception") / FILE
    torch.save(network.state_dict(), file)
    return file


@pytest.fixture
def known(file: Path) -> Iterator[Path]:
    """The file, with its digest taken for the right one."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(inception, "BEGINNING", sha256(file)[:8])
        yield file


def pictures(count: int, side: int = 64) -> np.ndarray:
    images = np.random.default_rng(0).integers(0, 256, (count, side, side, 3), np.uint8)
    images.flags.writeable = False  # as they come from an archive
    return images


def test_it_is_as_large_as_the_published_one(network: Inception) -> None:
    layers = sum(each.numel() for name, each in network.named_parameters() if not name.startswith("fc."))
    assert layers == 21_785_568  # convolutions and normalisations of torchvision's, without the side branch
    assert network.fc.weight.shape == (1008, 2048)


def test_a_picture_is_resized_from_corner_to_corner() -> None:
    images = torch.from_numpy(pictures(1).copy()).permute(0, 3, 1, 2).float()
    large = resized(images)
    assert large.shape == (1, 3, 299, 299) and torch.equal(large[..., 0, 0], images[..., 0, 0])
    for row, column in ((17, 200), (298, 3), (150, 298)):
        y, x = row * 64 / 299, column * 64 / 299
        top, left = int(y), int(x)
        bottom, right = min(top + 1, 63), min(left + 1, 63)
        mixed = (
            (1 - y % 1) * (1 - x % 1) * images[..., top, left] + (1 - y % 1) * (x % 1) * images[..., top, right]
            + (y % 1) * (1 - x % 1) * images[..., bottom, left] + (y % 1) * (x % 1) * images[..., bottom, right]
        )  # fmt: skip
        assert torch.allclose(large[..., row, column], mixed, atol=1e-2)
    same = torch.rand(1, 3, 299, 299)
    assert torch.equal(resized(same), same)


@torch.inference_mode()
def test_what_it_sees_has_the_published_shapes(known: Path, network: Inception) -> None:
    images = pictures(2)
    features = load_inception(known)(images, None)
    assert [each.shape for each in features] == [(2, 2048), (2, 17 * 17 * 7), (2, 1008)]
    maps: list[torch.Tensor] = []
    branch = network.get_submodule("Mixed_6d.branch1x1")
    hook = branch.register_forward_hook(lambda module, into, out: maps.append(out))
    pooled, _, logits = network(torch.from_numpy(images.copy()).permute(0, 3, 1, 2).float())
    hook.remove()
    for place in ((0, 0, 0), (3, 11, 6), (16, 16, 2)):  # row, column, channel, as TensorFlow keeps them
        row, column, channel = place
        spatial = features.spatial.reshape(2, 17, 17, 7)[:, row, column, channel]
        assert np.allclose(spatial, maps[0][:, channel, row, column], rtol=1e-4)
    assert np.allclose(features.pooled, pooled) and features.pooled.min() >= 0
    assert torch.allclose(logits, network.fc(pooled) - network.fc.bias, atol=1e-4)
    assert not np.allclose(features.pooled[0], features.pooled[1])


@torch.inference_mode()
def test_an_average_leaves_out_the_border_and_the_last_block_takes_a_maximum(network: Inception) -> None:
    """Where everything is the same, both are what is there, up to the edge."""
    for name, pool in (
        ("Mixed_5b", "average"),
        ("Mixed_6b", "average"),
        ("Mixed_7b", "average"),
        ("Mixed_7c", "maximum"),
    ):
        block = network.get_submodule(name)
        into, out = (
            getattr(network.get_submodule(f"{name}.branch_pool.conv"), f"{end}_channels") for end in ("in", "out")
        )
        flat = torch.rand(1, into, 1, 1).expand(1, into, 8, 8)
        pooled = block(flat)[:, -out:]
        assert block.pool == pool and torch.allclose(pooled, pooled[..., :1, :1].expand_as(pooled), atol=1e-5)


def test_another_file_is_refused_with_a_sentence(file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValueError, match=f"There is no file .*{FILE}, which you download yourself"):
        load_inception(tmp_path / FILE)
    with pytest.raises(ValueError, match=f"its SHA-256 begins with {sha256(file)[:8]}, not {BEGINNING}"):
        load_inception(file)  # by its name it would do
    assert BEGINNING == "6726825d"
    for content, message in (
        ({"fc.weight": torch.zeros(3)}, "has not the weights of Inception"),
        ([1, 2], "has not the weights of Inception"),
        (Inception, "holds no weights alone"),  # a class, which a reading of anything would import
    ):
        other = tmp_path / "other.pth"
        torch.save(content, other)
        monkeypatch.setattr(inception, "BEGINNING", sha256(other)[:8])
        with pytest.raises(ValueError, match=message):
            load_inception(other)
    other.write_bytes(b"no weights")
    monkeypatch.setattr(inception, "BEGINNING", sha256(other)[:8])
    with pytest.raises(ValueError, match="holds no weights alone"):
        load_inception(other)
    monkeypatch.setattr(
        "sys.argv", ["evaluation", "compare", "truth", "glide-mini", "--inception", "none", "-o", "out"]
    )
    with pytest.raises(SystemExit, match="There is no file none"):
        main()


def test_weights_of_another_shape_are_refused(
    network: Inception, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = network.state_dict() | {"fc.weight": torch.zeros(1000, 2048)}  # torchvision's own
    torch.save(state, tmp_path / FILE)
    monkeypatch.setattr(inception, "BEGINNING", sha256(tmp_path / FILE)[:8])
    with pytest.raises(ValueError, match=r"has not the weights of Inception v3: fc\.weight"):
        load_inception(tmp_path / FILE)


def test_torch_fidelitys_network_sees_the_same(known: Path) -> None:
    pytest.importorskip("torch_fidelity", reason="torch-fidelity is not installed")
    from torch_fidelity import FeatureExtractorInceptionV3

    names = ["2048", "logits_unbiased"]
    theirs = FeatureExtractorInceptionV3("theirs", names, feature_extractor_weights_path=str(known))
    images = pictures(2)
    wanted = theirs(torch.from_numpy(images.copy()).permute(0, 3, 1, 2))
    found = load_inception(known)(images, None)
    for ours, other in zip((found.pooled, found.logits), wanted, strict=True):
        assert np.allclose(ours, other.numpy(), rtol=1e-4, atol=1e-4 * float(other.abs().max()))


@pytest.mark.proof
def test_adms_samples_have_the_published_figures() -> None:
    """ADM-G with its upsampler, ImageNet at 256 pixels (Dhariwal & Nichol 2021), as its repository prints them."""
    folder = os.environ.get(GOLDEN)
    if folder is None:
        pytest.skip(f"{GOLDEN} names no folder with {', '.join(GOLDEN_FILES)}")
    reference, samples = (SampleArchive.opened(Path(folder) / name) for name in GOLDEN_FILES[:2])
    extractor: InceptionExtractor = load_inception(Path(folder) / GOLDEN_FILES[2])
    real, fake = (joined([extractor(*batch) for batch in each.batches(64)]) for each in (reference, samples))
    mu, sigma, mu_s, sigma_s = (reference.statistics()[name] for name in STATISTICS)
    assert frechet_distance(fake.pooled, gaussian_from(mu, sigma)).value == pytest.approx(3.9426, abs=0.02)
    assert frechet_distance(fake.spatial, gaussian_from(mu_s, sigma_s)).value == pytest.approx(6.1404, abs=0.02)
    assert inception_score(fake.logits).value == pytest.approx(215.837, abs=0.5)
    precision, recall = precision_recall(fake.pooled, real.pooled)
    assert precision.value == pytest.approx(0.8265, abs=0.003) and recall.value == pytest.approx(0.5309, abs=0.003)
