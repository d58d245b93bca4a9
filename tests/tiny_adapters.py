"""Adapters of the tiny pipelines: random numbers in the layouts that LoRAs, IP-Adapters and ControlNets come in."""

import json
import warnings
from pathlib import Path
from typing import Any

import diffusers
import torch
from safetensors.torch import save_file
from torch import Tensor, nn
from transformers import CLIPVisionConfig, CLIPVisionModelWithProjection

RANK = 2
SIZE = 1.0  # of the numbers, so that a tiny network's result changes by some shades
LOOKS = 24  # numbers that the image encoder describes a picture with
TOKENS = 4  # of a picture


def lora(
    network: nn.Module, file: Path, style: str, prefix: str, layers: tuple[str, ...] = ("to_q", "to_v"), seed: int = 0
) -> Path:  # fmt: skip
    """A LoRA for these layers of a network. style: whose names, "peft", "diffusers" (the older ones) or "kohya"."""
    random = torch.Generator().manual_seed(seed)
    names = {
        "peft": ("{p}.{n}.lora_A.weight", "{p}.{n}.lora_B.weight", ""),
        "diffusers": ("{p}.{n}.lora.down.weight", "{p}.{n}.lora.up.weight", ""),
        "kohya": ("lora_{p}_{k}.lora_down.weight", "lora_{p}_{k}.lora_up.weight", "lora_{p}_{k}.alpha"),
    }[style]
    numbers: dict[str, Tensor] = {}
    for name, module in network.named_modules():
        name = name.removesuffix(".base_layer")
        if name.endswith(layers) and isinstance(module, nn.Linear):
            down = torch.randn(RANK, module.in_features, generator=random) * SIZE
            up = torch.randn(module.out_features, RANK, generator=random) * SIZE
            for pattern, number in zip(names, (down, up, torch.tensor(float(RANK))), strict=True):
                if pattern:
                    numbers[pattern.format(p=prefix, n=name, k=name.replace(".", "_"))] = number
    assert numbers
    save_file(numbers, file)
    return file


def image_encoder(folder: Path, looks: int = LOOKS) -> Path:
    config = CLIPVisionConfig(
        hidden_size=16, intermediate_size=16, num_hidden_layers=1, num_attention_heads=2, image_size=16, patch_size=8,
        projection_dim=looks,
    )  # fmt: skip
    with torch.random.fork_rng():
        torch.manual_seed(1)
        CLIPVisionModelWithProjection(config).save_pretrained(folder, safe_serialization=True)
    return folder


def ip_adapter(network: Any, file: Path, encoder: bool = True) -> Path:
    """An IP-Adapter for a network of the Stable Diffusions' or FLUX's, with its image encoder beside it."""
    random = torch.Generator().manual_seed(2)

    def drawn(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=random) * SIZE

    flux = isinstance(network, diffusers.FluxTransformer2DModel)
    words = network.config.joint_attention_dim if flux else network.config.cross_attention_dim
    numbers = {
        "image_proj.proj.weight": drawn(TOKENS * words, LOOKS), "image_proj.proj.bias": drawn(TOKENS * words),
        "image_proj.norm.weight": torch.ones(words), "image_proj.norm.bias": torch.zeros(words),
    }  # fmt: skip
    crossing = [module for name, module in network.named_modules() if name.endswith("attn" if flux else "attn2")]
    crossing = [module for module in crossing if getattr(module, "added_kv_proj_dim", None) or not flux]
    for number, module in enumerate(crossing):
        place = number if flux else 2 * number + 1
        for which in ("k", "v"):
            wide = module.to_v.out_features
            numbers[f"ip_adapter.{place}.to_{which}_ip.weight"] = drawn(wide, words)
            if flux:
                numbers[f"ip_adapter.{place}.to_{which}_ip.bias"] = drawn(wide)
    file.parent.mkdir(parents=True, exist_ok=True)
    save_file(numbers, file)
    if encoder:
        image_encoder(file.parent / "image_encoder")
    return file


def controlnet(network: Any, folder: Path, kind: str, **how: Any) -> Path:
    """A ControlNet of this class for a network, with numbers where it would begin from zeros."""
    with torch.random.fork_rng(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # diffusers makes FLUX's of what it calls out of date
        torch.manual_seed(3)
        net = getattr(diffusers, kind)
        made = net.from_unet(network, **how) if hasattr(net, "from_unet") else net.from_transformer(network, **how)
        with torch.no_grad():
            for number in made.parameters():
                if not number.any():
                    number.normal_(std=0.3)
        made.save_pretrained(folder, safe_serialization=True)
    return folder


def set_config(folder: Path, **said: Any) -> None:
    file = folder / "config.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | said))
