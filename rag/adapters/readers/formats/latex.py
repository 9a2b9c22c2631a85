"""LaTeX: a small reader of its marks, which makes HTML of them, then Markdown."""

import re
from html import escape
from itertools import islice

from rag.adapters.readers import html
from rag.adapters.readers.files import Records, SourceFile
from rag.adapters.readers.formats import results
from rag.adapters.readers.formats.latex_symbols import accented, symbols

_VERBATIM = re.compile(
    r"\\begin\{(?P<kind>verbatim\*?|lstlisting|minted|Verbatim|alltt|comment)\}"
    r"(?P<given>(?:\[[^\]\n]{0,500}\])?(?:\{[^{}\n]{0,100}\})?)[ \t]*\n?(?P<block>.*?)(?:\\end\{(?P=kind)\}|\Z)|"
    r"\\(?:verb|lstinline)\*?(?P<mark>[^\sA-Za-z*\[{])(?P<code>[^\n]{0,500}?)(?P=mark)|"
    r"\\iffalse(?![A-Za-z]).*?(?:\\fi(?![A-Za-z])|\Z)|(?P<link>\\(?:url|href|nolinkurl|path)[ ]?\{[^{}\n]{1,2000}\})",
    re.DOTALL,
)
_LANGUAGE = re.compile(r"language=\{?(?:\[[^\]]*\])?([\w+#-]+)|\{([\w+#-]+)\}")
_COMMENT = re.compile(r"(?<!\\)((?:\\\\){0,20})%[^\n]*(?:\n[ \t]*(?=\S))?")
_BRACE = re.compile(r"\\.|[{}]", re.DOTALL)
_DEFINED = re.compile(
    r"\\(?:(?:re)?newcommand|providecommand|DeclareRobustCommand|def)\*?[ ]?\{?\\(?P<name>[A-Za-z@]{1,40})\}?[ ]?"
    r"(?:\[(?P<count>\d)\])?(?:\[(?P<first>[^\]\n]{0,200})\])?(?:#\d){0,9}[ \t\n]?(?=\{)"
)
_MOST_DEFINED, _MOST_WRITTEN_OUT, _DEEPEST = 500, 2_000_000, 40

_TOKEN = re.compile(
    r"\\(?P<name>[A-Za-z@]+\*?)(?:[ \t]*\n(?![ \t]*\n)[ \t]*|[ \t]+)?|\\(?P<mark>.)|\ue000(?P<kept>\d{1,9})\ue001|"
    r"(?P<math>\$\$?)|(?P<blank>\n[ \t]*\n\s*)|(?P<char>[{}&~]|``|''|-{2,3})|(?P<text>[^\\\ue000$\n{}&~`'-]+|.)",
    re.DOTALL,
)
_OPTIONS = re.compile(r"[ \t]*\[(?P<inner>(?:[^\[\]{}]|\{[^{}]{0,500}\}|\[[^\[\]]{0,100}\]){0,1000})\]")
_CHARS = {"{": "", "}": "", "~": " ", "``": "“", "''": "”", "--": "–", "---": "—", "&": "&amp;"}
_MATH = frozenset(
    {
        "equation",
        "align",
        "alignat",
        "gather",
        "multline",
        "eqnarray",
        "displaymath",
        "math",
        "flalign",
        "dmath",
    }
)
_TABLES = {
    "tabular": 1,
    "longtable": 1,
    "supertabular": 1,
    "tabular*": 2,
    "tabularx": 2,
    "tabulary": 2,
    "xltabular": 2,
}
_TABLES |= {"tblr": 1, "longtblr": 1, "array": 1}
_LISTS = {"itemize": "ul", "enumerate": "ol", "description": "dl"}
_GIVEN = {
    "minipage": 1,
    "multicols": 1,
    "wrapfigure": 2,
    "wraptable": 2,
    "subfigure": 1,
    "subtable": 1,
    "column": 1,
}
_GIVEN |= {"adjustbox": 1, "spacing": 1, "thebibliography": 1, "tabbing": 0, "adjustwidth": 2}
_UNTITLED = frozenset(
    {"figure", "table", "center", "minipage", "columns", "column", "document", "multicols", "sidewaystable"}
)
_SECTIONS = ("part", "chapter", "section", "subsection", "subsubsection", "paragraph", "subparagraph")
_INCLUDES = frozenset(
    {"input", "include", "subfile", "import", "lstinputlisting", "verbatiminput", "inputminted"}
)
_NOTES = frozenset({"footnote", "endnote", "footnotetext", "thanks"})
_CITES = re.compile(r"(?:no)?[a-zA-Z]{0,8}cite[a-z]{0,10}\*?")
_REFERENCES = frozenset({"ref", "eqref", "autoref", "pageref", "cref", "Cref", "nameref", "vref"})

