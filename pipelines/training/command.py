"""python -m pipelines.training STAGE --minutes M --out FOLDER: train a stage; to go on, run the same command again.

The folder is a model when base_inpaint and upsample_inpaint are in it: python app.py --pipeline glide:FOLDER.
"""

import argparse
import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path

import torch
import torch.distributed as distributed
from tokenizers import ByteLevelBPETokenizer
from torch import Tensor

from pipelines import WEIGHTS
from pipelines.diffusion.schedule import SCHEDULES, sigmas_of
from pipelines.errors import InvalidInput
from pipelines.glide.config import PRESETS, UNetConfig
from pipelines.glide.folder import (
    BYTE_PAIRS,
    CONFIG,
    WORDS,
    folder_tokenizer,
    read_configs,
    weights_file,
    write_config,
)
from pipelines.glide.tokenizer import GPT2_FILES, byte_pair_file, normalised, words
from pipelines.glide.unet import UNet
from pipelines.glide.weights import load_unet, save_unet
from pipelines.machine import keep_freed_memory
from pipelines.training.companions import COMPANIONS
from pipelines.training.config import SIZES, STAGES, Stage
from pipelines.training.dataset import HELD_OUT, Alternating, Crops, Source, Windows, example
from pipelines.training.denoising import Denoising
from pipelines.training.distillation import Teacher
from pipelines.training.folder import Captioned, Pictures, captioned
from pipelines.training.loop import shared, train
from pipelines.training.progress import draw_samples
from pipelines.training.scenes.captions import texts, vocabulary
from pipelines.training.trainer import Share, Trainer

SAMPLED = HELD_OUT - 1000  # the examples of the sheets, apart from all that is trained on or judged
WORLD, WORLDS = (
    "world.txt",
    ("drawn", "wide"),
)  # the file that keeps which world a folder's model was trained in; and all
OWN_RATE, RELEASED_RATE = 1e-4, 2e-5  # learning rates of fine-tuning, for small networks and for OpenAI's


def make_tokenizer(file: Path, size: int, wide: bool = False) -> None:
    """Makes byte pairs of `size` tokens from the captions of many scenes of a world: the same file every time."""
    lines = [normalised(text) for seed in range(3000) for text in texts(seed, wide)]
    pairs = ByteLevelBPETokenizer(add_prefix_space=False)
    pairs.train_from_iterator(lines, vocab_size=size, min_frequency=2, show_progress=False)
    file.parent.mkdir(parents=True, exist_ok=True)
    pairs.save(str(file))
    file.with_name(WORDS).write_text("\n".join(vocabulary(wide)) + "\n")


def known_world(folder: Path) -> str | None:
    """Returns the name of the world that a folder's model was trained in; None for what is none, or OpenAI's."""
    if (folder / WORLD).is_file():
        return (folder / WORLD).read_text().strip()
    return "drawn" if (folder / BYTE_PAIRS).is_file() else None


def chosen_world(asked: str | None, *folders: Path) -> str:
    """Returns the world to train in: that of the folders, else what is asked for, else the drawn one.

    Raises:
        InvalidInput: a folder's model was trained in another world.
    """
    for folder in folders:
        known = known_world(folder)
        if known is not None and asked not in (None, known):
            raise InvalidInput(
                f"{folder} was trained in the {known} world, not in the {asked} one: "
                "leave --world out, or begin anew in another --out."
            )
        asked = known or asked
    return asked or "drawn"


def configs_of(begin: Path) -> Mapping[str, UNetConfig]:
    """Reads the sizes of a folder's networks: its own, or those that were released."""
    return read_configs(begin) if (begin / CONFIG).is_file() else PRESETS


def take_over(begin: Path, out: Path, form: str, pictures: Sequence[Captioned]) -> None:
    """Copies what makes `out` a model like `begin` beside the network `form`: byte pairs, words, other networks."""
    out.mkdir(parents=True, exist_ok=True)
    for name, config in configs_of(begin).items():
        file = weights_file(begin, name)
        if name != form and file is not None and weights_file(out, name) is None:
            shutil.copyfile(file, out / file.name)
            write_config(out, name, config)
    for name in (BYTE_PAIRS, WORDS, *GPT2_FILES):
        source = byte_pair_file(begin, name)
        if source is not None and not (out / source.name).exists():
            shutil.copyfile(source, out / source.name)
    if (out / WORDS).exists():
        all_words = {
            *(out / WORDS).read_text().split(),
            *(word for one in pictures for word in words(one.caption)),
        }
        (out / WORDS).write_text("\n".join(sorted(all_words)) + "\n")


