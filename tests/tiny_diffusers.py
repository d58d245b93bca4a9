"""Pipelines of diffusers at a tiny size: real classes, random weights, made-up tokenizers, saved as users find them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import diffusers
import torch
from tokenizers.pre_tokenizers import ByteLevel
from transformers import (
    CLIPTextConfig,
    CLIPTextModel,
    CLIPTextModelWithProjection,
    CLIPTokenizer,
    Qwen2_5_VLConfig,
    Qwen2_5_VLForConditionalGeneration,
    Qwen2Tokenizer,
    Qwen3Config,
    Qwen3Model,
    T5Config,
    T5EncoderModel,
    T5Tokenizer,
)

SIDE = 64  # pixels; decoders enlarge 8 times
CONTEXT = 77  # tokens of CLIP
SHIFTED = {"scaling_factor": 0.36, "shift_factor": 0.12}


def save(name: str, folder: Path, **how: Any) -> Path:
    """The tiny pipeline of this name, in the folder. how: for save_pretrained."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        MAKERS[name]().save_pretrained(folder, safe_serialization=True, **how)
    return folder


def clip_tokenizer() -> CLIPTokenizer:
    """Each byte a word, within a word and at its end; a few pairs; the two ends."""
    letters = sorted(ByteLevel.alphabet())
    pairs = [("r", "e"), ("re", "d</w>"), ("a", "t</w>")]
    words = [*letters, *(f"{each}</w>" for each in letters), *map("".join, pairs), "<|startoftext|>", "<|endoftext|>"]
    vocabulary = {word: number for number, word in enumerate(words)}
    return CLIPTokenizer(vocabulary, pairs, model_max_length=CONTEXT)


def t5_tokenizer() -> T5Tokenizer:
    pieces = ["▁", *map(chr, range(33, 127))]
    vocabulary = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), *((piece, -2.0) for piece in pieces)]
    return T5Tokenizer(vocab=vocabulary, extra_ids=0, model_max_length=512)


def qwen_tokenizer() -> Qwen2Tokenizer:
    ends = ["<|im_start|>", "<|im_end|>"]
    vocabulary = {word: number for number, word in enumerate([*sorted(ByteLevel.alphabet()), "<|endoftext|>", *ends])}
    tokenizer = Qwen2Tokenizer(vocabulary, [], model_max_length=1024, additional_special_tokens=ends)
    tokenizer.chat_template = "{% for said in messages %}<|im_start|>{{ said['content'] }}<|im_end|>{% endfor %}"
    return tokenizer


def clip(projected: bool = False) -> CLIPTextModel:
    config = CLIPTextConfig(
        vocab_size=600, hidden_size=32, intermediate_size=37, num_hidden_layers=2, num_attention_heads=4,
        projection_dim=32, bos_token_id=515, eos_token_id=516, pad_token_id=516, max_position_embeddings=CONTEXT,
    )  # fmt: skip
    return (CLIPTextModelWithProjection if projected else CLIPTextModel)(config).eval()


def t5() -> T5EncoderModel:
    return T5EncoderModel(T5Config(vocab_size=128, d_model=32, d_kv=8, d_ff=37, num_layers=2, num_heads=4)).eval()


def vae(channels: int = 4, **config: Any) -> diffusers.AutoencoderKL:
    return diffusers.AutoencoderKL(
        block_out_channels=(8, 8, 16, 16), down_block_types=["DownEncoderBlock2D"] * 4, layers_per_block=1,
        up_block_types=["UpDecoderBlock2D"] * 4, latent_channels=channels, norm_num_groups=4, **config,
    ).eval()  # fmt: skip


def unet(channels: int, **config: Any) -> diffusers.UNet2DConditionModel:
    return diffusers.UNet2DConditionModel(
        sample_size=SIDE // 8, in_channels=channels, out_channels=4, block_out_channels=(8, 16), layers_per_block=1,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"), up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
        attention_head_dim=4, norm_num_groups=4, **config,
    ).eval()  # fmt: skip


def noise_levels() -> diffusers.PNDMScheduler:
    """Stable Diffusion's scheduler as it is released."""
    return diffusers.PNDMScheduler(
        beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", skip_prk_steps=True, steps_offset=1
    )


def stable_diffusion(kind: type, channels: int) -> Any:
    return kind(
        vae=vae(), text_encoder=clip(), tokenizer=clip_tokenizer(), unet=unet(channels, cross_attention_dim=32),
        scheduler=noise_levels(), safety_checker=None, feature_extractor=None, requires_safety_checker=False,
    )  # fmt: skip


def sdxl(kind: type, channels: int) -> Any:
    network = unet(
        channels, cross_attention_dim=64, addition_embed_type="text_time", addition_time_embed_dim=8,
        projection_class_embeddings_input_dim=6 * 8 + 32, use_linear_projection=True,
    )  # fmt: skip
    return kind(
        vae=vae(scaling_factor=0.13), text_encoder=clip(), text_encoder_2=clip(projected=True),
        tokenizer=clip_tokenizer(), tokenizer_2=clip_tokenizer(), unet=network,
        scheduler=diffusers.EulerDiscreteScheduler(
            beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", steps_offset=1
        ),
    )  # fmt: skip


