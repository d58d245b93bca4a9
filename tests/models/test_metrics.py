"""Metrics of sets of pictures, held against their definitions, written out slowly, and against another's code."""

from collections.abc import Callable
from functools import partial
from math import sqrt
from pathlib import Path
from statistics import fmean

import numpy as np
import pytest
import torch

from pipelines.diffusion.schedule import cosine_betas, sigmas_of
from pipelines.evaluation.metrics.clip_scorer import ClipScorer, load_scorer
from pipelines.evaluation.metrics.distances import (
    FEWEST_A_FEATURE,
    SUBSETS,
    Gaussian,
    frechet,
    frechet_at_infinity,
    frechet_distance,
    gaussian_from,
    gaussian_of,
    kernel_distance,
)
from pipelines.evaluation.metrics.estimates import (
    BOOTSTRAPS,
    PARTS,
    SHARE,
    SPREAD,
    Estimate,
    Floats,
    Z,
    bootstrap_weights,
    difference,
    parts,
)
from pipelines.evaluation.metrics.features import Features
from pipelines.evaluation.metrics.measured import FEWEST, Reference, check_count, compare_features, score
from pipelines.evaluation.metrics.precision_recall import NEIGHBOURS, precision_recall
from pipelines.evaluation.metrics.scores import SPLIT_SIZE, clip_score, inception_score
from pipelines.glide.clip import Clip, ClipImage, ClipText
from pipelines.glide.config import ClipConfig

D = 6


def normal(seed: int, count: int, shift: float = 0.0, features: int = D) -> Floats:
    return np.random.default_rng(seed).normal(shift, 1, (count, features))


def covariance(seed: int) -> Floats:
    root = np.random.default_rng(seed).normal(size=(D, D))
    return root @ root.T


# Fréchet distances


def test_the_frechet_distance_is_that_of_the_formula() -> None:
    for seed in range(5):
        one, other = covariance(seed), covariance(seed + 10)
        apart = normal(seed, 2)
        # the product is not symmetric, but like a matrix that is: its eigenvalues are real, and not below 0
        values, vectors = np.linalg.eig(one @ other)
        root = (vectors * np.sqrt(values)) @ np.linalg.inv(vectors)
        assert np.allclose(root @ root, one @ other)
        wanted = ((apart[0] - apart[1]) ** 2).sum() + np.trace(one + other - 2 * root.real)
        found = frechet(gaussian_from(apart[0], one), gaussian_from(apart[1], other))
        assert found == pytest.approx(wanted, rel=1e-9)


@pytest.mark.parametrize("count", [4, 50])  # fewer than features, and more
def test_the_frechet_distance_is_a_squared_distance(count: int) -> None:
    some, others = gaussian_of(normal(0, count)), gaussian_of(2 * normal(1, count, 0.5))
    assert frechet(some, some) == pytest.approx(0, abs=1e-12)
    assert frechet(some, others) == pytest.approx(frechet(others, some), rel=1e-12) and frechet(some, others) > 1
    moved = gaussian_of(normal(0, count) + np.arange(D))
    assert frechet(some, moved) == pytest.approx((np.arange(D) ** 2).sum(), rel=1e-9)  # the covariances are one
    doubled = gaussian_of(2 * normal(0, count))  # with the axes in common the standard deviations are what differs
    wanted = normal(0, count).mean(0) @ normal(0, count).mean(0) + normal(0, count).var(0, ddof=1).sum()
    assert frechet(some, doubled) == pytest.approx(wanted, rel=1e-9)


def test_a_gaussian_fits_its_features() -> None:
    features = normal(3, 40) @ covariance(1)
    mean, root = gaussian_of(features)
    assert np.allclose(mean, features.mean(0)) and np.allclose(root.T @ root, np.cov(features, rowvar=False))
    mean, root = gaussian_from(mean, np.cov(features, rowvar=False))
    assert np.allclose(root.T @ root, np.cov(features, rowvar=False))


