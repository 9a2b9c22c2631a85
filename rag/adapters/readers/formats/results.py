"""From what xberg gives to a document: plain Markdown, a title, metadata, and what was not read."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

from rag.adapters.readers.files import SourceFile
from rag.domain import Document, Locator
from rag.library.documents import ReadFailure

if TYPE_CHECKING:
    import xberg

_MOST_METADATA = 1_000
"""Characters of one value that are kept; authors and keywords are no place for more."""

# What programs write into the title by themselves.
_AUTOMATIC = re.compile(
    r"\(?(?:untitled|unbenannt|sans titre|anonymous|unknown|unspecified)\)?[ \d]*|untitled document|Microsoft \w+ - .*|"
    r"Word Document|(?:Document|Dokument|Presentation|Pr[äé]sentation|Workbook|Book|Mappe|Classeur) ?\d*|"
    r"PowerPoint[ -].*|"
    r"(?:Présentation|Presentación|Apresentação|Presentazione)(?: de| do| di)? (?:Microsoft )?PowerPoint|"
    r"Slide \d+|[^ ]*\.(?:rtf|html?)|.*\.(?:docx?|docm|pptx?|pptm|xlsx?|xlsm|od[tsp]|indd|tex|pdf|dvi)",
    re.IGNORECASE,
)

# Alternatives in the order of the text: code and formulas stand as they are, the rest is unescaped.
_ESCAPED = re.compile(
    # A row of marks that is text must not begin a block of code.
    r"(?P<kept>^(?:\\[`~]){3,}|^(?P<fence>`{3,}|~{3,}).*?(?:^(?P=fence)[`~]*[ \t]*$|\Z)|^\$\$.{0,20000}?\$\$$|"
    r"(?<![\\`])(?P<tick>`{1,2})(?!`)[^\n]{1,2000}?(?<!`)(?P=tick)(?!`))|"
    r"\\(?P<mark>[!-/:-@\[-`{}~])",
    re.DOTALL | re.MULTILINE,
)
_DATA = re.compile(r"data:[\w/+.;=-]{1,100},[A-Za-z0-9+/=%]*")
_IMAGE = re.compile(
    r"!\[(?P<alt>[^\]\[\n]{0,2000})\]\((?:<?(?:\.\./|\.?/)*(?:\w+/)?(?:media|Pictures|images?)[/_][^()\s]{0,500}|"
    r"attachment:[^()\s]{0,500}|image_?\d*(?:\.\w{1,5})?|)(?:\s+\"[^\"\n]{0,500}\")?\)"
)
_NO_ALT = re.compile(r"(?:SVG )?image|picture|Notebook cell \d+ attachment.*", re.IGNORECASE)
_NOTE = re.compile(r"^(\[\^[^\]\n]{1,50}\]:)[ \t]*\n[ \t]+", re.MULTILINE)
_HEADING = re.compile(r"^#{1,6}[ \t]+(?P<title>\S.*?)[ \t#]*$", re.MULTILINE)
_FENCED = re.compile(r"^(`{3,}|~{3,}).*?(?:^\1[`~]*[ \t]*$|\Z)", re.DOTALL | re.MULTILINE)

_BACKSLASH = "\ue004"

_NO_LOSS = ("cross-reference target", "could not be resolved to embedded image data")
"""In warnings that tell of no lost text."""


def markdown(content: str, *, escaped: bool = True) -> str:
    """Return xberg's Markdown with letters as the file has them, and without pictures.

    Args:
        content: as xberg gives it.
        escaped: whether it has a backslash before letters that mean something to Markdown; they would be found
            and quoted so.
    """
    text = content
    if escaped:
        text = _ESCAPED.sub(lambda found: found["kept"] or _unescaped(found["mark"]), text)
    text = _IMAGE.sub(_alternative, _DATA.sub("", text))
    text = _NOTE.sub(r"\1 ", text)
    return re.sub(r"\n{3,}", "\n\n", re.sub(r"[ \t]+$", "", text, flags=re.MULTILINE)).strip()


def _unescaped(mark: str) -> str:
    # A bar within a cell would be a new cell.
    return "\\|" if mark == "|" else mark


def _alternative(image: re.Match[str]) -> str:
    alt = image["alt"].strip()
    return "" if _NO_ALT.fullmatch(alt) else alt


def hidden(page: str) -> str:
    """Return HTML with its backslashes hidden from what makes Markdown, which would double them."""
    return page.replace("\\", _BACKSLASH)


def letters(text: str) -> str:
    """Return Markdown with the backslashes that were hidden."""
    return text.replace(_BACKSLASH, "\\")


def first_heading(text: str) -> str:
    """Return the first heading of Markdown, code aside; empty where there is none."""
    found = _HEADING.search(_FENCED.sub("", text))
    return re.sub(r"[*_`]{1,3}(?=\S)|(?<=\S)[*_`]{1,3}", "", found["title"]) if found else ""


def given_title(title: str | None) -> str:
    """Return a title that somebody gave; empty for one that a program did."""
    given = " ".join((title or "").split())
    return "" if _AUTOMATIC.fullmatch(given) else given


def metadata_in(result: "xberg.ExtractedDocument") -> dict[str, Any]:
    """Return authors, dates, keywords and language of a file."""
    known = result.metadata
    return described(
        authors=[name for each in known.authors or () for name in each.split(";")],
        created=known.created_at,
        modified=known.modified_at,
        keywords=[word for each in known.keywords or () for word in re.split("[;,]", each)],
        language=known.language,
    )


def described(
    *,
    authors: Sequence[str] = (),
    created: str | None = None,
    modified: str | None = None,
    keywords: Sequence[str] = (),
    language: str | None = None,
) -> dict[str, Any]:
    """Return what is known of a file as metadata: cleaned, dates as ISO 8601, what is empty left out."""
    found: dict[str, Any] = {
        "authors": several(authors),
        "created": iso_date(created),
        "modified": iso_date(modified),
        "keywords": several(keywords),
        "language": (language or "").strip()[:_MOST_METADATA],
    }
    return {name: value for name, value in found.items() if value}


def several(values: Sequence[str]) -> tuple[str, ...]:
    """Return each value once, as many as metadata has room for."""
    kept: dict[str, None] = {}
    room = _MOST_METADATA
    for value in filter(None, (" ".join(each.split()) for each in values)):
        room -= len(value)
        if room < 0:
            break
        kept[value] = None
    return tuple(kept)


def iso_date(written: str | None) -> str:
    """Return a date as ISO 8601 writes it, from that or from a mail's way; empty for anything else."""
    given = (written or "").strip()
    try:
        # A year or a day alone is a date too.
        if re.fullmatch(r"\d{4}(?:-\d\d){0,2}", given) or datetime.fromisoformat(given):
            return given
    except ValueError:
        pass
    try:
        return parsedate_to_datetime(given).isoformat()
    except (ValueError, TypeError, IndexError, OverflowError):
        return ""


