"""The pages hang together: links, anchors, and the files and folders they name."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]

FOLDERS = ("rag", "retrain", "monitoring", "flows", "deploy", "benchmarks", "docs", "tests")
"""Where named paths begin."""

MADE_BY_READERS = {"deploy/.env", "deploy/whetstone.env"}
"""Files that a page tells to make."""

_LINK = re.compile(r"!?\[(?:[^\[\]]|\[[^\]]*\])*\]\(([^)\s]+)\)")
_FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)


def _name(page: Path) -> str:
    return str(page.relative_to(ROOT))


def _links(page: Path) -> Iterator[str]:
    """Yield the targets of a page's links to other pages and files."""
    prose = _FENCE.sub("", page.read_text())
    return (target for target in _LINK.findall(prose) if "://" not in target)


def _anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as GitHub makes them."""
    found: set[str] = set()
    for heading in re.findall(r"^#+ +(.+?) *$", _FENCE.sub("", page.read_text()), re.MULTILINE):
        text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).lower()
        slug = re.sub(r"[^\w\- ]", "", text).replace(" ", "-")
        copies = (slug, *(f"{slug}-{number}" for number in range(1, 50)))
        found.add(next(name for name in copies if name not in found))
    return found


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_links_lead_somewhere(page: Path) -> None:
    """Every relative link names a file or folder, and every anchor a heading of its page."""
    for link in _links(page):
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), f"{_name(page)} links to {link}"
        assert not anchor or anchor in _anchors(target), f"{_name(page)} links to {link}: no such heading"


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_named_paths_exist(page: Path) -> None:
    """Every path of the repository that a page names is there; a path with a placeholder counts up to it."""
    prose = _LINK.sub("", page.read_text())
    named = re.findall(rf"(?<![\w/.-])(?:{'|'.join(FOLDERS)})/[\w./-]*", prose)
    # What a sentence ends with is no part of the path.
    paths = {path.rstrip(".") for path in named} - MADE_BY_READERS
    assert sorted(path for path in paths if not (ROOT / path).exists()) == []


def test_every_page_is_on_the_list() -> None:
    """docs/README.md leads to each page, directly or by the page of its theme."""
    index, benchmarks = ROOT / "docs" / "README.md", ROOT / "docs" / "benchmarks.md"
    formats, runbooks = (ROOT / "docs" / room / "README.md" for room in ("formats", "runbooks"))
    linked = {
        (page.parent / link.partition("#")[0]).resolve()
        for page in (index, benchmarks, formats, runbooks)
        for link in _links(page)
    }
    pages = {page for page in (ROOT / "docs").rglob("*.md") if page.parent.name != "decisions"}
    assert pages - linked == {index}
