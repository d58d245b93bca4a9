"""Our samplers' names as schedulers of diffusers."""

from typing import Any

import diffusers
from diffusers.schedulers import KarrasDiffusionSchedulers

OWN = "own"  # the scheduler as the model comes with it
SAMPLERS: dict[str, tuple[str, dict[str, Any]]] = {
    "dpmpp_2m": ("DPMSolverMultistepScheduler", {"algorithm_type": "dpmsolver++", "solver_order": 2}),
    "dpmpp_sde": ("DPMSolverMultistepScheduler", {"algorithm_type": "sde-dpmsolver++", "solver_order": 2}),
    "heun": ("HeunDiscreteScheduler", {}),
    # these two clip by default, which is for pixels: latents go beyond 1
    "ddim": ("DDIMScheduler", {"clip_sample": False}),
    "ddpm": ("DDPMScheduler", {"clip_sample": False}),
}
NAMES = (OWN, *SAMPLERS)
EXCHANGEABLE = {each.name for each in KarrasDiffusionSchedulers} - {"EDMEulerScheduler"}  # which scales its inputs


def scheduler_for(sampler: str, came: Any) -> Any:
    """A new scheduler of this name for one run, for a model that came with `came`.

    Where that cannot be exchanged (flow matching, consistency models), every name means a copy of it.
    """
    if sampler == OWN or not exchangeable(came):
        return type(came).from_config(came.config)
    kind, settings = SAMPLERS[sampler]
    config = dict(came.config)
    if sampler != "ddpm":  # which alone heeds a variance that the network guesses, as Kandinsky's does
        config.pop("variance_type", None)
    return getattr(diffusers, kind).from_config(config, **settings)


def exchangeable(came: Any) -> bool:
    """Whether another scheduler can take the place of the one that a model came with."""
    noisy = came.config.get("prediction_type") in ("epsilon", "v_prediction")
    return noisy and type(came).__name__ in EXCHANGEABLE
