"""OpenAI's numbers: every quantity of every fixture, and the command that checks any other."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from pipelines.diffusion.schedule import SCHEDULES, respaced, sigmas_of
from pipelines.glide.unet import UNet
from tests import parity
from tests.parity import FORMS, Found, filled, main, unet_config

DATA = Path(__file__).parents[1] / "data"
UNETS, CLIP = ("unet_tiny.npz", "unet_small.npz"), "clip_tiny.npz"


@pytest.mark.parametrize("name", [*UNETS, CLIP])
def test_every_quantity_is_that_of_the_released_code(name: str) -> None:
    found = list(parity.parity(DATA / name))
    compared = {key.split("/", 1)[1] for key in np.load(DATA / name).files if "/" in key}
    quantities = {quantity for quantity in compared if not quantity.startswith(("in/", "step/index", "ddim/noise"))}
    wanted = {(form, quantity) for form in FORMS for quantity in quantities} if name in UNETS else {
        ("clip", quantity) for quantity in ("text_features", "image_features", "similarity", "gradient")
    }  # fmt: skip
    assert {(each.model, each.quantity) for each in found} == wanted
    assert [each for each in found if not each.error <= each.bound] == []


def test_the_command_says_when_a_number_is_off(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    known = dict(np.load(DATA / "unet_tiny.npz"))
    for key in list(known):
        if key.startswith(("upsample", "base/", "base_inpaint/step", "base_inpaint/ddim")):
            del known[key]
    file = tmp_path / "other.npz"
    np.savez(file, **known)
    monkeypatch.setattr("sys.argv", ["parity", str(file)])
    assert main() == 0
    assert capsys.readouterr().out.count("base_inpaint") == 1
    known["base_inpaint/out"] = known["base_inpaint/out"] * 1.001
    np.savez(file, **known)
    assert main() == 1
    assert "OUT OF BOUNDS" in capsys.readouterr().out
    np.savez(file, config=known["config"])
    assert main() == 1
    assert "nothing to compare" in capsys.readouterr().out


def test_what_is_no_number_is_out_of_bounds(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(parity, "parity", lambda file: iter([Found("base", "out", float("nan"))]))
    monkeypatch.setattr("sys.argv", ["parity", "any.npz"])
    assert main() == 1
    assert "OUT OF BOUNDS" in capsys.readouterr().out


def test_the_last_step_has_a_variance_too(tmp_path: Path) -> None:
    """At index 0 nothing comes before: the fixture's numbers are made here, as the paper has them."""
    known = dict(np.load(DATA / "unet_tiny.npz"))
    known["base/step/index"] = np.array([0, 0])
    sigmas = sigmas_of(SCHEDULES["cosine"]())
    abar = 1 / (1 + sigmas**2)
    visited = respaced(100)[:2]
    first, second = abar[visited]
    beta = 1 - second / first  # of the respaced process
    lower, upper = np.log(beta * (1 - first) / (1 - second)), np.log(1 - first)
    network = filled(UNet(unet_config(json.loads(str(known["config"])), "base")))
    tokens, mask = (torch.from_numpy(known[f"base/in/{name}"]) for name in ("tokens", "mask"))
    with torch.no_grad():
        x = torch.from_numpy(known["base/in/x"])
        out = network(x, torch.zeros(2), network.encode(tokens.long(), mask.bool()))
    eps, v = out.double().chunk(2, 1)
    x0 = ((x.double() - (1 - first) ** 0.5 * eps) / first**0.5).clamp(-1, 1)
    log_variance = lower + (v + 1) / 2 * (upper - lower)
    made = {"mean": x0, "pred_xstart": x0, "log_variance": log_variance, "variance": log_variance.exp()}
    known.update({f"base/step/{name}": value.float().numpy() for name, value in made.items()})
    np.savez(
        tmp_path / "last.npz", **{key: value for key, value in known.items() if key == "config" or key[:5] == "base/"}
    )
    assert [each for each in parity.parity(tmp_path / "last.npz") if not each.error <= each.bound] == []
