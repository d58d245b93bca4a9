"""A CLIPSeg of a tiny size with random weights, saved as its authors publish it."""

import json
from pathlib import Path

import torch
from transformers import CLIPSegConfig, CLIPSegForImageSegmentation

from pipelines.selection.installed import WORDS_MODEL
from tests.fake_hub import COMMIT
from tests.tiny_diffusers import CONTEXT, clip_tokenizer


def network() -> CLIPSegForImageSegmentation:
    """Its patches are those of the real one. Weights large enough that the answer depends on the picture and words."""
    ends = {"bos_token_id": 515, "eos_token_id": 516, "pad_token_id": 516}  # of `clip_tokenizer`
    small = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2}
    config = CLIPSegConfig(
        text_config={**small, **ends, "vocab_size": 517, "max_position_embeddings": CONTEXT},
        vision_config={**small, "image_size": 224, "patch_size": 16},
        projection_dim=16, reduce_dim=16, extract_layers=[0, 1], decoder_num_attention_heads=2,
        decoder_intermediate_size=32, use_complex_transposed_convolution=True,
    )  # fmt: skip
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = CLIPSegForImageSegmentation(config).eval()
        for weights in model.parameters():
            if weights.ndim > 1:
                torch.nn.init.normal_(weights, 0, 0.3)
        torch.nn.init.constant_(model.decoder.transposed_convolution[-1].bias, -5)  # most of a picture is not named
    return model


def save(folder: Path) -> Path:
    """Saves it with its vocabulary in two files, as the tokenizer's older releases do."""
    network().save_pretrained(folder)
    saved = json.loads(clip_tokenizer().backend_tokenizer.to_str())["model"]
    (folder / "vocab.json").write_text(json.dumps(saved["vocab"]), encoding="utf-8")
    merges = "".join(f"{' '.join(pair)}\n" for pair in saved["merges"])
    (folder / "merges.txt").write_text(f"#version: 0.2\n{merges}", encoding="utf-8")
    settings = {"tokenizer_class": "CLIPTokenizer", "model_max_length": CONTEXT, "pad_token": "<|endoftext|>"}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))
    (folder / "special_tokens_map.json").write_text(json.dumps({"pad_token": "<|endoftext|>"}))
    return folder


def install(cache: Path) -> Path:
    """Lays it into a hub's cache, under the name of the one that is used; returns the snapshot."""
    folder = cache / f"models--{WORDS_MODEL.replace('/', '--')}"
    snapshot = save(folder / "snapshots" / COMMIT)
    (folder / "refs").mkdir()
    (folder / "refs" / "main").write_text(COMMIT)
    return snapshot
