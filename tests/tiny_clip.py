"""A CLIP and a SigLIP of a tiny size with random weights, saved as their authors publish them."""

import json
from pathlib import Path

import torch
from tokenizers import Tokenizer
from tokenizers.models import BPE
from tokenizers.pre_tokenizers import ByteLevel
from tokenizers.processors import TemplateProcessing
from transformers import CLIPConfig, CLIPModel, PreTrainedTokenizerFast, SiglipConfig, SiglipModel

from pipelines.hf.clip_files import RANKING_MODEL
from tests.fake_hub import COMMIT
from tests.tiny_diffusers import CONTEXT, clip_tokenizer

SMALL = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2}
PICTURE = {"image_size": 32, "patch_size": 8}
READ = 24  # tokens that the SigLIP reads


def network(kind: str) -> CLIPModel | SiglipModel:
    """kind: "clip" or "siglip". Weights large enough that the answer depends on the picture and the words."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        if kind == "clip":
            ends = {"bos_token_id": 515, "eos_token_id": 516, "pad_token_id": 516}  # of `clip_tokenizer`
            text = {**SMALL, **ends, "vocab_size": 517, "max_position_embeddings": CONTEXT}
            model: CLIPModel | SiglipModel = CLIPModel(
                CLIPConfig(text_config=text, vision_config={**SMALL, **PICTURE}, projection_dim=16)
            )
        else:
            text = {**SMALL, "vocab_size": 258, "max_position_embeddings": READ, "pad_token_id": 1}
            model = SiglipModel(SiglipConfig(text_config=text, vision_config={**SMALL, **PICTURE}))
        for weights in model.parameters():
            if weights.ndim > 1:
                torch.nn.init.normal_(weights, 0, 0.3)
    return model.eval()


def siglip_tokenizer() -> PreTrainedTokenizerFast:
    """Each byte a token; the end is also what fills a text up."""
    vocabulary = {"<unk>": 0, "</s>": 1} | {byte: n for n, byte in enumerate(sorted(ByteLevel.alphabet()), 2)}
    tokenizer = Tokenizer(BPE(vocabulary, [], unk_token="<unk>"))
    tokenizer.pre_tokenizer = ByteLevel(add_prefix_space=False)
    tokenizer.post_processor = TemplateProcessing(single="$A </s>", special_tokens=[("</s>", 1)])
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, eos_token="</s>", pad_token="</s>", unk_token="<unk>", model_max_length=READ
    )


def save(folder: Path, kind: str) -> Path:
    """Saves one with its vocabulary."""
    network(kind).save_pretrained(folder)
    (clip_tokenizer() if kind == "clip" else siglip_tokenizer()).save_pretrained(folder)
    colours = {"image_mean": [0.5, 0.4, 0.3], "image_std": [0.5, 0.4, 0.3]}
    (folder / "preprocessor_config.json").write_text(json.dumps(colours))
    if not (folder / "special_tokens_map.json").exists():  # newer releases write it no more, and older ones had it
        (folder / "special_tokens_map.json").write_text("{}")
    return folder


def install(cache: Path, kind: str = "siglip", model: str = RANKING_MODEL) -> Path:
    """Lays it into a hub's cache, under this name; returns the snapshot."""
    folder = cache / f"models--{model.replace('/', '--')}"
    snapshot = save(folder / "snapshots" / COMMIT, kind)
    (folder / "refs").mkdir()
    (folder / "refs" / "main").write_text(COMMIT)
    return snapshot
