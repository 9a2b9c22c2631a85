"""HTML: what a browser shows or unfolds of a page, as Markdown, without menus and banners."""

import re

from rag.adapters.readers.files import Records, SourceFile
from rag.adapters.readers.html.declared import encoding_of, metadata_of, title_of
from rag.adapters.readers.html.formulas import write_formulas
from rag.adapters.readers.html.panels import title_panels, title_parts
from rag.adapters.readers.html.roles import apply_roles
from rag.adapters.readers.html.surroundings import drop_surroundings
from rag.adapters.readers.html.tables import square_tables
from rag.adapters.readers.html.tree import BREAK, Element, Page, parsed, written
from rag.adapters.readers.html.visibility import keep_what_is_shown
from rag.adapters.readers.html.wording import put_into_words

_LEAST_MAIN = 0.25  # of the letters of a page: a main part with less is not where its text is
_DEEPEST = 60  # tags within each other that Markdown has a use for

_FENCE = re.compile(r"[ >]*(?:[-*+] |\d+\. )*(?P<fence>`{3,})")
_ESCAPED = re.compile(r"^([ >]*)(?:\\([-+])|(\d+)\\([.)]))(?= )")

_TEX = re.compile(r"\\\\(?P<mark>[()\[\]])")  # begins and ends a formula that a script draws


def read(file: SourceFile) -> Records:
    """Read an HTML page: its main part where it has one that holds its text, else the whole body."""
    read = file.decoded(encoding_of(file.read_bytes()))
    page = parsed(read.text.replace(BREAK, ""))
    title, metadata = title_of(page) or file.stem, metadata_of(page)
    text = markdown_of(page, base=file.uri)
    yield file.document(text=text, title=title, metadata=metadata, unread=read.unread)


def markdown_of(page: Page, *, base: str) -> str:
    """Return the text of a page, which is used up.

    Args:
        page: the page.
        base: its address, which relative links begin at.
    """
    declared = page.first("base")
    base = declared.get("href") if declared is not None else base
    mains = [each for each in page.elements if each.tag == "main" or each.get("role") == "main"]
    body = page.first("body") or page.root
    apply_roles(page)
    title_panels(page)
    write_formulas(page)
    keep_what_is_shown(page)
    drop_surroundings(body)
    main = _main(body, mains)
    put_into_words(main, base=base if base.startswith(("http://", "https://")) else "")
    square_tables(main)
    return _markdown(written(main.children, deepest=_DEEPEST))


def fragment(text: str) -> str:
    """Return a piece of HTML, as it stands in other texts, as Markdown."""
    page = parsed(text)
    body = page.first("body") or page.root
    title_parts(page)
    write_formulas(page)
    keep_what_is_shown(page)
    put_into_words(body, base="")
    square_tables(body)
    return _markdown(written(body.children, deepest=_DEEPEST))


def _main(body: Element, mains: list[Element]) -> Element:
    """Return the part of the body that holds its text."""
    ids = set(map(id, mains))
    # One within another would be read twice.
    mains = [each for each in mains if each.tag and ids.isdisjoint(map(id, each.ancestors()))]
    letters = sum(len(each.text) for each in mains)
    if not letters or letters < _LEAST_MAIN * len(body.text):
        return body
    main = Element("div")
    main.fill(mains)
    return main


def _markdown(html: str) -> str:
    from html_to_markdown import ConversionOptions, PreprocessingOptions, convert

    options = ConversionOptions(
        autolinks=False,
        bullets="-",
        compact_tables=True,
        extract_metadata=False,
        hidden_content="all",
        preprocessing=PreprocessingOptions(enabled=False, remove_forms=False, remove_navigation=False),
    )
    text = convert(f"<html><body>{html}</body></html>", options).content or ""
    text = re.sub(rf"[ \t]*{BREAK}[ \t]*", "\n", text)
    text = _TEX.sub(r"\\\g<mark>", text)
    fence = ""
    lines: list[str] = []
    for line in text.split("\n"):
        if opening := _FENCE.match(line):
            fence = "" if fence and opening["fence"].startswith(fence) else fence or opening["fence"]
        if not fence:
            # A mark before a blank is one to a reader too; the escapes would only stand in the way.
            line = _ESCAPED.sub(r"\1\2\3\4", line).rstrip()
        if fence or line or (lines and lines[-1]):
            lines.append(line)
    return "\n".join(lines).strip("\n")
