"""Links of a page, put where their text stands."""

import ctypes
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from rag.adapters.readers.pdf.layout import Box, Line

_MOST = 2_000
_LONGEST = 2_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Link:
    """A place on a page that leads elsewhere."""

    box: Box
    uri: str


def links_of(document: Any, page: Any, upright: Callable[..., Box]) -> Iterator[Link]:
    """Yield the links of a page that lead out of the document."""
    from pypdfium2 import raw

    at, link, rect = ctypes.c_int(0), raw.FPDF_LINK(), raw.FS_RECTF()
    for _ in range(_MOST):
        if not raw.FPDFLink_Enumerate(page, at, link):
            return
        action = raw.FPDFLink_GetAction(link)
        if not action or raw.FPDFAction_GetType(action) != raw.PDFACTION_URI:
            continue
        size = raw.FPDFAction_GetURIPath(document, action, None, 0)
        if not 1 < size <= _LONGEST or not raw.FPDFLink_GetAnnotRect(link, rect):
            continue
        buffer = ctypes.create_string_buffer(size)
        raw.FPDFAction_GetURIPath(document, action, buffer, size)
        uri = buffer.value.decode(errors="replace").strip()
        if uri.startswith(("http://", "https://")):
            low, high = sorted((rect.bottom, rect.top))
            yield Link(box=upright(rect.left, low, rect.right, high), uri=uri)


def linked(lines: Sequence[Line], links: Sequence[Link]) -> list[Line]:
    """Return the lines with their links as Markdown; a text that names its address itself stays as it is."""
    made = list(lines)
    # From the right, so that what is put in does not move what comes after.
    for link in sorted(links, key=lambda each: -each.box.left):
        for number, line in enumerate(lines):
            if not link.box.top - 2 <= line.box.middle <= link.box.bottom + 2 or len(line.centres) != len(
                line.text
            ):
                continue
            within = [
                at for at, centre in enumerate(line.centres) if link.box.left <= centre <= link.box.right
            ]
            if not within:
                continue
            start, end = within[0], within[-1] + 1
            said, text = line.text[start:end].strip(), made[number].text
            # Where several links lie on one another, the first that is put in stays.
            if said and _bare(said) not in _bare(link.uri) and "](" not in text[start:end]:
                put = text[start:end].replace(said, f"[{said}]({_safe(link.uri)})", 1)
                made[number] = replace(line, text=f"{text[:start]}{put}{text[end:]}")
            break
    return made


def _bare(address: str) -> str:
    return "".join(letter for letter in address.casefold() if letter.isalnum())


def _safe(uri: str) -> str:
    return uri.replace(" ", "%20").replace("(", "%28").replace(")", "%29")
