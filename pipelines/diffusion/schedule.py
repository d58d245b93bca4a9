"""Noise schedules: how much noise there is at each of 1,000 timesteps, and which of them a sampler visits."""

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from pipelines.errors import InvalidInput

TIMESTEPS = 1000
Sigmas = NDArray[np.float64]


def linear_betas() -> Sigmas:
    """Ho et al. 2020, section 4: from 1e-4 to 0.02."""
    return np.linspace(1e-4, 0.02, TIMESTEPS)


def cosine_betas() -> Sigmas:
    """Nichol & Dhariwal 2021, eq. 17: abar follows a squared cosine; beta is cut at 0.999."""
    abar = np.cos((np.arange(TIMESTEPS + 1) / TIMESTEPS + 0.008) / 1.008 * np.pi / 2) ** 2
    return np.minimum(1 - abar[1:] / abar[:-1], 0.999)


SCHEDULES = {"linear": linear_betas, "cosine": cosine_betas}


def sigmas_of(betas: Sigmas) -> Sigmas:
    """Returns noise over signal at each timestep, sqrt((1 - abar) / abar), ascending (sigma of Karras et al. 2022)."""
    abar = np.cumprod(1 - betas)
    return np.sqrt((1 - abar) / abar)


def timestep_of(sigma: float, sigmas: Sigmas) -> float:
    """Returns the timestep of a noise level in a schedule, fractional between two; 0 for no noise."""
    return float(np.interp(np.log(max(sigma, sigmas[0])), np.log(sigmas), np.arange(len(sigmas))))


def respaced(spacing: int | str) -> list[int]:
    """Returns the timesteps that a sampler visits, ascending.

    Args:
        spacing: as in the released models' code. 100 or "100": so many evenly over all of them, first and last always
            among them (Nichol & Dhariwal 2021, section 4); more than there are give all. "10,10,3,2,2": so many in each
            of five equal sections. "ddim25": every 40th (Song et al. 2021). "fast27": "10,10,3,2,2" with its last step
            two earlier.

    Raises:
        InvalidInput: the spacing is none of these.
    """
    if spacing == "fast27":
        return [*respaced("10,10,3,2,2")[:-1], TIMESTEPS - 3]
    name = str(spacing)
    try:
        counts = [int(count) for count in name.removeprefix("ddim").split(",")]
    except ValueError:
        raise InvalidInput(
            f"There is no spacing {name!r} of steps; give a number, numbers with commas between, ddim25 or fast27."
        ) from None
    if min(counts) < 1:
        raise InvalidInput(f"A spacing of {name!r} steps cannot be: each number must be 1 or more.")
    if name.startswith("ddim"):
        return _strided(counts, name)
    if counts == [1]:
        return [TIMESTEPS - 1]  # one step alone starts at pure noise
    if len(counts) == 1:
        return _evenly(0, TIMESTEPS, min(counts[0], TIMESTEPS))
    size, longer = divmod(TIMESTEPS, len(counts))  # the first sections take the rest, one each
    starts = [size * i + min(i, longer) for i in range(len(counts) + 1)]
    sections = list(zip(pairwise(starts), counts, strict=True))
    if full := [f"{count} in {end - start}" for (start, end), count in sections if count > end - start]:
        raise InvalidInput(f"{name!r} asks for more steps than a section of the {TIMESTEPS} timesteps has: {full[0]}.")
    return [t for (start, end), count in sections for t in _evenly(start, end, count)]


def ended(visited: list[int], last: int) -> list[int]:
    """Squeezes ascending timesteps towards the end, so that the last step is taken at `last` and none below."""
    share = (TIMESTEPS - 1 - last) / (TIMESTEPS - 1)
    return sorted({last + round(share * t) for t in visited})


def levels_at(visited: list[int], sigmas: Sigmas) -> list[float]:
    """Returns the noise levels at ascending timesteps of a schedule, descending to 0, for a sampler."""
    return [*(float(sigmas[t]) for t in reversed(visited)), 0.0]


def _evenly(start: int, end: int, count: int) -> list[int]:
    """Returns `count` timesteps from `start` to `end` - 1, both among them; a single one is the first."""
    stride, at, visited = (end - 1 - start) / max(count - 1, 1), 0.0, []
    for _ in range(count):  # adding up, rounding errors and all, visits what the released models were run on
        visited.append(start + round(at))
        at += stride
    return visited


def _strided(counts: list[int], name: str) -> list[int]:
    """Returns every n-th timestep from the first on, for the least n that gives the one count in `counts`."""
    for stride in range(1, TIMESTEPS):
        visited = list(range(0, TIMESTEPS, stride))
        if counts == [len(visited)]:
            return visited
    raise InvalidInput(
        f"No whole stride over {TIMESTEPS} timesteps makes the steps of {name!r}; ddim25 and ddim50 exist."
    )
