"""The documentation: what is made of the code is as the code is, and every link leads somewhere."""

import re
from pathlib import Path

import pytest

from editor.cli.reference import reference

ROOT = Path(__file__).parents[2]
PAGES = [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), ROOT / "assets" / "weights" / "CARD.md"]
LINK = re.compile(r"\]\((?!https?://)([^)#]*)(?:#([^)]*))?\)")


def test_the_command_lines_reference_is_the_parsers() -> None:
    said = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
    assert said == reference(), "make it anew: python -m editor.cli.reference > docs/cli.md"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_somewhere(page: Path) -> None:
    for file, heading in LINK.findall(page.read_text(encoding="utf-8")):
        target = page.parent / file if file else page
        assert target.exists(), f"{page.name}: {file}"
        if heading:
            titles = re.findall(r"^#+ (.*)$", target.read_text(encoding="utf-8"), re.M)
            assert heading in [anchor(title) for title in titles], f"{page.name}: {file}#{heading}"


def anchor(title: str) -> str:
    """As GitHub makes one of a heading."""
    return re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")


def test_the_readme_is_short() -> None:
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= 150