def arguments() -> argparse.Namespace:
    """Parses the command line."""
    parser = argparse.ArgumentParser(prog="python -m pipelines.training", description=__doc__)
    parser.add_argument(
        "stage",
        choices=(*STAGES, *COMPANIONS),
        help="which stage to train; inpaint begins from base, most from nothing",
    )
    parser.add_argument("--minutes", type=float, default=10, help="how long to train now (default: %(default)g)")
    parser.add_argument(
        "--out", type=Path, required=True, metavar="FOLDER", help="checkpoints, weights, pictures of it"
    )
    parser.add_argument("--size", choices=SIZES, default="mini", help="of a new model (default: %(default)s)")
    parser.add_argument(
        "--world",
        choices=WORLDS,
        help="what is drawn: wide has more of everything (default: the folder's; drawn in a new one)",
    )
    parser.add_argument("--data", type=Path, metavar="FOLDER", help="own pictures, each with its caption in a .txt")
    parser.add_argument(
        "--begin", type=Path, metavar="FOLDER",
        help="a model whose weights it begins from: one trained here, or OpenAI's as `app.py convert` leaves it"
        " (default with --data: the embedded model)",
    )  # fmt: skip
    parser.add_argument("--batch", type=int, help="pictures a step, of all processes together")
    parser.add_argument("--learning-rate", type=float, help="at its height")
    parser.add_argument("--dry-run", action="store_true", help="print what would be trained, and stop")
    return parser.parse_args()


def main() -> None:
    """Trains what the command line says."""
    options = arguments()
    if options.stage in COMPANIONS:
        learn_beside(options)
    else:
        learn_to_draw(options)


def learn_beside(options: argparse.Namespace) -> None:
    """Trains a network beside GLIDE's own, of which a folder's model is to have one."""
    companion, size, out = COMPANIONS[options.stage], SIZES[options.size], options.out
    config, pace = companion.config(size), companion.pace(size)
    pace = replace(pace, batch=options.batch or pace.batch, learning_rate=options.learning_rate or pace.learning_rate)
    if options.dry_run:
        print(json.dumps({"pace": asdict(pace), "network": asdict(config)}, indent=2))
        return
    keep_freed_memory()
    try:
        if chosen_world(options.world, out) != "drawn":
            raise InvalidInput(f"{out} was trained in the wide world, of which {options.stage} knows nothing yet.")
        with shared() as (share, device):
            check_shares(pace.batch, share)
            if share.rank == 0:
                out.mkdir(parents=True, exist_ok=True)
                for name in companion.begins_with:
                    if not (out / name).exists():
                        shutil.copyfile(WEIGHTS / "glide-mini" / name, out / name)
            if share.of > 1:
                distributed.barrier()
            trainer = Trainer(companion.objective(config, companion.seed, device), pace, device, share)
            train(trainer, out / options.stage, companion.dataset(size, out), options.minutes)
            if share.rank == 0:
                companion.save(config, trainer.ema, out)
    except ValueError as error:
        raise SystemExit(str(error)) from error


def check_shares(batch: int, share: Share) -> None:
    """Refuses a batch that its processes cannot share evenly.

    Raises:
        InvalidInput: they cannot.
    """
    if batch % share.of:
        raise InvalidInput(f"A batch of {batch} pictures cannot be shared by {share.of} processes evenly: see --batch.")


