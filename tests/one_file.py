"""A pipeline's folder as one file, its numbers under the names that the models' authors gave them."""

import re
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

Numbers = Mapping[str, Tensor]

RESNET = {
    "norm1": "in_layers.0", "conv1": "in_layers.2", "norm2": "out_layers.0", "conv2": "out_layers.3",
    "time_emb_proj": "emb_layers.1", "conv_shortcut": "skip_connection",
}  # fmt: skip
UNET = {
    "time_embedding.linear_1": "time_embed.0", "time_embedding.linear_2": "time_embed.2",
    "add_embedding.linear_1": "label_emb.0.0", "add_embedding.linear_2": "label_emb.0.2",
    "conv_in": "input_blocks.0.0", "conv_norm_out": "out.0", "conv_out": "out.2",
}  # fmt: skip
VAE = [
    (r"mid_block\.resnets\.0", "mid.block_1"), (r"mid_block\.resnets\.1", "mid.block_2"),
    (r"mid_block\.attentions\.0", "mid.attn_1"), (r"down_blocks\.(\d+)\.resnets", r"down.\1.block"),
    (r"down_blocks\.(\d+)\.downsamplers\.0", r"down.\1.downsample"), (r"up_blocks\.(\d+)\.resnets", r"up.\1.block"),
    (r"up_blocks\.(\d+)\.upsamplers\.0", r"up.\1.upsample"), ("conv_shortcut", "nin_shortcut"),
    ("conv_norm_out", "norm_out"), ("group_norm", "norm"), (r"to_([qkv])", r"\1"), (r"to_out\.0", "proj_out"),
]  # fmt: skip
OPEN_CLIP = [
    (r"^text_model\.embeddings\.position_embedding\.weight", "positional_embedding"),
    (r"^text_model\.embeddings\.token_embedding", "token_embedding"), (r"^text_model\.final_layer_norm", "ln_final"),
    (r"^text_model\.encoder\.layers", "transformer.resblocks"), ("layer_norm", "ln_"), ("fc1", "c_fc"),
    ("fc2", "c_proj"), ("self_attn", "attn"), (r"^text_projection\.weight", "text_projection"),
]  # fmt: skip
JOINT = [
    (r"^transformer_blocks", "joint_blocks"), (r"norm1_context\.linear", "context_block.adaLN_modulation.1"),
    (r"norm1\.linear", "x_block.adaLN_modulation.1"), (r"ff_context\.net\.0\.proj", "context_block.mlp.fc1"),
    (r"ff_context\.net\.2", "context_block.mlp.fc2"), (r"ff\.net\.0\.proj", "x_block.mlp.fc1"),
    (r"ff\.net\.2", "x_block.mlp.fc2"), (r"attn\.to_out\.0", "x_block.attn.proj"),
    (r"attn\.to_add_out", "context_block.attn.proj"), (r"attn\.to_([qkv])", r"x_block.attn.\1"),
    (r"attn\.add_([qkv])_proj", r"context_block.attn.\1"), (r"^pos_embed\.proj", "x_embedder.proj"),
    (r"^pos_embed\.pos_embed", "pos_embed"), (r"time_text_embed\.timestep_embedder\.linear_1", "t_embedder.mlp.0"),
    (r"time_text_embed\.timestep_embedder\.linear_2", "t_embedder.mlp.2"),
    (r"time_text_embed\.text_embedder\.linear_1", "y_embedder.mlp.0"),
    (r"time_text_embed\.text_embedder\.linear_2", "y_embedder.mlp.2"), (r"^proj_out", "final_layer.linear"),
    (r"^norm_out\.linear", "final_layer.adaLN_modulation.1"),
]  # fmt: skip


def stable_diffusion(folder: Path, file: Path) -> Path:
    """Stable Diffusion 1 or 2 with CLIP, or SDXL with its two."""
    numbers = _under("model.diffusion_model.", unet(part(folder, "unet")))
    numbers |= _under("first_stage_model.", vae(part(folder, "vae")))
    first = "conditioner.embedders.0" if (folder / "text_encoder_2").exists() else "cond_stage_model"
    numbers |= _under(f"{first}.transformer.", clip(part(folder, "text_encoder")))
    if (folder / "text_encoder_2").exists():
        numbers |= _under("conditioner.embedders.1.model.", open_clip(part(folder, "text_encoder_2")))
    return written(numbers, file)


def sd3(folder: Path, file: Path) -> Path:
    """Stable Diffusion 3 with its two CLIPs, without T5."""
    numbers = _under("model.diffusion_model.", joint(part(folder, "transformer")))
    numbers |= _under("first_stage_model.", vae(part(folder, "vae")))
    first = {
        name: each for name, each in clip(part(folder, "text_encoder")).items() if name != "text_projection.weight"
    }
    numbers |= _under("text_encoders.clip_l.transformer.", first)
    return written(numbers | _under("text_encoders.clip_g.transformer.", clip(part(folder, "text_encoder_2"))), file)


