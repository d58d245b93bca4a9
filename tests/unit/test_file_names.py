"""Names of files: every system takes them, whatever somebody called a document."""

import json
from pathlib import Path, PureWindowsPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from editor.formats.file_names import FORBIDDEN, LONGEST, safe_name

NAMES = json.loads((Path(__file__).parents[1] / "data" / "file_names.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("text", NAMES)
def test_a_name_is_what_the_page_says(text: str) -> None:
    """The same table is the page's own: `tests/canvas/files.test.mjs`."""
    assert safe_name(text) == NAMES[text]


@given(st.text(max_size=400) | st.sampled_from(["nul", "LPT1 .x", "é" * 300, "\ud800", "aux."]))
def test_every_system_takes_it(text: str) -> None:
    name = safe_name(text)
    assert name and name == name.strip(" .") and len(name.encode()) <= LONGEST + 1
    assert not set(name) & set(FORBIDDEN) and name.isprintable()
    assert PureWindowsPath(name).name == name
    assert safe_name(name) == name
    assert name.partition(".")[0].rstrip().lower() not in ("nul", "con", "aux", "lpt1")
