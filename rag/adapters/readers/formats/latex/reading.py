"""LaTeX files."""

import re

from rag.adapters.readers import html
from rag.adapters.readers.files import Records, SourceFile
from rag.adapters.readers.formats import results
from rag.adapters.readers.formats.latex.whole import Latex

_ENCODING = re.compile(rb"\\(?:usepackage|RequirePackage)\[([a-z0-9]{1,20})\]\{inputenc\}")
_ENCODINGS = {"ansinew": "windows-1252", "applemac": "macintosh", "latin9": "iso-8859-15", "utf8x": "utf-8"}
"""Names that LaTeX has for encodings, where the web has others."""


def read(file: SourceFile) -> Records:
    """Read a LaTeX file as one document; files that it includes are named as not read."""
    label = _ENCODING.search(file.read_bytes())
    source = file.decoded(_ENCODINGS.get(label[1].decode(), label[1].decode()) if label else None)
    made = Latex(re.sub("[\ue000-\ue004]", "", source.text))
    text = results.letters(html.fragment(results.hidden(made.page)))
    text = re.sub("\ue002(\\d{1,9})\ue003", lambda found: made.formulas[int(found[1])], text)
    yield file.document(
        text=text,
        title=made.title or results.first_heading(text) or file.stem,
        metadata=results.described(authors=made.authors, created=made.date),
        unread=[*source.unread, *dict.fromkeys(made.unread)],
    )
