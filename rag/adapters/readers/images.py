"""Pictures as documents: the text that OCR finds in them, where it is on."""

import warnings
from io import BytesIO

from rag.adapters.readers.files import DAMAGE, Records, SourceFile
from rag.adapters.readers.pdf.layout import Page
from rag.adapters.readers.pdf.pictures import lines_in
from rag.adapters.readers.pdf.whole import text_of
from rag.errors import UnreadableDocument

_MOST_PIXELS = 150_000_000
"""Of one picture; a poster of A0 at 200 dpi has 60 million."""


def read(file: SourceFile) -> Records:
    """Read a picture as one document, each of its pages (TIFF may have several) as one.

    Raises:
        UnreadableDocument: OCR is off, it is broken, too large, or shows no text.
    """
    if file.ocr is None:
        raise UnreadableDocument("holds no text without OCR; WHETSTONE_OCR=true reads pictures")
    from PIL import Image, ImageOps, ImageSequence

    pages: list[Page] = []
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(BytesIO(file.read_bytes())) as picture:
                for number, frame in enumerate(ImageSequence.Iterator(picture), start=1):
                    if frame.width * frame.height > _MOST_PIXELS:
                        raise UnreadableDocument(
                            f"has {frame.width * frame.height:,} pixels, more than {_MOST_PIXELS:,}; make it smaller"
                        )
                    upright = ImageOps.exif_transpose(frame)
                    lines = lines_in(upright, file.ocr)
                    pages.append(Page(number=number, label=str(number), height=upright.height, lines=lines))
    except (Image.DecompressionBombError, *DAMAGE) as error:
        raise UnreadableDocument(
            f"is not a picture that can be read: {error or type(error).__name__}"
        ) from error
    text, locators = text_of(pages, {})
    if not text:
        raise UnreadableDocument("holds no text that OCR finds")
    yield file.document(text=text, title=file.stem, locators=locators if len(pages) > 1 else ())