# What stands in the arguments of a command: k is kept, d is not.
_ARGUMENTS = dict.fromkeys(
    "label index vspace hspace bibliographystyle usepackage RequirePackage pagestyle thispagestyle noalign cline "
    "cmidrule specialrule color pagecolor includegraphics title author date pagenumbering graphicspath phantomsection "
    "selectlanguage hyphenation newtheorem rowcolor cellcolor arraystretch theoremstyle bibliography addbibresource "
    "printbibliography vskip pdfbookmark captionsetup hypersetup geometry lstset allowdisplaybreaks fontfamily".split(),
    "d",
)
_ARGUMENTS |= dict.fromkeys(
    "setlength addtolength setcounter addtocounter fontsize addcontentsline newenvironment".split(), "dd"
)
_ARGUMENTS |= dict.fromkeys(
    "textcolor hypertarget hyperlink foreignlanguage colorbox raisebox parbox scalebox".split(), "dk"
)
_ARGUMENTS |= dict.fromkeys("resizebox rule".split(), "ddk") | {
    "rule": "dd",
    "phantomsection": "",
    "SI": "kk",
    "qty": "kk",
}
_ARGUMENTS |= {"addcontentsline": "ddd", "newenvironment": "ddd", "fcolorbox": "ddk", "printbibliography": ""}
_ARGUMENTS |= {"allowdisplaybreaks": "", "vskip": "", "arraystretch": ""}
_SPACES = frozenset(",;:!> \n/")


def read(file: SourceFile) -> Records:
    """Read a LaTeX file as one document; files that it includes are named as not read."""
    source = file.decoded()
    made = _Latex(re.sub("[\ue000-\ue004]", "", source.text))
    text = results.letters(html.fragment(results.hidden(made.page)))
    text = re.sub("\ue002(\\d{1,9})\ue003", lambda found: made.formulas[int(found[1])], text)
    yield file.document(
        text=text,
        title=made.title or results.first_heading(text) or file.stem,
        metadata=results.described(authors=made.authors, created=made.date),
        unread=[*source.unread, *dict.fromkeys(made.unread)],
    )


