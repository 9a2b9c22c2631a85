"""LaTeX: xberg reads it, after what stands in one line was put on lines of its own."""

import re
import unicodedata
from itertools import islice

from rag.adapters.readers.files import Records, SourceFile
from rag.adapters.readers.formats import results
from rag.adapters.readers.xberg import extracted

_VERBATIM = re.compile(
    r"\\begin\{(?P<kind>verbatim\*?|lstlisting|minted|Verbatim|comment)\}.*?\\end\{(?P=kind)\}|"
    r"\\(?:verb|lstinline)\*?(?P<mark>[|!+#/])(?P<code>[^\n]{0,500}?)(?P=mark)",
    re.DOTALL,
)
_BRACE = re.compile(r"\\.|[{}]", re.DOTALL)
_AND = "\uf8fb"
_ROW = re.compile(r"^\|.*\\.*$", re.MULTILINE)
_MARK = re.compile("\uf8fe([bc])(\\d{1,9})\uf8fe")
_COMMENT = re.compile(r"(?<!\\)((?:\\\\){0,20})%[^\n]*(?:\n[ \t]*(?=\S))?")
_ACCENT = re.compile(
    r"\\(?P<mark>[`'^\"~=.]|[uvHcdbkr](?=[{ ]))[ ]?(?:\{\\?(?P<braced>[A-Za-z])\}|\\?(?P<bare>[A-Za-z]))"
)
_MARKS = dict(
    zip(
        "`'^\"~=.uvHcdbkr",
        "\u0300\u0301\u0302\u0308\u0303\u0304\u0307\u0306\u030c\u030b\u0327\u0323\u0331\u0328\u030a",
        strict=True,
    )
)
_LETTERS = {
    "ss": "ß",
    "ae": "æ",
    "AE": "Æ",
    "oe": "œ",
    "OE": "Œ",
    "o": "ø",
    "O": "Ø",
    "aa": "å",
    "AA": "Å",
    "l": "ł",
    "L": "Ł",
}
_LETTER = re.compile(
    r"\{\\(ss|ae|AE|oe|OE|o|O|aa|AA|l|L)\}|\\(ss|ae|AE|oe|OE|o|O|aa|AA|l|L)(?:\{\}|(?![A-Za-z]) ?)"
)
_SECTION = re.compile(
    r"\\(?:part|chapter|(?:sub){0,2}section|(?:sub)?paragraph)\*?(?:\[[^\]\n]{0,500}\])?(?=\{)"
)
_BOUNDS = re.compile(
    r"\n?[ \t]*(\\begin\{[A-Za-z]{1,40}\*?\}(?:\[[^\]\n]{0,200}\]|\{(?:[^{}\n]|\{[^{}\n]{0,100}\}){0,300}\}){0,3}|"
    r"\\end\{[A-Za-z]{1,40}\*?\})[ \t]*\n?"
)
_ROW_END = re.compile(r"(\\\\)(?:\*?\[[^\]\n]{0,20}\])?[ \t]*(?=[^\s])")
_ITEM = re.compile(r"(?<!\n)[ \t]*(\\item(?![A-Za-z]))")
_MULTI = re.compile(r"\\multi(?:column|row)\{[^{}]{0,50}\}\{[^{}]{0,200}\}(?=\{)")
_FOOTNOTE = re.compile(r"\\(?:footnote|endnote|thanks)(?:\[[^\]\n]{0,20}\])?(?=\{)")
_TITLE = re.compile(r"\\(title|author|date)(?:\[[^\]\n]{0,500}\])?(?=\{)")
_FIGURE = re.compile(
    r"\\(?:begin|end)\{(?:(?:sub|wrap|sideways)?figure|(?:wrap|sideways)?table)\*?\}(?:\[[^\]\n]{0,50}\]|\{[^{}\n]{0,50}\}){0,3}"
)
_CAPTION = re.compile(r"\\caption(?:of\{[a-z]{1,20}\})?\*?(?:\[[^\]\n]{0,500}\])?(?=\{)")
_DEFINED = re.compile(r"\\(?:re)?(?:newcommand|providecommand)\*?\{?\\([A-Za-z]{1,40})\}?(?=\{)")
_MOST_DEFINED, _LONGEST_DEFINED = 200, 500
_CITED = re.compile(r"\\(?:no)?cite[a-z]{0,10}\*?(?:\[[^\]\n]{0,200}\]){0,2}\{([^{}\n]{1,500})\}")
_REFERRED = re.compile(r"\\(?:eq|auto|page|c|C|name)?ref\*?\{([^{}\n]{1,200})\}")
_DROPPED = re.compile(
    r"\\includegraphics\*?(?:\[[^\]\n]{0,500}\])?\{[^{}\n]{0,500}\}|\\(?:label|color|index|vspace|hspace|bibliographystyle)\*?\{[^{}\n]{0,500}\}|\\(?:maketitle|hline|centering|noindent|newpage|clearpage|toprule|midrule|bottomrule)(?![A-Za-z])"
)
_ENCODING = re.compile(rb"\\(?:usepackage|RequirePackage)\[([a-z0-9]{1,20})\]\{inputenc\}")
_ENCODINGS = {"ansinew": "windows-1252", "applemac": "macintosh", "latin9": "iso-8859-15", "utf8x": "utf-8"}
"""Names that LaTeX has for encodings, where the web has others."""
_COLOURED = re.compile(r"\\(?:textcolor|colorbox)(?:\[[^\]\n]{0,20}\])?\{[^{}\n]{0,50}\}")
_NAMED = re.compile(
    r"(\\begin\{(?:theorem|lemma|corollary|proposition|definition|example|remark|conjecture|satz|beispiel)\*?\})"
    r"\[([^\]\n]{1,200})\]"
)


