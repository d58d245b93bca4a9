"""What the command line says of disks that refuse: full ones and read-only ones, in a process that alone has them."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.test_full_disk import ROOT, mountable

# what each test begins with: a document of one step beside a full and a read-only disk, and a way to run commands
BEGUN = """
import contextlib, io, os, subprocess, sys
from pathlib import Path
import app
from editor.imaging.geometry import Box
from editor.session import Session
from editor.store.store import Store
from editor.worker import Worker
from pipelines.classical import Classical
from tests.samples import an_edit, disc, noise

def mount(folder, size):
    Path(folder).mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", folder], check=True)

def fill(folder):
    with contextlib.suppress(OSError), open(f"{folder}/others", "wb", 0) as file:
        while True:
            file.write(os.urandom(4096))

def refused(*words):
    sys.argv = ["app.py", *words]
    said = io.StringIO()
    with contextlib.redirect_stderr(said), contextlib.redirect_stdout(said):
        assert app.main() == 1, said.getvalue()
    for unwanted in ("Errno", "palimpsest-part", "Traceback"):
        assert unwanted not in said.getvalue(), said.getvalue()
    assert said.getvalue().endswith(".\\n"), said.getvalue()
    return said.getvalue()

def store_in(folder):
    session = Session(Store(Path(folder)))
    document = session.open(noise(300, 300)).id
    for seed in range(2):
        session.submit(document, an_edit(disc(Box(30, 40, 50, 40)), pipeline="classical", seed=seed))
    worker = Worker(session.store, lambda name: Classical())
    while worker.run_one():
        pass
    session.store.close()
    return document

os.chdir(sys.argv[1])
document = store_in("data")
"""

COMMANDS = {
    "export": ("x.png", 'refused("--data", "data", "export", document, "-o", "{}/x.png")'),
    "export of a sheet": ("x.png", 'refused("--data", "data", "export", document, "--sheet", "-o", "{}/x.png")'),
    "export of an animation": (
        "x.webp",
        'refused("--data", "data", "export", document, "--timelapse", "-o", "{}/x.webp")',
    ),
    "export of a film": ("x.mp4", 'refused("--data", "data", "export", document, "--timelapse", "-o", "{}/x.mp4")'),
    "export of layers": ("x.ora", 'refused("--data", "data", "export", document, "-o", "{}/x.ora")'),
    "export of a document": ("x.palimpsest", 'refused("--data", "data", "export", document, "-o", "{}/x.palimpsest")'),
    "backup": ("b.db", 'refused("--data", "data", "store", "--backup", "{}/b.db")'),
    "recipe": ("r.json", 'refused("--data", "data", "recipe", document, "-o", "{}/r.json")'),
}
TARGETS = "\n".join(
    f"""
said = {command.format("full")}
assert said.startswith("palimpsest: The disk is full, so full/{file} was not written."), said
assert "--compact" not in said, said
said = {command.format("ro")}
assert said.startswith("palimpsest: ro/{file} was not written: its disk is read-only."), said
"""
    for file, command in COMMANDS.values()
)

CASES = {
    "results": """
mount("full", "1m"); mount("ro", "1m")
subprocess.run(["mount", "-o", "remount,ro", "ro"], check=True)
fill("full")
"""
    + TARGETS
    + """
assert sorted(each.name for each in Path("full").iterdir()) == ["others"]
""",
    "a film that is cut off": """
mount("full", "128k")
said = refused("--data", "data", "export", document, "--timelapse", "--seconds", "10", "-o", "full/x.mp4")
assert said.startswith("palimpsest: The disk is full, so full/x.mp4 was not written."), said
assert [*Path("full").iterdir()] == []
""",
    "a recipe's results": """
mount("full", "1m"); mount("ro", "1m")
subprocess.run(["mount", "-o", "remount,ro", "ro"], check=True)
fill("full")
sys.argv = ["app.py", "--data", "data", "recipe", document, "-o", "r.json"]
assert app.main() == 0
sys.argv = ["app.py", "--data", "data", "export", document, "-o", "x.png"]
assert app.main() == 0
said = refused("run", "r.json", "x.png", "-o", "full/o")
assert "x.png: The disk is full, so full/o/x.png was not written." in said, said
assert "1 of 1 pictures failed: see above; there is no result." in said, said
assert "ro/o was not written: its disk is read-only." in refused("run", "r.json", "x.png", "-o", "ro/o")
""",
    "a read-only store": """
mount("ro", "20m")
store_in("ro/data")
subprocess.run(["mount", "-o", "remount,ro", "ro"], check=True)
for words in (["store", "--check"], ["history"], ["cluster"]):
    said = refused("--data", "ro/data", *words)
    assert said.startswith("palimpsest: The store in ro/data cannot be opened") and "not saved" not in said, said
""",
    "a store on a full disk": """
mount("full", "4m")
store_in("full/data")
fill("full")
said = refused("--data", "full/data", "store", "--check")
assert said.startswith("palimpsest: The disk is full, so the store in full/data cannot be opened"), said
assert "not saved" not in said and "I/O" not in said, said
""",
}


@pytest.mark.parametrize("what", CASES)
def test_a_disk_that_refuses_is_a_sentence(tmp_path: Path, what: str) -> None:
    (tmp_path / "disk").mkdir()
    if not mountable(tmp_path / "disk"):
        pytest.skip("no file system may be mounted here (unshare --user --mount)")
    alone = ["unshare", "--user", "--map-root-user", "--mount"]
    command = [*alone, sys.executable, "-W", "error", "-c", BEGUN + CASES[what], str(tmp_path)]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert ran.returncode == 0, ran.stderr
