"""What a page says of itself: its encoding, its title, who wrote it and when."""

import json
import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from rag.adapters.readers.html.tree import Element, Page, flat

_LOOKED_AT = (
    65_536  # bytes that an encoding is named in; the standard's 1,024, and styles that pages put before it
)
_XML = re.compile(rb"\s*<\?xml[^>]*?\bencoding\s*=\s*[\"']([\w:.-]+)[\"']")
_CHARSET = re.compile(r"charset\s*=\s*[\"']?\s*([^\s\"';,]+)", re.IGNORECASE)
_LONGEST_DESCRIPTION = 500
_LONGEST_JSON = 200_000
_MOST_KEYWORDS = 20
_DATES = {
    "published": (
        "article:published_time",
        "datepublished",
        "date",
        "dc.date",
        "dcterms.created",
        "dc.date.issued",
        "pubdate",
    ),
    "modified": (
        "article:modified_time",
        "datemodified",
        "last-modified",
        "dcterms.modified",
        "og:updated_time",
    ),
}
_AUTHORS = ("author", "article:author", "dc.creator", "dcterms.creator", "citation_author")


def encoding_of(data: bytes) -> str | None:
    """Return the encoding that a page names in its first lines, as it spells it; None where it names none."""
    from selectolax.lexbor import LexborHTMLParser

    if match := _XML.match(data[:_LOOKED_AT]):
        return _for_ascii(match[1].decode())
    # Parsed, so that what stands in a comment or a script does not count. The letters of ASCII are enough.
    for meta in LexborHTMLParser(data[:_LOOKED_AT].decode("latin-1")).css("meta"):
        given = {name: value or "" for name, value in meta.attributes.items()}
        if label := given.get("charset", "").strip():
            return _for_ascii(label)
        if given.get("http-equiv", "").strip().lower() == "content-type" and (
            named := _CHARSET.search(given.get("content", ""))
        ):
            return _for_ascii(named[1])
    return None


def _for_ascii(label: str) -> str:
    # As the standard has it: a page whose tags can be read as ASCII is not in wide letters.
    return "utf-8" if label.lower().startswith(("utf-16", "utf16", "ucs-2", "unicode", "utf-32")) else label


def title_of(page: Page) -> str:
    """Return a page's title, or else its first heading; empty where it has neither."""
    named, headed = (_first_text(page.tagged(tag)) for tag in ("title", "h1"))
    return named or next((value for name, value in _named(page) if name == "og:title"), "") or headed


def _first_text(elements: Iterable[Element]) -> str:
    return next((text for each in elements if not _is_drawn(each) and (text := each.text)), "")


def _is_drawn(element: Element) -> bool:
    return any(each.tag == "svg" for each in element.ancestors())


def metadata_of(page: Page) -> dict[str, Any]:
    """Return what a page says of itself: author, published, modified, language, description, keywords, url."""
    given: dict[str, list[str]] = {}
    for name, value in (*_named(page), *_structured(page)):
        given.setdefault(name, []).append(value)
    found: dict[str, Any] = {
        name: next(filter(None, (_iso(value) for key in keys for value in given.get(key, []))), None)
        for name, keys in _DATES.items()
    }
    authors = dict.fromkeys(
        each for name in _AUTHORS for each in given.get(name, []) if not each.startswith(("http:", "https:"))
    )
    found["author"] = next(iter(authors)) if len(authors) == 1 else tuple(authors)
    found["language"] = (
        page.root.get("lang")
        or page.root.get("xml:lang")
        or next(iter(given.get("content-language", [])), "")
    )
    description = next(iter([*given.get("description", []), *given.get("og:description", [])]), "")
    found["description"] = description if len(description) <= _LONGEST_DESCRIPTION else ""
    keywords = [flat(each) for value in given.get("keywords", []) for each in value.split(",")]
    found["keywords"] = tuple(dict.fromkeys(filter(None, keywords)))[:_MOST_KEYWORDS]
    canonical = (each.get("href") for each in page.tagged("link") if each.get("rel").lower() == "canonical")
    found["url"] = next((each for each in canonical if each.startswith(("http:", "https:"))), "")
    return {name: value for name, value in found.items() if value}


def _named(page: Page) -> Iterator[tuple[str, str]]:
    for meta in page.tagged("meta"):
        name = meta.get("name") or meta.get("property") or meta.get("itemprop") or meta.get("http-equiv")
        if name and (value := flat(meta.get("content"))):
            yield name.lower(), value


def _structured(page: Page) -> Iterator[tuple[str, str]]:
    """Yield dates and authors of the page's records in JSON-LD."""
    for script in page.tagged("script"):
        if script.get("type").lower() == "application/ld+json":
            text = "".join(script.texts())
            try:
                value = json.loads(text) if len(text) <= _LONGEST_JSON else None
            except (ValueError, RecursionError):
                continue
            for record in _records(value):
                for name in ("datePublished", "dateModified"):
                    if isinstance(record.get(name), str):
                        yield name.lower(), record[name]
                for author in _several(record.get("author")):
                    called = author.get("name") if isinstance(author, dict) else author
                    if isinstance(called, str) and called.strip():
                        yield "author", flat(called)


def _records(value: Any) -> Iterable[dict[str, Any]]:
    for each in _several(value):
        if isinstance(each, dict):
            yield each
            yield from (inner for inner in _several(each.get("@graph")) if isinstance(inner, dict))


def _several(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _iso(value: str) -> str | None:
    """Return a date as ISO 8601 writes it; None where it is written another way."""
    try:
        read = datetime.fromisoformat(value.strip())
    except ValueError:
        return None
    return read.date().isoformat() if len(value.strip()) <= len("2026-01-31") else read.isoformat()