def learn_to_draw(options: argparse.Namespace) -> None:
    """Trains a stage of GLIDE."""
    stage, size, begin = STAGES[options.stage], SIZES[options.size], options.begin
    if options.data and begin is None:
        begin = WEIGHTS / "glide-mini"
    try:
        world = chosen_world(options.world, options.out, *([begin] if begin else []))
        pictures = captioned(options.data) if options.data else ()
        configs = configs_of(begin) if begin else {}
        if begin and stage.form not in configs:
            raise InvalidInput(f"{begin} has no {stage.form}: it holds {', '.join(configs)}.")
    except ValueError as error:
        raise SystemExit(str(error)) from error
    config = configs[stage.form] if begin else size.network(stage.form)
    own = not begin or (begin / BYTE_PAIRS).is_file()
    batch = options.batch or size.pace.batch // (2 if config.upsample else 1)
    tuned = OWN_RATE if own else RELEASED_RATE
    rate = options.learning_rate or (tuned if options.data else size.pace.learning_rate)
    pace = replace(size.pace, batch=batch, learning_rate=rate)
    if options.dry_run:
        course = {"world": world, "pace": asdict(pace), "pictures": len(pictures), "network": asdict(config)}
        print(json.dumps({**asdict(stage), **course}, indent=2))
        return

    keep_freed_memory()
    with shared() as (share, device):
        try:
            check_shares(batch, share)
            if share.rank == 0:
                options.out.mkdir(parents=True, exist_ok=True)
                if world != "drawn":
                    (options.out / WORLD).write_text(f"{world}\n")
                if begin:
                    take_over(begin, options.out, stage.form, pictures)
                elif not (options.out / BYTE_PAIRS).exists():
                    make_tokenizer(options.out / BYTE_PAIRS, config.vocabulary, world == "wide")
            if share.of > 1:
                distributed.barrier()
            goes_on = (options.out / options.stage / "state.pt").exists() and not stage.distils
            state = None if goes_on else first_weights(options.stage, config, options.out, begin)
            denoising = Denoising(stage, config, device, teacher_of(stage, config, state, device))
            trainer = Trainer(denoising, pace, device, share)
            if state is not None:
                trainer.begin_from(denoising.first_weights(state))
            tokenizer = folder_tokenizer(options.out, config)
            # to learn somebody's pictures and forget nothing of the drawn world, a model sees both in turn
            source: Source = partial(example, wide=world == "wide")
            if pictures:
                source = Alternating(source, Pictures(pictures)) if own else Pictures(pictures)
            dataset = (
                Crops(source, tokenizer, size.crop, stage.empty, size.crop / config.size)
                if config.upsample
                else Windows(source, tokenizer, config.size, stage.empty)
            )
            folder = options.out / options.stage
            train(trainer, folder, dataset, options.minutes)
            if share.rank == 0:
                save_unet(trainer.ema, options.out / f"{stage.form}.safetensors")
                write_config(options.out, stage.form, config)
                network = load_unet(config, options.out / f"{stage.form}.safetensors").to(device)
                file = folder / "samples.png"
                draw_samples(network, denoising.sigmas, dataset, SAMPLED, tokenizer, file, stage.distils)
        except ValueError as error:
            raise SystemExit(str(error)) from error


def first_weights(name: str, config: UNetConfig, out: Path, begin: Path | None) -> dict[str, Tensor] | None:
    """Reads the averaged weights that a stage begins from; None for a stage that begins from nothing.

    Raises:
        InvalidInput: they are not there.
    """
    stage = STAGES[name]
    if begin is not None:
        file = weights_file(begin, stage.form)
        if file is None:
            raise InvalidInput(f"{begin} holds no {stage.form}.safetensors to begin from.")
        return load_unet(config, file).state_dict()
    if stage.begins_from is None:
        return None
    before = out / stage.begins_from / "state.pt"
    if not before.exists():
        raise InvalidInput(f"{name} begins from {stage.begins_from}: train that first, into the same --out {out}.")
    return dict(torch.load(before, map_location="cpu", weights_only=True)["ema"])


def teacher_of(
    stage: Stage, config: UNetConfig, state: dict[str, Tensor] | None, device: torch.device
) -> Teacher | None:
    """Makes what a stage learns from: the network that it begins from, if it distils that.

    Raises:
        InvalidInput: that network cannot be distilled.
    """
    if not stage.distils or state is None:
        return None
    if config.predicts != "v":
        raise InvalidInput("Only networks that predict v can be distilled: those trained here, not OpenAI's.")
    network = UNet(config)
    network.load_state_dict(state)
    return Teacher(network.to(device), sigmas_of(SCHEDULES[stage.schedule]()))