def warnings_in(result: "xberg.ExtractedDocument") -> list[str]:
    """Return what xberg says it could not read."""
    said = (" ".join(str(each.message).split()) for each in result.processing_warnings)
    return list(dict.fromkeys(each for each in said if each and not any(no in each for no in _NO_LOSS)))


def located(kind: str, parts: dict[str, str]) -> tuple[str, list[Locator]]:
    """Return the parts of a document as one text, and where in it each part begins; empty ones are left out."""
    text, locators = "", []
    for name, part in parts.items():
        if part:
            text += "\n\n" if text else ""
            locators.append(Locator(start=len(text), kind=kind, name=name))
            text += part
    return text, locators


def document(
    file: SourceFile,
    result: "xberg.ExtractedDocument",
    *,
    text: str | None = None,
    title: str | None = None,
    metadata: Mapping[str, Any] | None = None,
    locators: Sequence[Locator] = (),
    unread: Sequence[str] = (),
) -> Document | ReadFailure:
    """Make the document of what xberg gives; `text`, `title` and `metadata` stand for its own where they are given."""
    if text is None:
        text = markdown(result.content)
    if title is None:
        title = given_title(result.metadata.title) or first_heading(text)
    return file.document(
        text=text,
        title=title or file.stem,
        metadata=metadata_in(result) | dict(metadata or {}),
        locators=locators,
        unread=[*unread, *warnings_in(result)],
    )