class _Latex:
    """A source as HTML, and what is known of it."""

    def __init__(self, source: str) -> None:
        self.kept: list[str] = []
        self.formulas: list[str] = []
        self.unread: list[str] = []
        self._notes: list[str] = []
        self._defined: dict[str, tuple[int, str | None, str]] = {}
        self._written_out = 0
        source = _COMMENT.sub(r"\1", _VERBATIM.sub(self._keep, source))
        source = self._without_definitions(source)
        start = source.find("\\begin{document}")
        body = source[max(start, 0) :].removeprefix("\\begin{document}").partition("\\end{document}")[0]
        given = {name: self._given(source, name) for name in ("title", "author", "date")}
        used = [name for name in _SECTIONS if re.search(rf"\\{name}\*?\s*[\[{{]", body)]
        self._top = _SECTIONS.index(used[0]) if used else 0
        self._below = 2 if given["title"] else 1
        title, date = self._html(given["title"]), self._html(given["date"])
        authors = [self._html(each).strip() for each in re.split(r"\\and(?![A-Za-z])|\\\\", given["author"])]
        self.authors = [each for each in (_plain(author) for author in authors) if each]
        self.title, self.date = _plain(title), _plain(date)
        head = f"<h1>{title}</h1>" if self.title else ""
        head += "".join(f"<p>{each}</p>" for each in (", ".join(filter(None, authors)), date) if each)
        page = self._html(body)
        notes = "".join(f"<p>[^{number}]: {note}</p>" for number, note in enumerate(self._notes, start=1))
        self.page = f"{head}<p>{page}{notes}"

    def _keep(self, found: re.Match[str]) -> str:
        if found["kind"] and found["kind"] != "comment":
            given = _LANGUAGE.search(found["given"])
            language = (given[1] or given[2]) if given else ""
            shown = f' class="language-{language.lower()}"' if language else ""
            self.kept.append(f"<pre><code{shown}>\n{escape(found['block'])}</code></pre><p>")
        elif found["code"] is not None:
            self.kept.append(f"<code>{escape(found['code'])}</code>")
        else:
            return re.sub(r"(?<!\\)%", r"\\%", found["link"] or "")
        return f"\ue000{len(self.kept) - 1}\ue001"

    def _without_definitions(self, source: str) -> str:
        pieces: list[str] = []
        done = 0
        braces = _Braces(source)
        for found in islice(_DEFINED.finditer(source), _MOST_DEFINED):
            body, end = braces.inside(found.end())
            if found.start() >= done and end > found.end():
                count = int(found["count"] or (found[0].count("#") and found[0].rstrip()[-1]) or 0)
                self._defined[found["name"]] = (count, found["first"], body)
                pieces.append(source[done : found.start()])
                done = end
        return "".join([*pieces, source[done:]])

    def _given(self, source: str, name: str) -> str:
        found = re.search(rf"\\{name}[ ]?(?:\[[^\]\n]{{0,500}}\])?(?=\{{)", source)
        return _Braces(source).inside(found.end())[0].replace("\\today", "") if found else ""

    def _html(self, source: str, depth: int = 0) -> str:
        return _Part(self, source, depth).html() if depth < _DEEPEST else escape(source)

    def formula(self, text: str) -> str:
        """Return a mark in place of a formula, which stays as it is."""
        for name in re.findall(r"\\([A-Za-z]+)", text):
            if name in self._defined and not self._defined[name][0] and self._counted(name):
                text = re.sub(rf"\\{name}(?![A-Za-z])", lambda _, name=name: self._defined[name][2], text)
        self.formulas.append(text)
        return f"\ue002{len(self.formulas) - 1}\ue003"

    def note(self, inner: str) -> str:
        """Return the mark of a note."""
        self._notes.append(inner)
        return f"[^{len(self._notes)}]"

    def heading(self, name: str, inner: str) -> str:
        """Return a heading of that kind."""
        level = min(6, _SECTIONS.index(name) - self._top + self._below)
        return f"<h{level}>{inner}</h{level}><p>"

    def defined(self, name: str) -> tuple[int, str | None, str] | None:
        """Return what a command of the file's own stands for, as long as that does not grow beyond measure."""
        found = self._defined.get(name)
        return found if found is not None and self._counted(name) else None

    def _counted(self, name: str) -> bool:
        self._written_out += len(self._defined[name][2]) + 50
        return self._written_out <= _MOST_WRITTEN_OUT