def test_a_gaussian_as_reference_is_a_set_without_error_of_its_own() -> None:
    some, others = normal(0, 200), normal(1, 200, 0.3)
    by_set, by_gaussian = (frechet_distance(some, each) for each in (others, gaussian_of(others)))
    assert by_set.value == pytest.approx(by_gaussian.value) and by_gaussian.error < by_set.error


def test_at_infinity_the_bias_is_gone() -> None:
    found, plain = [], []
    for seed in range(6):
        some, others = normal(2 * seed, 150, features=20), normal(2 * seed + 1, 150, features=20)
        some[:, 0] += 1
        found.append(frechet_at_infinity(some, others).value)
        plain.append(frechet_distance(some, others).value)
    assert np.mean(plain) > 2.2  # the truth is 1
    assert np.mean(found) == pytest.approx(1, abs=float(3 * np.std(found, ddof=1) / sqrt(len(found))))
    assert abs(np.mean(found) - 1) < 0.3
    exact = gaussian_from(np.zeros(20), np.eye(20))
    assert abs(frechet_at_infinity(some, exact).value - 1) < abs(frechet_distance(some, exact).value - 1)


def test_the_distance_of_all_pictures_is_computed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[int] = []

    def counted(features: Floats) -> Gaussian:
        sizes.append(len(features))
        return gaussian_of(features)

    monkeypatch.setattr("pipelines.evaluation.metrics.distances.gaussian_of", counted)
    frechet_at_infinity(normal(0, 100), gaussian_of(normal(1, 100)))
    draws = 1 + PARTS // 5
    assert len(sizes) == draws * (9 * SUBSETS + 1) and sizes.count(100) == 1


def test_maps_see_what_moves_and_pools_do_not() -> None:
    random = np.random.default_rng(0)
    light = np.array([3.0, 0, 0, 0])  # of four places the first is the brightest
    maps, others = (random.normal(size=(300, 2, 4)) + light for _ in range(2))
    moved = maps[:, :, [1, 2, 3, 0]]

    def features(maps: Floats) -> Features:
        return Features(maps.mean(2), maps.reshape(len(maps), -1), np.zeros((len(maps), 2)))

    still, shuffled = (compare_features(features(each), Reference(features(others))) for each in (maps, moved))
    for name in ("FID", "KID"):
        assert shuffled.estimates[name].value == pytest.approx(still.estimates[name].value)
    assert still.estimates["sFID"].value < 1 < 30 < shuffled.estimates["sFID"].value


# KID


def slow_kernel_distance(some: Floats, others: Floats) -> float:
    def kernel(x: Floats, y: Floats) -> float:
        return float((x @ y / len(x) + 1) ** 3)

    def among(points: Floats) -> float:
        return fmean(kernel(x, y) for i, x in enumerate(points) for j, y in enumerate(points) if i != j)

    return among(some) + among(others) - 2 * fmean(kernel(x, y) for x in some for y in others)


