"""What a PDF says of itself: title, authors, dates, outline, and what it carries that is not on its pages."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from rag.adapters.readers.formats.results import described, given_title
from rag.adapters.readers.pdf.blocks import outlined

_NOBODY = frozenset({"anonymous", "(anonymous)", "unknown", "user", "(unspecified)", "unspecified"})
_DATE = re.compile(
    r"(?:D:)?(\d{4})(\d\d)?(\d\d)?(?:(\d\d)(\d\d)(\d\d)?)?(?:(?P<utc>Z)(?:00'?(?:00)?)?|(?P<sign>[+-])(?P<hours>\d\d)'?(?P<minutes>\d\d)?)?"
)
_MOST_OUTLINED = 20_000
_LONGEST = 1_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Facts:
    """What a PDF says of itself."""

    title: str  # empty: none, or one that a program made up
    metadata: Mapping[str, Any]
    outline: Mapping[str, int]  # title as `outlined` gives it -> level, from 1
    unread: tuple[str, ...]  # what it carries beside its pages


def facts_of(document: Any) -> Facts:
    """Return what an open PDF says of itself."""
    said = {name: " ".join(value.split())[:_LONGEST] for name, value in document.get_metadata_dict().items()}
    keywords = said.get("Keywords", "")
    authors = [name.strip() for name in said.get("Author", "").split(";")]
    return Facts(
        title=given_title(said.get("Title")),
        metadata=described(
            authors=[name for name in authors if name.casefold() not in _NOBODY],
            created=date_of(said.get("CreationDate", "")),
            modified=date_of(said.get("ModDate", "")),
            keywords=keywords.split(";" if ";" in keywords else ","),
        ),
        outline=dict(_outline(document)),
        unread=tuple(_beside(document)),
    )


def date_of(written: str) -> str:
    """Return a date of a PDF (D:20260514093000+02'00') as ISO 8601 writes it; empty where it is none."""
    found = _DATE.fullmatch(written.strip().rstrip("'"))
    if found is None:
        return ""
    year, month, day, hour, minute, second = (
        int(each or least) for each, least in zip(found.groups()[:6], (1, 1, 1, 0, 0, 0), strict=True)
    )
    zone = UTC if found["utc"] else None
    if found["sign"]:
        off = timedelta(hours=int(found["hours"]), minutes=int(found["minutes"] or 0))
        zone = timezone(off if found["sign"] == "+" else -off) if off < timedelta(days=1) else None
    try:
        made = datetime(year, month, day, hour, minute, second, tzinfo=zone)
    except ValueError:
        return ""
    return made.isoformat() if found[4] is not None else made.date().isoformat()


def _outline(document: Any) -> Iterator[tuple[str, int]]:
    import pypdfium2

    try:
        for count, mark in enumerate(document.get_toc(max_depth=6)):
            if count == _MOST_OUTLINED:
                return
            if title := outlined(mark.get_title() or ""):
                yield title, mark.level + 1
    except pypdfium2.PdfiumError:
        return  # an outline that is broken takes no text with it


def _beside(document: Any) -> Iterator[str]:
    """Yield what is not on the pages and is therefore not read."""
    from pypdfium2 import raw

    if document.get_formtype() == raw.FORMTYPE_XFA_FULL:
        yield "its form is an XFA form, which only Adobe's programs fill in; print it into a PDF to have its values"


def attached(document: Any) -> Iterator[tuple[str, bytes]]:
    """Yield (name, content) of each file that is attached; one that is damaged has no content."""
    import pypdfium2

    for at in range(document.count_attachments()):
        name, content = "", b""
        try:
            attachment = document.get_attachment(at)
            name = attachment.get_name()
            content = bytes(attachment.get_data())
        except pypdfium2.PdfiumError:
            pass
        yield name or f"file {at + 1}", content