class _Part:
    """A piece of a source, read from its begin to its end."""

    def __init__(self, whole: _Latex, source: str, depth: int) -> None:
        self._whole, self._source, self._depth = whole, source, depth
        self._braces = _Braces(source)
        self._at = 0
        self._open: list[tuple[str, list[str], _Table | None]] = [("", [], None)]

    def html(self) -> str:
        """Return it as HTML."""
        while self._at < len(self._source):
            found = _TOKEN.match(self._source, self._at)
            assert found is not None
            start, self._at = self._at, found.end()
            self._add(self._token(found, start))
        while len(self._open) > 1:
            self._add(self._end(self._open[-1][0]))
        return "".join(self._open[0][1])

    def _add(self, text: str) -> None:
        _, pieces, table = self._open[-1]
        (table.cell if table else pieces).append(text)

    def _inner(self, source: str) -> str:
        return self._whole._html(source, self._depth + 1)

    def _token(self, found: re.Match[str], start: int) -> str:
        kind, value = found.lastgroup, found[0]
        table = self._open[-1][2]
        if kind == "text":
            return escape(value, quote=False)
        if kind == "blank":
            return " " if table else "<p>"
        if kind == "kept":
            return self._whole.kept[int(found["kept"])]
        if kind == "char":
            if value == "&" and table:
                table.next_cell()
                return ""
            return _CHARS[value]
        if kind == "math":
            return self._formula(value, value)
        if letter := accented(self._source, start):
            self._at = letter[1]
            return letter[0]
        return self._command(found["name"]) if kind == "name" else self._sign(found["mark"])

    def _formula(self, opening: str, closing: str) -> str:
        end = self._source.find(closing, self._at, self._at + 20_000)
        while end > 0 and self._source[end - 1] == "\\" and closing[0] == "$":
            end = self._source.find(closing, end + 1, self._at + 20_000)
        inner = self._source[self._at : end]
        if end < 0 or (opening == "$" and "\n\n" in inner):
            return escape(opening)
        self._at = end + len(closing)
        if opening in ("$", "\\("):
            return self._whole.formula(f"${inner.strip()}$")
        return f"<p>{self._whole.formula(f'$$ {_unlabelled(inner)} $$')}<p>"

    def _sign(self, mark: str) -> str:
        table = self._open[-1][2]
        if mark in "([":
            return self._formula(f"\\{mark}", {"(": "\\)", "[": "\\]"}[mark])
        if mark == "\\":
            self._options()
            if table:
                table.next_row()
                return ""
            return "<br>"
        return " " if mark in _SPACES and mark not in "!/" else "" if mark in "!/-)]" else escape(mark)

    def _options(self) -> str:
        star = self._source.startswith("*", self._at)
        found = _OPTIONS.match(self._source, self._at + star)
        if found:
            self._at = found.end()
        return found["inner"] if found else ""

    def _argument(self) -> str:
        blank = re.compile(r"\s{0,100}").match(self._source, self._at)
        at = blank.end() if blank else self._at
        inner, end = self._braces.inside(at)
        if end == at and self._source[at : at + 1] not in ("", "{", "}", "\\", "&"):
            inner, end = self._source[at], at + 1
        self._at = max(end, self._at)
        return inner

    def _command(self, full: str) -> str:
        name = full.rstrip("*")
        if name in ("begin", "end"):
            return self._begin(self._argument()) if name == "begin" else self._end(self._argument())
        if known := self._whole.defined(name):
            count, first, body = known
            given = [self._options() or first] if count and first is not None else []
            given += [self._argument() for _ in range(count - len(given))]
            return self._inner(
                re.sub(
                    r"#([1-9])",
                    lambda each: (given[int(each[1]) - 1] or "") if int(each[1]) <= len(given) else "",
                    body,
                )
            )
        if name in _SECTIONS and self._source[self._at : self._at + 1] in "[{":
            self._options()
            return self._whole.heading(name, self._inner(self._argument()))
        if name in _INCLUDES:
            self._options()
            self._whole.unread.append(f"{self._argument()}, which it includes, was not read")
            return ""
        if name in _NOTES:
            self._options()
            return self._whole.note(self._inner(self._argument()))
        if name in _REFERENCES:
            return escape(self._argument())
        if _CITES.fullmatch(name):
            self._options(), self._options()
            return f"[{escape(self._argument())}]"
        if special := getattr(self, f"_do_{name}", None):
            return str(special())
        if name in _TABLE_MARKS and (table := self._open[-1][2]):
            self._options()
            table.mark(name)
            return ""
        if name in _ARGUMENTS:
            if name == "cmidrule" and self._source.startswith("(", self._at):
                self._at = self._source.find(")", self._at) + 1 or self._at
            pieces = []
            for each in _ARGUMENTS[name]:
                self._options()
                pieces.append(self._inner(self._argument()) if each == "k" else self._argument() and "")
            return " ".join(filter(None, pieces))
        if (symbol := symbols().get(name)) is not None:
            return escape(symbol)
        if self._source.startswith("[", self._at):
            self._options()
        return ""

    def _do_item(self) -> str:
        label = self._inner(self._options())
        if self._open[-1][0] == "description":
            return f"<dt>{label}</dt><dd>"
        return f"<li>{label} "

    def _do_bibitem(self) -> str:
        self._options()
        return f"<p>[{escape(self._argument())}]: "

    def _do_par(self) -> str:
        return " " if self._open[-1][2] else "<p>"

    def _do_caption(self) -> str:
        self._options()
        text = self._inner(self._argument())
        if table := self._open[-1][2]:
            table.caption = table.caption or text
            return ""
        return f"<p>{text}<p>"

    def _do_captionof(self) -> str:
        self._argument()
        return self._do_caption()

    def _do_frametitle(self) -> str:
        return f"<h{self._whole._below + 1}>{self._inner(self._argument())}</h{self._whole._below + 1}><p>"

    def _do_href(self) -> str:
        return f'<a href="{escape(_unmarked(self._argument()))}">{self._inner(self._argument())}</a>'

    def _do_url(self) -> str:
        return escape(_unmarked(self._argument()))

    _do_nolinkurl = _do_path = _do_url

    def _do_textsuperscript(self) -> str:
        return f"<sup>{self._inner(self._argument())}</sup>"

    def _do_multicolumn(self) -> str:
        number = self._argument()
        self._argument()
        if (table := self._open[-1][2]) and number.isdigit():
            table.across = int(number)
        return self._inner(self._argument())

    def _do_multirow(self) -> str:
        self._options()
        number = self._argument()
        self._options()
        self._argument()
        self._options()
        if (table := self._open[-1][2]) and number.isdigit():
            table.down = int(number)
        return self._inner(self._argument())

    def _begin(self, name: str) -> str:
        plain = name.rstrip("*")
        if plain in _MATH:
            closing = f"\\end{{{name}}}"
            end = self._source.find(closing, self._at)
            if end >= 0:
                inner, self._at = self._source[self._at : end], end + len(closing)
                inner = (
                    inner
                    if plain in ("equation", "displaymath", "math", "dmath")
                    else f"\\begin{{{name}}}{inner}\\end{{{name}}}"
                )
                return f"<p>{self._whole.formula(f'$$ {_unlabelled(inner)} $$')}<p>"
        words = self._options()
        if name in _TABLES:
            for _ in range(_TABLES[name]):
                self._argument()
                self._options()
            self._open.append((name, [], _Table()))
            return ""
        for _ in range(_GIVEN.get(plain, 0)):
            self._options()
            self._argument()
        self._open.append((name, [], None))
        if plain == "frame" and self._source.startswith("{", self._at):
            return self._do_frametitle()
        titled = (
            len(words) > 3
            and plain not in _UNTITLED
            and plain not in _GIVEN
            and plain not in _LISTS
            and "=" not in words
        )
        return f"<p>{self._inner(words)}<p>" if titled else ""

    def _end(self, name: str) -> str:
        if all(name != each[0] for each in self._open[1:]):
            return ""
        while True:
            opened, pieces, table = self._open.pop()
            inner = table.html() if table else "".join(pieces)
            plain = opened.rstrip("*")
            if tag := _LISTS.get(plain):
                inner = f"<{tag}>{inner}</{tag}><p>"
            elif plain in ("quote", "quotation", "verse"):
                inner = f"<blockquote><p>{inner}</blockquote><p>"
            elif not table and not self._open[-1][2]:
                inner = f"<div><p>{inner}</div><p>"
            if opened == name or len(self._open) == 1:
                return inner
            self._add(inner)


