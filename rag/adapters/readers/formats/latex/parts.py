"""A piece of LaTeX, read from its begin to its end as HTML."""

import re
from html import escape
from typing import Protocol

from rag.adapters.readers.formats.latex import commands
from rag.adapters.readers.formats.latex.braces import Braces
from rag.adapters.readers.formats.latex.symbols import accented, symbols
from rag.adapters.readers.formats.latex.tables import MARKS, Table

_TOKEN = re.compile(
    r"\\(?P<name>[A-Za-z@]+\*?)(?:[ \t]*\n(?![ \t]*\n)[ \t]*|[ \t]+)?|\\(?P<mark>.)|\ue000(?P<kept>\d{1,9})\ue001|"
    r"(?P<math>\$\$?)|(?P<blank>\n[ \t]*\n\s*)|(?P<char>[{}&~]|``|''|-{2,3})|(?P<text>[^\\\ue000$\n{}&~`'-]+|.)",
    re.DOTALL,
)
_OPTIONS = re.compile(r"[ \t]*\[(?P<inner>(?:[^\[\]{}]|\{[^{}]{0,500}\}|\[[^\[\]]{0,100}\]){0,1000})\]")
_CHARS = {"{": "", "}": "", "~": " ", "``": "“", "''": "”", "--": "–", "---": "—", "&": "&amp;"}
_SPACES = frozenset(",;:!> \n/")


class Whole(Protocol):
    """What the parts of a source share."""

    kept: list[str]  # HTML in place of marks
    unread: list[str]
    below: int  # level of the highest heading

    def html(self, source: str, depth: int = 0) -> str:
        """Return a piece as HTML."""

    def formula(self, text: str) -> str:
        """Return a mark in place of a formula."""

    def note(self, inner: str) -> str:
        """Return the mark of a note."""

    def heading(self, name: str, inner: str) -> str:
        """Return a heading of that kind."""

    def defined(self, name: str) -> tuple[int, str | None, str] | None:
        """Return what a command of the file's own stands for."""


class Part:
    """A piece of a source, read from its begin to its end."""

    def __init__(self, whole: Whole, source: str, depth: int) -> None:
        self._whole, self._source, self._depth = whole, source, depth
        self._braces = Braces(source)
        self._at = 0
        self._open: list[tuple[str, list[str], Table | None]] = [("", [], None)]

    def html(self) -> str:
        """Return it as HTML."""
        while self._at < len(self._source):
            found = _TOKEN.match(self._source, self._at)
            if found is None:
                break  # it matches any letter
            start, self._at = self._at, found.end()
            self._add(self._token(found, start))
        while len(self._open) > 1:
            self._add(self._end(self._open[-1][0]))
        return "".join(self._open[0][1])

    def _add(self, text: str) -> None:
        _, pieces, table = self._open[-1]
        (table.cell if table else pieces).append(text)

    def _inner(self, source: str) -> str:
        return self._whole.html(source, self._depth + 1)

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
        if name in commands.SECTIONS and self._source[self._at : self._at + 1] in "[{":
            self._options()
            return self._whole.heading(name, self._inner(self._argument()))
        if name in commands.INCLUDES:
            self._options()
            self._whole.unread.append(f"{self._argument()}, which it includes, was not read")
            return ""
        if name in commands.NOTES:
            self._options()
            return self._whole.note(self._inner(self._argument()))
        if name in commands.REFERENCES:
            return escape(self._argument())
        if commands.CITES.fullmatch(name):
            self._options(), self._options()
            return f"[{escape(self._argument())}]"
        if special := getattr(self, f"_do_{name}", None):
            return str(special())
        if name in MARKS and (table := self._open[-1][2]):
            self._options()
            table.mark(name)
            return ""
        if name in commands.ARGUMENTS:
            if name == "cmidrule" and self._source.startswith("(", self._at):
                self._at = self._source.find(")", self._at) + 1 or self._at
            pieces = []
            for each in commands.ARGUMENTS[name]:
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
        return f"<h{self._whole.below + 1}>{self._inner(self._argument())}</h{self._whole.below + 1}><p>"

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
        if plain in commands.MATH:
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
        if name in commands.TABLES:
            for _ in range(commands.TABLES[name]):
                self._argument()
                self._options()
            self._open.append((name, [], Table()))
            return ""
        for _ in range(commands.GIVEN.get(plain, 0)):
            self._options()
            self._argument()
        self._open.append((name, [], None))
        if plain == "frame" and self._source.startswith("{", self._at):
            return self._do_frametitle()
        titled = (
            len(words) > 3
            and plain not in commands.UNTITLED
            and plain not in commands.GIVEN
            and plain not in commands.LISTS
            and "=" not in words
        )
        return f"<p>({self._inner(words)})<p>" if titled else ""

    def _end(self, name: str) -> str:
        if all(name != each[0] for each in self._open[1:]):
            return ""
        while True:
            opened, pieces, table = self._open.pop()
            inner = table.html() if table else "".join(pieces)
            plain = opened.rstrip("*")
            if tag := commands.LISTS.get(plain):
                inner = f"<{tag}>{inner}</{tag}><p>"
            elif plain in ("quote", "quotation", "verse"):
                inner = f"<blockquote><p>{inner}</blockquote><p>"
            elif not table and not self._open[-1][2]:
                inner = f"<div><p>{inner}</div><p>"
            if opened == name or len(self._open) == 1:
                return inner
            self._add(inner)


def _unlabelled(formula: str) -> str:
    return re.sub(r"\\label\{[^{}]{0,500}\}", "", formula).strip()


def _unmarked(address: str) -> str:
    return re.sub(r"\\([%#&_~{}])", r"\1", address)
