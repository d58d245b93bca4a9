"""What it costs how OpenMP's threads wait: one edit alone, beside a browser that draws, and beside another program of
PyTorch's, by turns.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from statistics import median

from pipelines.openmp import WAITING
from tests.measuring import Row

ROOT = Path(__file__).parents[2]
TURNS = 6
WAYS = {"as PyTorch comes": {}, "passive": {"OMP_WAIT_POLICY": "PASSIVE"}, "ours": WAITING}
EDIT = """
import sys, time
import numpy as np
from pipelines import load
from pipelines.base import Request, run
from tests.measuring import photograph
pipeline = load("glide-mini")
mask = np.zeros((256, 256), np.uint8)
mask[40:216, 40:216] = 255
request = Request(photograph(256), mask, "a red couch", "", 2, 0, 1, pipeline.defaults["steps"], "dpmpp_2m", (1,))
run(pipeline.inpaint(request))
print("ready", flush=True)
while sys.argv[1:]:
    run(pipeline.inpaint(request))
for line in sys.stdin:
    began = time.perf_counter()
    run(pipeline.inpaint(request))
    print(time.perf_counter() - began, flush=True)
"""
DRAWING = """<canvas width="1200" height="800"></canvas><script>
const pen = document.querySelector("canvas").getContext("2d");
(function draw(at) {
  for (let n = 0; n < 400; n++) {
    pen.fillStyle = `hsl(${n + at / 9} 80% 50% / 0.3)`;
    pen.beginPath();
    pen.arc(n * 3, 400 + 300 * Math.sin(at / 400 + n), 40, 0, 7);
    pen.fill();
  }
  requestAnimationFrame(draw);
})(0);
</script>"""


def program(settings: Mapping[str, str], *forever: str) -> "subprocess.Popen[str]":
    """One that makes an edit for each line that it reads; with an argument, one edit after another."""
    plain = {name: value for name, value in os.environ.items() if name not in WAITING}
    process = subprocess.Popen(
        [sys.executable, "-c", EDIT, *forever], cwd=ROOT, env={**plain, **settings}, text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout and process.stdout.readline() == "ready\n"
    return process


def edited(process: "subprocess.Popen[str]") -> float:
    assert process.stdin and process.stdout
    process.stdin.write("go\n")
    process.stdin.flush()
    return float(process.stdout.readline())


@contextmanager
def alone() -> Iterator[None]:
    yield


@contextmanager
def beside_a_browser() -> Iterator[None]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        browser.new_page(viewport={"width": 1280, "height": 900}).set_content(DRAWING)
        yield
        browser.close()


@contextmanager
def beside_torch(settings: Mapping[str, str]) -> Iterator[None]:
    other = program(settings, "forever")
    try:
        yield
    finally:
        other.kill()
        other.wait()


def waiting() -> Iterator[Row]:
    programs = {name: program(settings) for name, settings in WAYS.items()}
    neighbours = {
        "alone": alone,
        "beside a browser that draws": beside_a_browser,
        "beside another program of PyTorch's": lambda: beside_torch({}),
        "beside another models' process of ours": lambda: beside_torch(WAITING),
    }
    try:
        for what, neighbour in neighbours.items():
            seconds: dict[str, list[float]] = {name: [] for name in programs}
            with neighbour():
                for _ in range(TURNS):
                    for name, process in programs.items():
                        seconds[name].append(edited(process))
            said = [
                f"{name} {median(each):.2f} s ({min(each):.2f} to {max(each):.2f})" for name, each in seconds.items()
            ]
            yield f"one edit {what}, threads waiting {', '.join(WAYS)}", "; ".join(said), ""
    finally:
        for process in programs.values():
            process.kill()
            process.wait()