def read(file: SourceFile) -> Records:
    """Read a LaTeX file as one document; files that it includes are named as not read."""
    label = _ENCODING.search(file.read_bytes())
    read = file.decoded(_ENCODINGS.get(label[1].decode(), label[1].decode()) if label else None)
    source, blocks, codes = _without_verbatim(read.text)
    source = _COMMENT.sub(r"\1", source)
    known: dict[str, str] = {}
    braces = _Braces(source)
    for match in _TITLE.finditer(source):
        known.setdefault(match[1], braces.inside(match.end())[0])
    body, notes = _corrected(source)
    body = _MARK.sub(lambda found: blocks[int(found[2])] if found[1] == "b" else found[0], body)
    result = extracted(body.encode(), mime="application/x-latex", kind="a LaTeX file")
    text = re.sub(r"\A(?:\*\*(?:title|author|date)\*\*:[^\n]*\n+)+", "", results.markdown(result.content))
    text = _MARK.sub(lambda found: f"`{codes[int(found[2])]}`" if found[1] == "c" else "", text)
    text = _ROW.sub(lambda found: _cells(found[0]), text).replace(_AND, "&")
    title = _plain(known.get("title", ""))
    authors = [_plain(each) for each in re.split(r"\\and(?![A-Za-z])|\\\\", known.get("author", ""))]
    head = [f"# {title}" if title else "", ", ".join(filter(None, authors)), _plain(known.get("date", ""))]
    notes = [f"[^{number}]: {_plain(note.replace(_AND, '&'))}" for number, note in enumerate(notes, start=1)]
    yield results.document(
        file,
        result,
        text="\n\n".join(filter(None, [*head, text, *notes])),
        title=title or results.first_heading(text),
        metadata=results.described(authors=authors),
        unread=read.unread,
    )


def _without_verbatim(text: str) -> tuple[str, list[str], list[str]]:
    """Return the text with marks in place of code; the blocks that xberg reads, and the words it takes apart."""
    blocks: list[str] = []
    codes: list[str] = []

    def keep(found: re.Match[str]) -> str:
        if found["kind"] == "comment":
            return ""
        if found["kind"]:
            blocks.append(found[0])
            return f"\uf8feb{len(blocks) - 1}\uf8fe"
        codes.append(found["code"])
        return f"\uf8fec{len(codes) - 1}\uf8fe"

    return _VERBATIM.sub(keep, text.replace("\uf8fe", "")), blocks, codes


