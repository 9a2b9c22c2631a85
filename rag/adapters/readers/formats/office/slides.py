"""PowerPoint's PPTX: slides in the order they are shown in, each with its notes."""

import copy
import posixpath
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from rag.adapters.readers.files import Records, SourceFile
from rag.adapters.readers.formats import results
from rag.adapters.readers.formats.members import Members, ReaderFor
from rag.adapters.readers.formats.office import drawings
from rag.adapters.readers.formats.packages import (
    Package,
    listed,
    listing_of,
    local,
    named,
    serialised,
    text_below,
)
from rag.adapters.readers.xberg import extracted, usual
from rag.errors import UnreadableDocument

_MIME = "application/vnd.openxmlformats-officedocument.presentationml.presentation"

_ON = ("1", "true")
_BAR = "\uf8fc"
_LONGEST = 200
"""Characters of a cell that is repeated where it spans rows or columns."""


def read(file: SourceFile, *, reader_for: ReaderFor) -> Records:
    """Read a presentation as one document whose locators are its slides; hidden slides are read like others.

    Raises:
        UnreadableDocument: it is broken, needs a password, or unpacks to far too much.
    """
    import xberg

    package = Package(file, kind="a PPTX", newer=".pptx")
    deck = _Deck(package)
    members = Members(file, reader_for, "embedded file")
    config = usual(pages=xberg.PageConfig(extract_pages=True))
    data = package.written(deck.changed, dropped=deck.left_out, renamed=deck.renamed)
    result = extracted(data, mime=_MIME, kind="a PPTX", config=config)
    pages = {page.page_number: page.content for page in result.pages or ()}
    slides = [
        "\n\n".join(filter(None, [_body(pages.get(number, "")), *deck.beside(slide)]))
        for number, slide in enumerate(deck.slides, start=1)
    ]
    embedded = [record for name in deck.embedded for record in members.read(name, package.read(name))]
    text, locators = results.located(
        "slide", {str(number): slide for number, slide in enumerate(slides, start=1)}
    )
    yield results.document(
        file,
        result,
        text=text,
        title=results.given_title(result.metadata.title)
        or results.first_heading(slides[0] if slides else ""),
        locators=locators,
        unread=[*deck.unread, *members.reasons()],
    )
    yield from embedded


class _Deck:
    """What a presentation is made of, and what of it xberg does not read."""

    def __init__(self, package: Package) -> None:
        self._package = package
        main = package.main("ppt/presentation.xml")
        related = package.related(main)
        order = [each.get(named("r:id"), "") for each in package.tree(main).iter(named("p:sldId"))]
        targets = [related[key].target for key in order if key in related]
        self.slides = [target for target in dict.fromkeys(targets) if target in package]
        self._parts = {slide: package.related(slide).values() for slide in self.slides}
        known = set(self.slides)
        # A slide that was taken out of the show stays behind in some files.
        self.left_out = [
            name
            for name in package.names
            if posixpath.dirname(name) == "ppt/slides" and name not in known and name.endswith(".xml")
        ]
        self.left_out += [listing_of(slide) for slide in self.left_out]
        names = {slide: f"ppt/slides/slide{number}.xml" for number, slide in enumerate(self.slides, start=1)}
        self.renamed = names | {listing_of(old): listing_of(new) for old, new in names.items()}
        kept = {
            key: replace(each, target=names.get(each.target, each.target))
            for key, each in related.items()
            if each.kind != "slide" or each.target in known
        }
        self.changed = {listing_of(main): listed(kept)}
        self.embedded: list[str] = []
        self.unread: list[str] = []
        for number, slide in enumerate(self.slides, start=1):
            try:
                self.changed[slide] = _put_right(package.tree(slide))
            except UnreadableDocument:
                self.unread.append(f"slide {number} is damaged, and what comes after the damage was not read")
            for each in self._parts[slide]:
                if each.kind == "package" and each.target in package:
                    self.embedded.append(each.target)
                elif each.kind == "oleObject" and not each.external:
                    name = posixpath.basename(each.target)
                    self.unread.append(f"the embedded object {name} on slide {number} was not read")
        self.left_out += self.embedded

    def beside(self, slide: str) -> Iterator[str]:
        """Yield a slide's charts, diagrams, notes and comments."""
        for kind, text_of in (
            ("chart", drawings.chart),
            ("diagramData", drawings.diagram),
            ("notesSlide", _notes),
            ("comments", _comments),
        ):
            for each in self._parts[slide]:
                if each.kind == kind and each.target in self._package:
                    yield text_of(self._package.tree(each.target))


def _put_right(tree: Any) -> bytes:
    """Return a slide whose charts are left to us, and whose tables have no spans and no bars within cells."""
    for parent in list(tree.iter()):
        for child in list(parent):
            if child.tag == named("p:graphicFrame") and next(child.iter(named("c:chart")), None) is not None:
                parent.remove(child)
    for table in tree.iter(named("a:tbl")):
        above: list[Any] = []
        for number, row in enumerate(table.iter(named("a:tr"))):
            cells = list(row.iter(named("a:tc")))
            for column, cell in enumerate(cells):
                if cell.get("vMerge") in _ON and column < len(above):
                    cells[column] = _filled(cell, above[column])
                elif cell.get("hMerge") in _ON and number == 0 and column:
                    cells[column] = _filled(cell, cells[column - 1])
            above = cells
        for each in table.iter(named("a:t")):
            each.text = (each.text or "").replace("|", _BAR)
    return serialised(tree)


def _filled(cell: Any, source: Any) -> Any:
    """Give a merged cell the text of the one it is merged with, where that is a name and no text."""
    if len(text_below(source)) <= _LONGEST:
        cell[:] = [copy.deepcopy(each) for each in source if each.tag == named("a:txBody")]
        for name in ("hMerge", "vMerge"):
            cell.attrib.pop(name, None)
    return cell


def _body(page: str) -> str:
    text = results.markdown(page).replace(_BAR, "\\|")
    # A rule stands for a slide without a title.
    return "" if text == "-----" else text.removesuffix("\n-----").removeprefix("-----\n").strip()


def _notes(tree: Any) -> str:
    """Return the notes, without the picture of the slide, its number and its date."""
    texts = []
    for shape in tree.iter(named("p:sp")):
        place = next(shape.iter(named("p:ph")), None)
        if place is None or place.get("type", "body") == "body":
            texts += [text_below(each) for each in shape.iter(named("a:p"))]
    notes = "\n\n".join(filter(None, texts))
    return f"Notes: {notes}" if notes else ""


def _comments(tree: Any) -> str:
    said = [text_below(each) for each in tree.iter() if local(each) in ("text", "txBody")]
    return "\n\n".join(f"Comment: {text}" for text in said if text)