def sd3() -> Any:
    network = diffusers.SD3Transformer2DModel(
        sample_size=SIDE // 8, in_channels=16, out_channels=16, num_layers=1, attention_head_dim=8,
        num_attention_heads=4, joint_attention_dim=32, caption_projection_dim=32, pooled_projection_dim=64,
    ).eval()  # fmt: skip
    return diffusers.StableDiffusion3Pipeline(
        transformer=network, scheduler=diffusers.FlowMatchEulerDiscreteScheduler(shift=3.0), vae=vae(16, **SHIFTED),
        text_encoder=clip(projected=True), tokenizer=clip_tokenizer(), text_encoder_2=clip(projected=True),
        tokenizer_2=clip_tokenizer(), text_encoder_3=t5(), tokenizer_3=t5_tokenizer(),
    )  # fmt: skip


def flux(kind: type, channels: int) -> Any:
    network = diffusers.FluxTransformer2DModel(
        in_channels=channels, out_channels=64, num_layers=1, num_single_layers=1, attention_head_dim=16,
        num_attention_heads=2, joint_attention_dim=32, pooled_projection_dim=32, axes_dims_rope=(4, 4, 8),
        guidance_embeds=True,
    ).eval()  # fmt: skip
    return kind(
        scheduler=diffusers.FlowMatchEulerDiscreteScheduler(shift=3.0, use_dynamic_shifting=True),
        vae=vae(16, **SHIFTED), text_encoder=clip(), tokenizer=clip_tokenizer(), text_encoder_2=t5(),
        tokenizer_2=t5_tokenizer(), transformer=network,
    )  # fmt: skip


QWEN = {
    "vocab_size": 300, "hidden_size": 32, "intermediate_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2,
    "num_key_value_heads": 2, "pad_token_id": 256, "bos_token_id": 256, "eos_token_id": 256,
}  # fmt: skip


def qwen_image() -> Any:
    config = Qwen2_5_VLConfig(
        text_config={**QWEN, "rope_scaling": {"type": "mrope", "mrope_section": [2, 3, 3]}},
        vision_config={"depth": 1, "hidden_size": 16, "intermediate_size": 16, "num_heads": 2, "out_hidden_size": 32},
        image_token_id=290, video_token_id=291, vision_start_token_id=292, vision_end_token_id=293,
    )  # fmt: skip
    network = diffusers.QwenImageTransformer2DModel(
        in_channels=64, out_channels=16, num_layers=1, attention_head_dim=16, num_attention_heads=2,
        joint_attention_dim=32, axes_dims_rope=(4, 6, 6),
    ).eval()  # fmt: skip
    return diffusers.QwenImagePipeline(
        scheduler=diffusers.FlowMatchEulerDiscreteScheduler(use_dynamic_shifting=True),
        vae=diffusers.AutoencoderKLQwenImage(base_dim=8, z_dim=16, dim_mult=[1, 1, 1, 1], num_res_blocks=1).eval(),
        text_encoder=Qwen2_5_VLForConditionalGeneration(config).eval(), tokenizer=qwen_tokenizer(), transformer=network,
    )  # fmt: skip


def z_image() -> Any:
    network = diffusers.ZImageTransformer2DModel(
        in_channels=16, dim=32, n_layers=1, n_refiner_layers=1, n_heads=2, n_kv_heads=2, cap_feat_dim=32,
        axes_dims=[4, 6, 6], axes_lens=[1024, 64, 64],
    ).eval()  # fmt: skip
    return diffusers.ZImagePipeline(
        scheduler=diffusers.FlowMatchEulerDiscreteScheduler(shift=3.0), vae=vae(16, **SHIFTED),
        text_encoder=Qwen3Model(Qwen3Config(**QWEN, head_dim=16)).eval(), tokenizer=qwen_tokenizer(),
        transformer=network,
    )  # fmt: skip


MAKERS: dict[str, Callable[[], Any]] = {
    "sd-9": lambda: stable_diffusion(diffusers.StableDiffusionInpaintPipeline, 9),
    "sd-4": lambda: stable_diffusion(diffusers.StableDiffusionPipeline, 4),
    "sdxl-9": lambda: sdxl(diffusers.StableDiffusionXLInpaintPipeline, 9),
    "sdxl-4": lambda: sdxl(diffusers.StableDiffusionXLPipeline, 4),
    "sd3": sd3,
    "flux-fill": lambda: flux(diffusers.FluxFillPipeline, 64 + 64 + 256),
    "flux": lambda: flux(diffusers.FluxPipeline, 64),
    "qwen-image": qwen_image,
    "z-image": z_image,
}