_TABLE_MARKS = frozenset(
    {"midrule", "endhead", "endfirsthead", "endfoot", "endlastfoot", "tabularnewline", "hline"}
)


class _Table:
    """The rows of a table as they come."""

    def __init__(self) -> None:
        self.cell: list[str] = []
        self.across = self.down = 1
        self.caption = ""
        self._row: list[str] = []
        self._column = 0
        self._covered: dict[int, int] = {}  # column -> rows that a cell above still reaches into
        self._rows: list[str] = []
        self._head: list[str] = []
        self._foot: list[str] = []

    def next_cell(self) -> None:
        """Close the cell."""
        text = "".join(self.cell).strip()
        left = self._covered.get(self._column, 0)
        if left:
            self._covered[self._column] = left - 1
        if not left or text:
            self._row.append(f'<td colspan="{self.across}" rowspan="{self.down}">{text}</td>')
        if self.down > 1:
            self._covered[self._column] = self.down - 1
        self._column += self.across
        self.cell, self.across, self.down = [], 1, 1

    def next_row(self) -> None:
        """Close the row."""
        empty = not self._row and not "".join(self.cell).strip()
        if not empty:
            self.next_cell()
            self._rows.append(f"<tr>{''.join(self._row)}</tr>")
        self.cell, self._row, self._column = [], [], 0

    def mark(self, name: str) -> None:
        """Take what stands above a line or a mark for the head or the foot."""
        if name == "tabularnewline":
            self.next_row()
        elif name in ("endfirsthead", "endhead"):
            self.next_row()
            self._head = self._head or self._rows
            self._rows = []
        elif name in ("endfoot", "endlastfoot"):
            self.next_row()
            self._foot, self._rows = self._rows, []
        elif name == "midrule" and not self._head:
            self._head, self._rows = self._rows, []

    def html(self) -> str:
        """Return it as HTML."""
        self.next_row()
        caption = f"<caption>{self.caption}</caption>" if self.caption else ""
        head = f"<thead>{''.join(self._head)}</thead>" if self._head else ""
        return f"<table>{caption}{head}<tbody>{''.join([*self._rows, *self._foot])}</tbody></table><p>"


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


def _unlabelled(formula: str) -> str:
    return re.sub(r"\\label\{[^{}]{0,500}\}", "", formula).strip()


def _unmarked(address: str) -> str:
    return re.sub(r"\\([%#&_~{}])", r"\1", address)


def _plain(written: str) -> str:
    """Return HTML of a line as text."""
    return " ".join(re.sub(r"\[\^\d+\]", "", html.fragment(written)).split()) if written.strip() else ""