def flux(folder: Path, file: Path) -> Path:
    """FLUX.1 with CLIP and T5. Its transformer's numbers have diffusers' names beside three of its authors'."""
    network = part(folder, "transformer")
    marks = {
        "double_blocks.0.img_attn.norm.key_norm.scale": network["transformer_blocks.0.attn.norm_k.weight"],
        "guidance_in.in_layer.bias": network["time_text_embed.guidance_embedder.linear_1.bias"],
        "img_in.weight": network["x_embedder.weight"],
    }
    numbers = _under("model.diffusion_model.", {**network, **marks})
    numbers |= _under("vae.", vae(part(folder, "vae")))
    numbers |= _under("text_encoders.clip_l.transformer.", clip(part(folder, "text_encoder")))
    return written(numbers | _under("text_encoders.t5xxl.transformer.", part(folder, "text_encoder_2")), file)


def written(numbers: Numbers, file: Path) -> Path:
    save_file({name: each.contiguous().clone() for name, each in numbers.items()}, file)
    return file


def part(folder: Path, name: str) -> dict[str, Tensor]:
    (file,) = (folder / name).glob("*.safetensors")
    return load_file(file)


def unet(numbers: Numbers) -> dict[str, Tensor]:
    """Of blocks with one layer: two resnets on the way up."""

    def renamed(name: str) -> str:
        stem, end = name.rsplit(".", 1)
        if stem in UNET:
            return f"{UNET[stem]}.{end}"
        way, *place = re.match(r"(down|mid|up)_block(?:s\.(\d+))?\.(\w+)\.(\d+)\.(.*)", name).groups()
        block, kind, layer, rest = int(place[0] or 0), place[1], int(place[2]), place[3]
        if kind == "resnets":
            rest = re.sub("|".join(RESNET), lambda found: RESNET[found[0]], rest)
        second = int(kind == "attentions")
        match way, kind:
            case "mid", _:
                return f"middle_block.{2 * layer + second}.{rest}"
            case "down", "downsamplers":
                return f"input_blocks.{2 * block + 2}.0.{rest.replace('conv', 'op')}"
            case "down", _:
                return f"input_blocks.{2 * block + 1}.{second}.{rest}"
            case "up", "upsamplers":
                after = 2 if any(each.startswith(f"up_blocks.{block}.attentions") for each in numbers) else 1
                return f"output_blocks.{2 * block + 1}.{after}.{rest}"
        return f"output_blocks.{2 * block + layer}.{second}.{rest}"

    return {renamed(name): each for name, each in numbers.items()}


def vae(numbers: Numbers) -> dict[str, Tensor]:
    last = max(int(found[1]) for name in numbers if (found := re.search(r"up_blocks\.(\d+)", name)))
    turned = {
        re.sub(r"up_blocks\.(\d+)", lambda found: f"up_blocks.{last - int(found[1])}", name): each
        for name, each in numbers.items()
    }
    named = _renamed(turned, VAE)
    return {
        name: each[..., None, None] if "attn_1" in name and each.ndim == 2 else each for name, each in named.items()
    }


def clip(numbers: Numbers) -> dict[str, Tensor]:
    return {
        name if name.startswith("text_projection") else f"text_model.{name.removeprefix('text_model.')}": each
        for name, each in numbers.items()
    }


def open_clip(numbers: Numbers) -> dict[str, Tensor]:
    named = _renamed(clip(numbers), OPEN_CLIP)
    named["text_projection"] = named["text_projection"].T
    return _joined(named, r"([qkv])_proj\.(weight|bias)$", r"in_proj_\2")


def joint(numbers: Numbers) -> dict[str, Tensor]:
    """Its blocks' numbers, and those two that its authors have with the shift before the scale."""
    named = _joined(_renamed(numbers, JOINT), r"attn\.([qkv])\.(weight|bias)$", r"attn.qkv.\2")
    last = max(int(found[1]) for name in named if (found := re.match(r"joint_blocks\.(\d+)", name)))
    for name in named:
        if name.startswith(("final_layer.adaLN", f"joint_blocks.{last}.context_block.adaLN")):
            named[name] = torch.cat(named[name].chunk(2)[::-1])
    return named


def _under(start: str, numbers: Numbers) -> dict[str, Tensor]:
    return {start + name: each for name, each in numbers.items()}


def _renamed(numbers: Numbers, rules: list[tuple[str, str]]) -> dict[str, Tensor]:
    named = {}
    for name, each in numbers.items():
        for old, new in rules:
            name = re.sub(old, new, name)
        named[name] = each
    return named


def _joined(numbers: Numbers, three: str, one: str) -> dict[str, Tensor]:
    """Queries, keys and values as one, in this order."""
    joined = {name: each for name, each in numbers.items() if not re.search(three, name)}
    for name in numbers:
        if (found := re.search(three, name)) and found[1] == "q":
            start, end = name[: found.start()], found[0]
            parts = [numbers[start + end.replace("q", each, 1)] for each in "qkv"]
            joined[start + found.expand(one)] = torch.cat(parts)
    return joined
