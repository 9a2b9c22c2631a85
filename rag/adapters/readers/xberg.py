"""xberg, the library that reads most formats, asked for Markdown and nothing else: no OCR, no cache, no network."""

import asyncio
from typing import TYPE_CHECKING

from rag.errors import UnreadableDocument

if TYPE_CHECKING:
    import xberg


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

    given = xberg.ExtractInput(kind=xberg.ExtractInputKind.BYTES, bytes=data, mime_type=mime)
    try:
        result = asyncio.run(xberg.extract(given, config or usual()))
    except (xberg.XbergError, ValueError, RuntimeError) as error:
        raise UnreadableDocument(f"is not {kind} that can be read: {error}") from error
    if not result.results:
        reasons = "; ".join(str(each.message) for each in result.errors) or "it gives nothing"
        raise UnreadableDocument(f"is not {kind} that can be read: {reasons}")
    return result.results[0]


def usual() -> "xberg.ExtractionConfig":
    """Return what most formats are read with."""
    import xberg

    return xberg.ExtractionConfig(
        output_format="markdown",
        use_cache=False,
        disable_ocr=True,
        enable_quality_processing=False,
        escape_markdown=False,
    )
