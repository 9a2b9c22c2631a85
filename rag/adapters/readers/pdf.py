"""PDF: the text layer of all pages."""

import logging
import re
import warnings
from io import BytesIO

from rag.adapters.readers.files import DAMAGE, Records, SourceFile
from rag.errors import UnreadableDocument

# What programs write into the title by themselves.
_NO_TITLE = re.compile(
    r"untitled|\(?anonymous\)?|Microsoft Word - .*|.*\.(?:docx?|indd|tex|pdf)", re.IGNORECASE
)


def read(file: SourceFile) -> Records:
    """Read a PDF as one document.

    Raises:
        UnreadableDocument: it is broken, needs a password, or holds pictures alone.
    """
    from pypdf import PasswordType, PdfReader
    from pypdf.errors import DependencyError, PyPdfError

    data = file.read_bytes()
    # pypdf warns of every flaw it mends; what matters becomes the failure's reason.
    logging.getLogger("pypdf").setLevel(logging.CRITICAL)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            reader = PdfReader(BytesIO(data))
            if reader.is_encrypted and reader.decrypt("") is PasswordType.NOT_DECRYPTED:
                raise UnreadableDocument("is encrypted; save it without a password")
            pages = [page.extract_text().strip() for page in reader.pages]
            named = (reader.metadata and reader.metadata.title) or ""
        except DependencyError as error:
            raise UnreadableDocument("is encrypted; save it without a password") from error
        except (PyPdfError, *DAMAGE) as error:
            raise UnreadableDocument(
                f"is not a PDF that can be read: {error or type(error).__name__}"
            ) from error
    text = "\n\n".join(filter(None, pages))
    if not text:
        raise UnreadableDocument(f"holds no text on its {len(pages)} pages; scanned pages need OCR first")
    # Glyphs without a character come out as halves of a pair.
    text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    title = "" if _NO_TITLE.fullmatch(named.strip()) else named.strip()
    yield file.document(text=text, title=title or file.stem)