def test_the_kernel_distance_is_that_of_the_formula(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipelines.evaluation.metrics.distances.BLOCK", 5)  # the last one is smaller
    some, others = normal(0, 12), normal(1, 9, 0.5)
    assert kernel_distance(some, others).value == pytest.approx(slow_kernel_distance(some, others), rel=1e-9)


def test_the_kernel_distance_of_like_sets_is_zero_on_average() -> None:
    values = [kernel_distance(normal(2 * i, 40), normal(2 * i + 1, 40)).value for i in range(60)]
    assert abs(np.mean(values)) < 3 * np.std(values, ddof=1) / sqrt(len(values))
    assert min(values) < 0 < max(values)
    # and a bootstrap's average is the value: a double is not taken for a likeness
    estimate = kernel_distance(normal(0, 40), normal(1, 40, 0.5))
    assert estimate.replicates.mean() == pytest.approx(
        estimate.value, abs=4 * estimate.replicates.std() / sqrt(BOOTSTRAPS)
    )


# precision and recall


def slow_share(points: Floats, centres: Floats) -> float:
    def within(point: Floats) -> bool:
        for centre in centres:
            nearest = sorted(np.linalg.norm(centre - other) for other in centres)
            if np.linalg.norm(point - centre) <= nearest[NEIGHBOURS]:  # the first is the centre itself
                return True
        return False

    return fmean(within(point) for point in points)


def test_precision_and_recall_are_those_of_the_definition() -> None:
    some, others = normal(2, 40, features=2), normal(3, 35, 2.0, features=2)
    precision, recall = precision_recall(some, others)
    assert precision.value == slow_share(some, others) and recall.value == slow_share(others, some)
    assert 0.4 < recall.value < precision.value < 0.8


def test_precision_and_recall_at_their_ends() -> None:
    some = normal(0, 60)
    for there, wanted in ((some, 1), (some + 100, 0)):
        assert [each.value for each in precision_recall(there, some)] == [wanted, wanted]
    narrow = np.concatenate([some[:20] / 50] * 3)  # a model that paints one thing well, and nothing else
    precision, recall = precision_recall(narrow, some)
    assert precision.value > 0.9 and recall.value < 0.1


def test_many_pictures_are_compared_as_few_are(monkeypatch: pytest.MonkeyPatch) -> None:
    some, others = normal(0, 90), normal(1, 70, 0.5)
    wanted = [each.value for each in precision_recall(some, others)]
    for name, value in (("MANY", 10), ("BLOCK", 16)):
        monkeypatch.setattr(f"pipelines.evaluation.metrics.precision_recall.{name}", value)
    assert [each.value for each in precision_recall(some, others)] == pytest.approx(wanted)


# scores


def slow_inception_score(logits: Floats) -> float:
    classes = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    return float(np.exp(np.mean([(p * np.log(p / classes.mean(0))).sum() for p in classes])))


def test_the_inception_score_is_that_of_the_formula() -> None:
    logits = 2 * normal(0, 80)
    assert inception_score(logits).value == pytest.approx(slow_inception_score(logits), rel=1e-9)
    certain = 1000 * np.eye(7)[np.arange(70) % 7]
    assert inception_score(certain).value == pytest.approx(7)  # each class as often, each for certain
    assert inception_score(certain[:1].repeat(20, 0)).value == pytest.approx(1)
    assert inception_score(np.zeros((20, 7))).value == pytest.approx(1)


def test_the_inception_score_of_many_is_the_mean_over_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipelines.evaluation.metrics.scores.SPLIT_SIZE", 40)
    logits = 2 * normal(0, 80)
    wanted = (slow_inception_score(logits[:40]) + slow_inception_score(logits[40:])) / 2
    assert inception_score(logits).value == pytest.approx(wanted, rel=1e-9)
    assert SPLIT_SIZE == 5000  # ADM's
    for count in (41, 79):  # a last part of one picture would have a score of 1
        halves = np.array_split(2 * normal(0, count), 2)
        assert {len(half) for half in halves} <= {20, 21, 39, 40}
        wanted = fmean(slow_inception_score(half) for half in halves)
        assert inception_score(2 * normal(0, count)).value == pytest.approx(wanted, rel=1e-9)


def test_the_clip_score_is_a_hundred_cosines() -> None:
    assert clip_score(np.array([0.2, 0.3, 0.4])).value == pytest.approx(30)


class Words:
    """Words for a tokenizer: their lengths are their tokens."""

    def encode(self, prompt: str) -> tuple[torch.Tensor, int]:
        lengths = [len(word) for word in prompt.split()][:8]
        return torch.tensor(lengths + [0] * (8 - len(lengths))), len(lengths)


def tiny_clip() -> Clip:
    torch.manual_seed(0)
    config = ClipConfig(16, 4, 24, 16, 97, 8, text_heads=2, text_blocks=1, image_heads=2, image_blocks=1)
    return Clip(ClipText(config).eval(), ClipImage(config).eval(), Words())  # type: ignore[arg-type]


@torch.no_grad()
def test_a_clip_scores_each_picture_by_its_own_prompt() -> None:
    clip, random = tiny_clip(), np.random.default_rng(0)
    images = random.integers(0, 256, (5, 16, 16, 3), np.uint8)
    prompts = ("a red fox", "two small mugs on a table", "sea", "a cat", "an old oak tree")
    cosines = ClipScorer(clip, 16)(images, None, prompts)
    assert cosines.shape == (5,) and np.abs(cosines).max() <= 1 and len(set(cosines)) == 5
    ask = partial(clip.similarity, sigmas=sigmas_of(cosine_betas()))
    for image, prompt, cosine in zip(images, prompts, cosines, strict=True):
        x = torch.from_numpy(image).permute(2, 0, 1)[None] / 127.5 - 1
        alone, doubtful = (float(ask([each])(x, 1e-6)) for each in (prompt, "something else entirely"))
        assert alone == pytest.approx(100 * cosine, abs=1e-3) and doubtful != pytest.approx(alone, abs=1e-3)
    large = images.repeat(4, 1).repeat(4, 2)  # a larger picture of the same is the same
    assert ClipScorer(clip, 16)(large, None, prompts) == pytest.approx(cosines, abs=1e-5)


def test_a_folder_without_a_clip_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no CLIP of the drawn world: train it"):
        load_scorer(tmp_path)


# how sure they are


def test_a_draw_changes_a_sample_half_as_much_as_a_fresh_one_would() -> None:
    weights = bootstrap_weights(50, 0)
    assert weights.shape == (1 + BOOTSTRAPS, 50) and (weights[0] == 1).all()
    assert weights.sum(1) == pytest.approx(50) and weights.min() >= 0.5
    assert weights[1:].std() == pytest.approx(1 / SPREAD, rel=0.1)
    assert pytest.approx(SHARE / (1 - SHARE)) == SPREAD**2
    assert not np.array_equal(bootstrap_weights(50, 1), weights)
    assert np.array_equal(bootstrap_weights(50, 0), weights)
    for part in parts(50, 20, 0):
        assert len({*part}) == len(part) == 40 and {*part} <= {*range(50)}


def test_intervals_cover_the_truth() -> None:
    covered = 0
    for seed in range(300):
        cosines = np.random.default_rng(seed).gamma(2, 0.1, 100)  # skewed; its mean is 0.2
        estimate = clip_score(cosines)
        covered += abs(estimate.value - 20) <= estimate.error
    assert 0.92 <= covered / 300 <= 0.98
    shift = 0.4  # of one feature; the kernel's mean over two such Gaussians follows from their moments
    cubes = shift**6 + 6 * shift**4 + 3 * shift**2 * (D + 2)
    truth = 3 * shift**2 / D + 3 * shift**4 / D**2 + cubes / D**3
    mean = shift * np.eye(1, D)[0]
    pairs = [kernel_distance(normal(2 * i + 2, 60), normal(2 * i + 3, 60) + mean) for i in range(50)]
    assert 0.92 <= np.mean([abs(pair.value - truth) <= pair.error for pair in pairs])


@pytest.mark.parametrize(
    "measure",
    [
        frechet_distance,
        lambda some, others: precision_recall(some, others)[0],
        lambda some, others: precision_recall(some, others)[1],
        lambda some, others: inception_score(2 * some),
    ],
    ids=["FID", "precision", "recall", "inception score"],
)
def test_the_error_is_how_much_samples_differ(measure: Callable[[Floats, Floats], Estimate]) -> None:
    """Away from its floor, where it is a little too large rather than too small."""
    estimates = [measure(normal(2 * seed, 80, 0.7), normal(2 * seed + 1, 80)) for seed in range(20)]
    spread = np.std([each.value for each in estimates], ddof=1)
    assert 0.8 < np.mean([each.error for each in estimates]) / (Z * spread) < 1.8


@pytest.mark.parametrize("measure", [frechet_distance, kernel_distance], ids=["FID", "KID"])
def test_near_the_floor_the_error_is_half_as_large_again(measure: Callable[[Floats, Floats], Estimate]) -> None:
    estimates = [measure(normal(2 * seed, 80), normal(2 * seed + 1, 80)) for seed in range(60)]
    spread = np.std([each.value for each in estimates], ddof=1)
    assert 1.2 < np.mean([each.error for each in estimates]) / (Z * spread) < 1.8


def test_what_two_models_have_in_common_cancels() -> None:
    scenes, noise = normal(0, 200), normal(1, 200) / 10
    one, other = scenes + 0.5, scenes + noise + 0.6  # two models that were given the same edits
    reference = normal(2, 200)
    for measure in (frechet_distance, kernel_distance):
        first, second = measure(one, reference), measure(other, reference)
        apart = difference(second, first)
        assert apart.value == second.value - first.value
        assert apart.error < 0.6 * min(first.error, second.error)
        assert apart.value > apart.error  # and so it is seen
    assert difference(first, first).error == 0


def test_the_order_of_pictures_changes_nothing() -> None:
    order = np.random.default_rng(0).permutation(100)
    some, others = normal(0, 100), normal(1, 100, 0.4)
    features, shuffled = Features(some, 2 * some, some), Features(some[order], 2 * some[order], some[order])
    reference = Reference(Features(others, 2 * others, others))
    one, other = compare_features(features, reference), compare_features(shuffled, reference)
    for name, estimate in (score(features, some[:, 0]) | one.estimates).items():
        again = (score(shuffled, some[order, 0]) | other.estimates)[name]
        if name == "FID-infinity":  # which parts are drawn does depend on it
            assert abs(again.value - estimate.value) < estimate.error
        else:
            assert again.value == pytest.approx(estimate.value, rel=1e-9)
            assert again.error == pytest.approx(estimate.error, rel=0.5)


def test_what_there_are_too_few_pictures_for_is_left_out_with_a_sentence() -> None:
    wanted = {"FID": D / SHARE, "sFID": D / SHARE, "FID-infinity": FEWEST_A_FEATURE * D}
    for count in (FEWEST, 2 * D, 4 * D):
        some, others = (Features(normal(seed, count), normal(seed, count), normal(seed, count)) for seed in (0, 1))
        estimates, left_out = compare_features(some, Reference(others))
        assert {*left_out} == {name for name, least in wanted.items() if count <= least}
        assert {*estimates} == {*wanted, "KID", "precision", "recall"} - {*left_out}
        assert all(f"the smaller has {count}" in reason for reason in left_out.values())
        assert all(np.isfinite(each.error) for each in estimates.values())
    with pytest.raises(ValueError, match=f"has 9 samples; a comparison takes {FEWEST}"):
        check_count("mine", 9)


# another's code, where it is installed


def test_torch_fidelity_finds_the_same() -> None:
    pytest.importorskip("torch_fidelity", reason="torch-fidelity is not installed")
    from torch_fidelity import metric_fid, metric_isc, metric_kid, metric_prc

    some, others = normal(0, 120), normal(1, 120, 0.4) @ covariance(2)
    tensors = torch.from_numpy(some), torch.from_numpy(others)
    statistics = [metric_fid.fid_features_to_statistics(each) for each in tensors]
    (fid,) = metric_fid.fid_statistics_to_metric(*statistics, verbose=False).values()
    assert frechet_distance(some, others).value == pytest.approx(fid, rel=1e-9)
    kid = metric_kid.kid_features_to_metric(*tensors, kid_subsets=1, kid_subset_size=120, verbose=False)
    assert kernel_distance(some, others).value == pytest.approx(kid[metric_kid.KEY_METRIC_KID_MEAN], rel=1e-9)
    isc = metric_isc.isc_features_to_metric(tensors[0], splits=1)
    assert inception_score(some).value == pytest.approx(isc[metric_isc.KEY_METRIC_ISC_MEAN], rel=1e-9)
    prc = metric_prc.prc_features_to_metric(*tensors, prc_neighborhood=NEIGHBOURS, verbose=False)
    precision, recall = precision_recall(some, others)
    assert precision.value == pytest.approx(prc[metric_prc.KEY_METRIC_PRECISION])
    assert recall.value == pytest.approx(prc[metric_prc.KEY_METRIC_RECALL])
