"""PDFs as other programs write them, and what is read of them."""

from collections.abc import Callable
from io import BytesIO
from typing import Any

from reportlab.lib.pagesizes import A4
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

from rag.adapters.readers import read_content
from rag.adapters.readers.ocr import Ocr
from rag.domain import Document
from rag.library.documents import ReadFailure

LEADING = 14
TOP = 740


def drawn(*pages: Callable[[Any], object], **facts: str) -> bytes:
    """Return a PDF of A4 pages, each as a function draws it on a canvas; `facts` are title, author and the like."""
    made = BytesIO()
    canvas = Canvas(made, pagesize=A4)
    for name, value in facts.items():
        getattr(canvas, f"set{name.capitalize()}")(value)
    for page in pages:
        page(canvas)
        canvas.showPage()
    canvas.save()
    return made.getvalue()


def lines(
    *texts: str, x: float = 60, y: float = TOP, size: float = 11, font: str = "Helvetica"
) -> Callable[[Any], None]:
    """Return what draws lines of text one below the other."""

    def draw(canvas: Any) -> None:
        canvas.setFont(font, size)
        for number, text in enumerate(texts):
            canvas.drawString(x, y - LEADING * number, text)

    return draw


def both(*draws: Callable[[Any], object]) -> Callable[[Any], None]:
    """Return what draws several things on one page."""

    def draw(canvas: Any) -> None:
        for each in draws:
            each(canvas)

    return draw


def printers_font() -> str:
    """Return the name of a font with quotes, dashes and ligatures, registered with reportlab, which brings it."""
    pdfmetrics.registerFont(TTFont("Vera", "Vera.ttf"))
    return "Vera"


def found(content: bytes, *, name: str = "paper.pdf", ocr: Ocr | None = None) -> list[Document | ReadFailure]:
    """Return what is read of a file."""
    return list(
        read_content(
            content,
            filename=name,
            uri=f"upload:{name}",
            tenant="acme",
            max_bytes=100_000_000,
            ocr=ocr.asked() if ocr else None,
        )
    )


def document(content: bytes, *, name: str = "paper.pdf", ocr: Ocr | None = None) -> Document:
    """Return the one document of a file."""
    (made,) = found(content, name=name, ocr=ocr)
    assert isinstance(made, Document), made
    return made


def failure(content: bytes, *, name: str = "paper.pdf", ocr: Ocr | None = None) -> str:
    """Return why a file gives no document."""
    (made,) = found(content, name=name, ocr=ocr)
    assert isinstance(made, ReadFailure), made
    return made.reason
