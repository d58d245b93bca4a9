"""python -m pipelines.training STAGE --minutes M --out FOLDER: train a stage; to go on, run the same command again."""

import argparse
import json
from dataclasses import asdict
from pathlib import Path

import torch
from tokenizers import ByteLevelBPETokenizer

from pipelines.glide.config import PRESETS
from pipelines.glide.tokenizer import mini_tokenizer, normalised
from pipelines.machine import keep_freed_memory
from pipelines.training.config import STAGES
from pipelines.training.scenes.captions import texts, vocabulary
from pipelines.training.trainer import train


def make_tokenizer(file: Path, size: int) -> None:
    """Byte pairs of `size` tokens from the captions of many scenes: the same file every time."""
    lines = [normalised(text) for seed in range(3000) for text in texts(seed)]
    pairs = ByteLevelBPETokenizer(add_prefix_space=False)
    pairs.train_from_iterator(lines, vocab_size=size, min_frequency=2, show_progress=False)
    file.parent.mkdir(parents=True, exist_ok=True)
    pairs.save(str(file))
    file.with_name("words.txt").write_text("\n".join(vocabulary()) + "\n")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m pipelines.training", description=__doc__)
    parser.add_argument("stage", choices=STAGES, help="which stage to train; inpaint begins from base")
    parser.add_argument("--minutes", type=float, default=10, help="how long to train now (default: %(default)g)")
    parser.add_argument("--out", type=Path, required=True, metavar="FOLDER", help="checkpoints, weights and loss curve")
    parser.add_argument("--dry-run", action="store_true", help="print what would be trained, and stop")
    arguments = parser.parse_args()
    stage = STAGES[arguments.stage]
    if arguments.dry_run:
        print(json.dumps({**asdict(stage), "network": asdict(PRESETS[stage.network])}, indent=2))
        return
    tokenizer = arguments.out / "tokenizer.json"
    if not tokenizer.exists():
        make_tokenizer(tokenizer, PRESETS[stage.network].vocabulary)
    keep_freed_memory()
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    context = PRESETS[stage.network].context
    train(stage, arguments.stage, arguments.out, mini_tokenizer(tokenizer, context), arguments.minutes, device)


if __name__ == "__main__":
    main()
