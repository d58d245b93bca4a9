"""Pipelines of diffusers at a tiny size: real classes, random weights, made-up tokenizers, saved as users find them."""

# mypy: disable-error-code="attr-defined, arg-type, union-attr, operator"
# (networks of diffusers have more methods, and take more, than their annotations say)

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import diffusers
import torch
from tokenizers.pre_tokenizers import ByteLevel
from transformers import (
    CLIPImageProcessorPil,
    CLIPTextConfig,
    CLIPTextModel,
    CLIPTextModelWithProjection,
    CLIPTokenizer,
    CLIPVisionConfig,
    CLIPVisionModelWithProjection,
    Qwen2_5_VLConfig,
    Qwen2_5_VLForConditionalGeneration,
    Qwen2Tokenizer,
    Qwen3Config,
    Qwen3ForCausalLM,
    Qwen3Model,
    T5Config,
    T5EncoderModel,
    T5Tokenizer,
)
from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import Qwen2VLImageProcessorPil

SIDE = 64  # pixels; decoders enlarge 8 times
CONTEXT = 77  # tokens of CLIP
SHIFTED = {"scaling_factor": 0.36, "shift_factor": 0.12}


def save(name: str, folder: Path, **how: Any) -> Path:
    """The tiny pipeline of this name, in the folder. how: for save_pretrained."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        pipe = MAKERS[name]()
        pipe.save_pretrained(folder, safe_serialization=True, **how)
    if isinstance(pipe, diffusers.QwenImageEditPipeline):  # made without the part whose class asks for torchvision
        index = json.loads((folder / "model_index.json").read_text())
        index["processor"] = ["transformers", "Qwen2VLProcessor"]
        (folder / "model_index.json").write_text(json.dumps(index))
        Qwen2VLImageProcessorPil().save_pretrained(folder / "processor")
        pipe.tokenizer.save_pretrained(folder / "processor")
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
    ends = ["<|im_start|>", "<|im_end|>", "<|image_pad|>", "<|video_pad|>", "<|vision_start|>", "<|vision_end|>"]
    vocabulary = {word: number for number, word in enumerate([*sorted(ByteLevel.alphabet()), "<|endoftext|>", *ends])}
    tokenizer = Qwen2Tokenizer(vocabulary, [], model_max_length=1024, additional_special_tokens=ends)
    tokenizer.chat_template = "{% for said in messages %}<|im_start|>{{ said['content'] }}<|im_end|>{% endfor %}"
    return tokenizer


def clip(projected: bool = False, width: int = 32, layers: int = 2) -> CLIPTextModel:
    config = CLIPTextConfig(
        vocab_size=600, hidden_size=width, intermediate_size=37, num_hidden_layers=layers, num_attention_heads=4,
        projection_dim=width, bos_token_id=515, eos_token_id=516, pad_token_id=516, max_position_embeddings=CONTEXT,
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
        channels, cross_attention_dim=32 + 40, addition_embed_type="text_time", addition_time_embed_dim=8,
        projection_class_embeddings_input_dim=6 * 8 + 40, use_linear_projection=True,
    )  # fmt: skip
    return kind(  # in one file the second text encoder is known by its width, and by its tenth layer
        vae=vae(scaling_factor=0.13), text_encoder=clip(), text_encoder_2=clip(True, width=40, layers=10),
        tokenizer=clip_tokenizer(), tokenizer_2=clip_tokenizer(), unet=network,
        scheduler=diffusers.EulerDiscreteScheduler(
            beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", steps_offset=1
        ),
    )  # fmt: skip


def sd3(layers: int = 1, heads: int = 4, **without: None) -> Any:
    network = diffusers.SD3Transformer2DModel(
        sample_size=SIDE // 8, in_channels=16, out_channels=16, num_layers=layers, attention_head_dim=8,
        num_attention_heads=heads, joint_attention_dim=32, caption_projection_dim=8 * heads, pooled_projection_dim=72,
    ).eval()  # fmt: skip
    first = clip(projected=True)
    first.text_projection.weight.data.copy_(torch.eye(32))  # of which a single file says nothing
    parts = {"text_encoder_3": t5(), "tokenizer_3": t5_tokenizer(), **without}
    return diffusers.StableDiffusion3Pipeline(
        transformer=network, scheduler=diffusers.FlowMatchEulerDiscreteScheduler(shift=3.0),
        vae=vae(16, **SHIFTED),
        text_encoder=first, tokenizer=clip_tokenizer(), text_encoder_2=clip(True, width=40),
        tokenizer_2=clip_tokenizer(), **parts,
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


def qwen_image(kind: type, **parts: None) -> Any:
    config = Qwen2_5_VLConfig(
        text_config={**QWEN, "rope_scaling": {"type": "mrope", "mrope_section": [2, 3, 3]}},
        vision_config={"depth": 1, "hidden_size": 16, "intermediate_size": 16, "num_heads": 2, "out_hidden_size": 32},
        image_token_id=259, video_token_id=260, vision_start_token_id=261, vision_end_token_id=262,
    )  # fmt: skip
    network = diffusers.QwenImageTransformer2DModel(
        in_channels=64, out_channels=16, num_layers=1, attention_head_dim=16, num_attention_heads=2,
        joint_attention_dim=32, axes_dims_rope=(4, 6, 6),
    ).eval()  # fmt: skip
    return kind(
        scheduler=diffusers.FlowMatchEulerDiscreteScheduler(use_dynamic_shifting=True),
        vae=diffusers.AutoencoderKLQwenImage(base_dim=8, z_dim=16, dim_mult=[1, 1, 1, 1], num_res_blocks=1).eval(),
        text_encoder=Qwen2_5_VLForConditionalGeneration(config).eval(), tokenizer=qwen_tokenizer(), transformer=network,
        **parts,
    )  # fmt: skip


def flux2_klein() -> Any:
    network = diffusers.Flux2Transformer2DModel(
        in_channels=32, num_layers=1, num_single_layers=1, attention_head_dim=16, num_attention_heads=2,
        joint_attention_dim=3 * 16, timestep_guidance_channels=16, axes_dims_rope=(4, 4, 4, 4), guidance_embeds=False,
    ).eval()  # fmt: skip
    decoder = diffusers.AutoencoderKLFlux2(
        block_out_channels=(8, 8, 16, 16), layers_per_block=1, latent_channels=8, norm_num_groups=4
    ).eval()
    decoder.bn.running_mean.normal_(0, 0.2)
    decoder.bn.running_var.uniform_(0.5, 2)
    # as many layers as it takes its words from: the 9th, 18th and 27th
    words = {**QWEN, "num_hidden_layers": 27, "hidden_size": 16, "intermediate_size": 16}
    return diffusers.Flux2KleinPipeline(
        scheduler=diffusers.FlowMatchEulerDiscreteScheduler(use_dynamic_shifting=True), vae=decoder,
        text_encoder=Qwen3ForCausalLM(Qwen3Config(**words, head_dim=8)).eval(), tokenizer=qwen_tokenizer(),
        transformer=network,
    )  # fmt: skip


def chroma() -> Any:
    network = diffusers.ChromaTransformer2DModel(
        in_channels=64, num_layers=1, num_single_layers=1, attention_head_dim=16, num_attention_heads=2,
        joint_attention_dim=32, axes_dims_rope=(4, 4, 8), approximator_num_channels=8, approximator_hidden_dim=16,
        approximator_layers=1,
    ).eval()  # fmt: skip
    return diffusers.ChromaPipeline(
        scheduler=diffusers.FlowMatchEulerDiscreteScheduler(shift=3.0), vae=vae(16, **SHIFTED), text_encoder=t5(),
        tokenizer=t5_tokenizer(), transformer=network,
    )  # fmt: skip


def kandinsky() -> Any:
    """Its decoder and its prior together, as save_pretrained lays them."""
    network = diffusers.UNet2DConditionModel(
        sample_size=SIDE // 8, in_channels=9, out_channels=8, block_out_channels=(8, 16), layers_per_block=1,
        down_block_types=("ResnetDownsampleBlock2D", "SimpleCrossAttnDownBlock2D"), norm_num_groups=4,
        up_block_types=("SimpleCrossAttnUpBlock2D", "ResnetUpsampleBlock2D"), attention_head_dim=4,
        mid_block_type="UNetMidBlock2DSimpleCrossAttn", resnet_time_scale_shift="scale_shift", class_embed_type=None,
        cross_attention_dim=16, encoder_hid_dim=32, encoder_hid_dim_type="image_proj", addition_embed_type="image",
    ).eval()  # fmt: skip
    prior = diffusers.PriorTransformer(
        num_attention_heads=2, attention_head_dim=8, num_layers=1, embedding_dim=32, num_embeddings=CONTEXT
    ).eval()
    prior.clip_std.data.fill_(1)  # 0 until it is trained: then every prompt is one
    seeing = CLIPVisionConfig(
        hidden_size=32, projection_dim=32, intermediate_size=37, num_hidden_layers=1, num_attention_heads=4,
        image_size=32, patch_size=16,
    )  # fmt: skip
    decoder = diffusers.VQModel(
        block_out_channels=(8, 8, 16, 16), latent_channels=4, num_vq_embeddings=16, vq_embed_dim=4, norm_num_groups=4,
        down_block_types=["DownEncoderBlock2D"] * 4, up_block_types=["UpDecoderBlock2D"] * 4,
    ).eval()  # fmt: skip
    return diffusers.KandinskyV22InpaintCombinedPipeline(
        unet=network, movq=decoder, prior_prior=prior, prior_tokenizer=clip_tokenizer(),
        scheduler=diffusers.DDPMScheduler(
            beta_start=0.00085, beta_end=0.012, variance_type="learned_range", clip_sample=False
        ),
        prior_image_encoder=CLIPVisionModelWithProjection(seeing).eval(), prior_text_encoder=clip(projected=True),
        prior_scheduler=diffusers.UnCLIPScheduler(
            variance_type="fixed_small_log", prediction_type="sample", clip_sample=True, clip_sample_range=5.0
        ),
        prior_image_processor=CLIPImageProcessorPil(size={"shortest_edge": 32}, crop_size=32),
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
    "flux-kontext": lambda: flux(diffusers.FluxKontextPipeline, 64),
    "flux2-klein": flux2_klein,
    "qwen-image": lambda: qwen_image(diffusers.QwenImagePipeline),
    "qwen-image-edit": lambda: qwen_image(diffusers.QwenImageEditPipeline, processor=None),
    "z-image": z_image,
    "chroma": chroma,
    "kandinsky": kandinsky,
}
