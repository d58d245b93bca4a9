"""A SAM 2 of a tiny size with random weights, saved as users find it."""

from pathlib import Path
from typing import Any

import torch
from transformers import (
    Sam2Config,
    Sam2HieraDetConfig,
    Sam2MaskDecoderConfig,
    Sam2Model,
    Sam2PromptEncoderConfig,
    Sam2VideoConfig,
    Sam2VideoModel,
    Sam2VisionConfig,
)

from pipelines.selection.installed import SELECTION_MODEL
from tests.fake_hub import COMMIT

SIDE = 256  # pixels of the square to which pictures are squashed


def parts(side: int = SIDE) -> dict[str, Any]:
    """The configurations of its parts, which both kinds have."""
    backbone = Sam2HieraDetConfig(
        hidden_size=8, blocks_per_stage=[1, 1, 2, 1], embed_dim_per_stage=[8, 16, 32, 64],
        num_attention_heads_per_stage=[1, 1, 2, 2], global_attention_blocks=[3], image_size=[side, side],
    )  # fmt: skip
    sizes = [[side // 4] * 2, [side // 8] * 2, [side // 16] * 2]
    vision = Sam2VisionConfig(
        backbone_config=backbone,
        backbone_channel_list=[64, 32, 16, 8],
        fpn_hidden_size=32,
        backbone_feature_sizes=sizes,
    )
    prompts = Sam2PromptEncoderConfig(hidden_size=32, image_size=side, mask_input_channels=4)
    decoder = Sam2MaskDecoderConfig(hidden_size=32, mlp_dim=32, num_attention_heads=2, iou_head_hidden_dim=16)
    return {"vision_config": vision, "prompt_encoder_config": prompts, "mask_decoder_config": decoder}


def network() -> Sam2Model:
    """Weights large enough that the answer depends on the picture and on each point."""
    torch.manual_seed(0)
    model = Sam2Model(Sam2Config(**parts())).eval()
    for weights in model.parameters():
        if weights.ndim > 1:
            torch.nn.init.normal_(weights, 0, 0.3)
    return model


def save_for_videos(folder: Path) -> None:
    """As the authors publish it: with a memory for videos."""
    torch.manual_seed(0)
    config = Sam2VideoConfig(
        **parts(), image_size=SIDE, memory_attention_hidden_size=32, memory_attention_num_layers=1,
        memory_attention_feed_forward_hidden_size=16, memory_encoder_hidden_size=32, memory_encoder_output_channels=16,
        mask_downsampler_embed_dim=32, memory_fuser_embed_dim=32, memory_fuser_intermediate_dim=16,
        memory_attention_rope_feat_sizes=[SIDE // 16] * 2,
    )  # fmt: skip
    Sam2VideoModel(config).save_pretrained(folder)


def install(cache: Path) -> Path:
    """Lays it into a hub's cache, under the name of the one that is used; returns the snapshot."""
    folder = cache / f"models--{SELECTION_MODEL.replace('/', '--')}"
    network().save_pretrained(folder / "snapshots" / COMMIT)
    (folder / "refs").mkdir()
    (folder / "refs" / "main").write_text(COMMIT)
    return folder / "snapshots" / COMMIT
