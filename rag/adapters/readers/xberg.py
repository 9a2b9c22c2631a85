"""xberg, the library that reads most formats, asked for Markdown and nothing else: no OCR, no cache, no network."""

import asyncio
import atexit
import functools
import re
import time
from typing import TYPE_CHECKING, Any

from rag.errors import UnreadableDocument

if TYPE_CHECKING:
    import xberg

_LIMIT = re.compile(
    r"(?P<what>[A-Z][a-z ]{1,40}?) limit exceeded: observed (?P<found>\d+).{1,200}? is (?P<most>\d+)"
)
_ENCRYPTED = re.compile(r"encrypted|password", re.IGNORECASE)


def extracted(
    data: bytes, *, mime: str, kind: str, config: "xberg.ExtractionConfig | None" = None
) -> "xberg.ExtractedDocument":
    """Return what xberg reads of a file.

    Args:
        data: the file.
        mime: its media type; the content is not asked, so that a file is read as what its name says.
        kind: the format as a person calls it, for the failure: "a DOCX".
        config: other than the usual one.

    Raises:
        UnreadableDocument: it is broken, encrypted, or goes beyond a limit.
    """
    import xberg

    _let_go_at_exit()
    given = xberg.ExtractInput(kind=xberg.ExtractInputKind.BYTES, bytes=data, mime_type=mime)
    try:
        result = asyncio.run(xberg.extract(given, config or usual()))
    except (xberg.XbergError, ValueError, RuntimeError) as error:
        raise _failure(kind, str(error)) from error
    if not result.results:
        raise _failure(kind, "; ".join(str(each.message) for each in result.errors) or "it gives nothing")
    return result.results[0]


def load() -> None:
    """Load the library and start its threads: some 500 MB of addresses, which a limit set later does not count."""
    extracted(b"{\\rtf1 .}", mime="application/rtf", kind="an RTF")


def usual(**other: Any) -> "xberg.ExtractionConfig":
    """Return what most formats are read with; `other` are fields that one format needs."""
    import xberg

    return xberg.ExtractionConfig(
        output_format="markdown",
        use_cache=False,
        disable_ocr=True,
        enable_quality_processing=False,
        escape_markdown=False,
        **other,
    )


def _failure(kind: str, said: str) -> UnreadableDocument:
    """Return a failure that tells a limit in words of a person, and damage in those of xberg."""
    if limit := _LIMIT.search(said):
        found, most = (f"{int(limit[name]):,}" for name in ("found", "most"))
        return UnreadableDocument(
            f"is {kind} beyond the limit of its {limit['what'].lower()}s: {found} of at most {most}; split it"
        )
    if _ENCRYPTED.search(said):
        return UnreadableDocument("is encrypted; save it without a password")
    return UnreadableDocument(f"is not {kind} that can be read: {' '.join(said.split())}")


@functools.cache
def _let_go_at_exit() -> None:
    """Have the interpreter wait a moment at its end.

    xberg's threads hold on to it for a few milliseconds after they gave a result, and one that ends meanwhile crashes.
    """
    atexit.register(time.sleep, 0.1)