def _corrected(source: str) -> tuple[str, list[str]]:
    """Return the source as xberg takes it, and the texts of its notes."""
    source = _LETTER.sub(lambda found: _LETTERS[found[1] or found[2]], _ACCENT.sub(_accented, source))
    source = source.replace("\\&", _AND)  # which xberg takes for the end of a cell
    source = _NAMED.sub(r"\1(\2) ", _COLOURED.sub(r"\\textrm", source))
    source = _expanded(_DROPPED.sub("", source))
    source = re.sub(r"(?<!\\)\\[()]", "$", source)
    source = _CITED.sub(r"[\1]", _REFERRED.sub(r"\1", source))
    source = re.sub(r"(?<![\\/])~(?!/)", " ", source)
    # xberg passes over figures whose picture it does not find.
    source, notes = _noted(_FIGURE.sub("\n\n", source))
    pieces: list[str] = []
    done = 0
    braces = _Braces(source)
    found = [match for marks in (_SECTION, _MULTI, _CAPTION) for match in marks.finditer(source)]
    for match in sorted(found, key=lambda each: each.start()):
        if match.start() < done:
            continue
        inner, end = braces.inside(match.end())
        pieces.append(source[done : match.start()])
        done = end
        if match[0].startswith("\\multi"):
            pieces.append(inner)
        elif match[0].startswith("\\caption"):
            pieces.append(f"\n\n{inner}\n\n")
        else:
            heading = re.sub(r"\[[^\]\n]*\]", "", match[0])
            pieces.append(f"\n\n{heading}{{{' '.join(inner.split())}}}\n\n")
    source = "".join([*pieces, source[done:]])
    source = _ROW_END.sub("\\1\n", _BOUNDS.sub("\n\\1\n", source))
    return _ITEM.sub(r"\n\1", source), notes


def _expanded(source: str) -> str:
    """Write out the commands without arguments that the file defines; xberg passes over them."""
    known: dict[str, str] = {}
    pieces: list[str] = []
    done = 0
    braces = _Braces(source)
    for match in islice(_DEFINED.finditer(source), _MOST_DEFINED):
        body, end = braces.inside(match.end())
        if match.start() >= done and len(body) <= _LONGEST_DEFINED:
            known[match[1]] = body
            pieces.append(source[done : match.start()])
            done = end
    if not known:
        return source
    names = "|".join(map(re.escape, sorted(known, key=len, reverse=True)))
    used = re.compile(rf"\\({names})(?![A-Za-z])(?:\{{\}})?")
    return used.sub(lambda found: known[found[1]], "".join([*pieces, source[done:]]))


def _noted(source: str) -> tuple[str, list[str]]:
    """Take the notes out and leave their marks."""
    pieces: list[str] = []
    notes: list[str] = []
    done = 0
    braces = _Braces(source)
    for match in _FOOTNOTE.finditer(source):
        if match.start() >= done:
            inner, end = braces.inside(match.end())
            notes.append(inner)
            pieces += [source[done : match.start()], f"[^{len(notes)}]"]
            done = end
    return "".join([*pieces, source[done:]]), notes


class _Braces:
    """Where each brace of a source closes, found in one pass."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._closing: dict[int, int] = {}
        opened: list[int] = []
        for brace in _BRACE.finditer(source):
            if brace[0] == "{":
                opened.append(brace.start())
            elif brace[0] == "}" and opened:
                self._closing[opened.pop()] = brace.start()

    def inside(self, start: int) -> tuple[str, int]:
        """Return what stands in the braces that open at `start`, and where they end; nothing where they do not."""
        end = self._closing.get(start)
        return ("", start) if end is None else (self._source[start + 1 : end], end + 1)


def _cells(row: str) -> str:
    """Return a row of a table with its cells as text; xberg leaves commands in them."""
    cells = re.split(r"(?<!\\)\|", row)
    return "|".join(
        cell if "$" in cell.replace("\\$", "") or "\\" not in cell else f" {_plain(cell)} " for cell in cells
    )


def _plain(source: str) -> str:
    """Return a short piece of LaTeX as text."""
    text = _LETTER.sub(lambda found: _LETTERS[found[1] or found[2]], _ACCENT.sub(_accented, source))
    text = re.sub(r"\\(?:thanks|inst|footnote)\{[^{}]{0,500}\}", "", text)
    text = re.sub(r"\\[,;:!> ]", " ", text)
    text = re.sub(r"\\([&%$#_{}])", r"\1", re.sub(r"\\[A-Za-z]{1,30}\*? ?|(?<!\\)[{}]", "", text))
    return " ".join(text.replace("~", " ").replace("``", "“").replace("''", "”").split())


def _accented(found: re.Match[str]) -> str:
    letter = found["braced"] or found["bare"]
    return unicodedata.normalize("NFC", letter + _MARKS[found["mark"]])
