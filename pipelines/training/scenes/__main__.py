"""python -m pipelines.training.scenes SEED... -o FOLDER: draw rooms, to look at or to start an edit from."""

import argparse
from dataclasses import replace
from pathlib import Path

from PIL import Image

from pipelines.training.scenes.room import HEIGHT, WIDTH, draw_room


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m pipelines.training.scenes", description=__doc__)
    parser.add_argument("seeds", type=int, nargs="+", metavar="SEED", help="one room each")
    parser.add_argument("--empty", action="store_true", help="leave the things out")
    parser.add_argument("-o", "--out", type=Path, required=True, metavar="FOLDER", help="room-SEED.png goes there")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    for seed in options.seeds:
        room = draw_room(seed)
        if options.empty:
            room = replace(room, things=())
        Image.fromarray(room.render(0, 0, WIDTH, size=WIDTH)[:HEIGHT]).save(options.out / f"room-{seed}.png")


if __name__ == "__main__":
    main()
