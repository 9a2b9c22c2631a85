"""A source of LaTeX as HTML, and what is known of it."""

import re
from html import escape
from itertools import islice

from rag.adapters.readers import html
from rag.adapters.readers.formats.latex import commands
from rag.adapters.readers.formats.latex.braces import Braces
from rag.adapters.readers.formats.latex.parts import Part

_VERBATIM = re.compile(
    r"\\begin\{(?P<kind>verbatim\*?|lstlisting|minted|Verbatim|alltt|comment)\}"
    r"(?P<given>(?:\[[^\]\n]{0,500}\])?(?:\{[^{}\n]{0,100}\})?)[ \t]*\n?(?P<block>.*?)(?:\\end\{(?P=kind)\}|\Z)|"
    r"\\(?:verb|lstinline)\*?(?P<mark>[^\sA-Za-z*\[{])(?P<code>[^\n]{0,500}?)(?P=mark)|"
    r"\\iffalse(?![A-Za-z]).*?(?:\\fi(?![A-Za-z])|\Z)|(?P<link>\\(?:url|href|nolinkurl|path)[ ]?\{[^{}\n]{1,2000}\})",
    re.DOTALL,
)
_LANGUAGE = re.compile(r"language=\{?(?:\[[^\]]*\])?([\w+#-]+)|\{([\w+#-]+)\}")
_COMMENT = re.compile(r"(?<!\\)((?:\\\\){0,20})%[^\n]*(?:\n[ \t]*(?=\S))?")
_DEFINED = re.compile(
    r"\\(?:(?:re)?newcommand|providecommand|DeclareRobustCommand|def)\*?[ ]?\{?\\(?P<name>[A-Za-z@]{1,40})\}?[ ]?"
    r"(?:\[(?P<count>\d)\])?(?:\[(?P<first>[^\]\n]{0,200})\])?(?:#\d){0,9}[ \t\n]?(?=\{)"
)
_MOST_DEFINED, _MOST_WRITTEN_OUT, _DEEPEST = 500, 2_000_000, 40


class Latex:
    """A source as HTML, and what is known of it."""

    def __init__(self, source: str) -> None:
        """Read it."""
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
        used = [name for name in commands.SECTIONS if re.search(rf"\\{name}\*?\s*[\[{{]", body)]
        self._top = commands.SECTIONS.index(used[0]) if used else 0
        self.below = 2 if given["title"] else 1
        title, date = self.html(given["title"]), self.html(given["date"])
        authors = [self.html(each).strip() for each in re.split(r"\\and(?![A-Za-z])|\\\\", given["author"])]
        self.authors = [each for each in (_plain(author) for author in authors) if each]
        self.title, self.date = _plain(title), _plain(date)
        head = f"<h1>{title}</h1>" if self.title else ""
        head += "".join(f"<p>{each}</p>" for each in (", ".join(filter(None, authors)), date) if each)
        page = self.html(body)
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
        braces = Braces(source)
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
        return Braces(source).inside(found.end())[0].replace("\\today", "") if found else ""

    def html(self, source: str, depth: int = 0) -> str:
        """Return a piece as HTML."""
        return Part(self, source, depth).html() if depth < _DEEPEST else escape(source)

    def formula(self, text: str) -> str:
        """Return a mark in place of a formula, which stays as it is."""
        for name in re.findall(r"\\([A-Za-z]+)", text):
            if name in self._defined and not self._defined[name][0] and self._counted(name):
                body = self._defined[name][2].replace("\\", "\\\\")
                text = re.sub(rf"\\{name}(?![A-Za-z])", body, text)
        self.formulas.append(text)
        return f"\ue002{len(self.formulas) - 1}\ue003"

    def note(self, inner: str) -> str:
        """Return the mark of a note."""
        self._notes.append(inner)
        return f"[^{len(self._notes)}]"

    def heading(self, name: str, inner: str) -> str:
        """Return a heading of that kind."""
        level = min(6, commands.SECTIONS.index(name) - self._top + self.below)
        return f"<h{level}>{inner}</h{level}><p>"

    def defined(self, name: str) -> tuple[int, str | None, str] | None:
        """Return what a command of the file's own stands for, as long as that does not grow beyond measure."""
        found = self._defined.get(name)
        return found if found is not None and self._counted(name) else None

    def _counted(self, name: str) -> bool:
        self._written_out += len(self._defined[name][2]) + 50
        return self._written_out <= _MOST_WRITTEN_OUT


def _plain(written: str) -> str:
    """Return HTML of a line as text."""
    return " ".join(re.sub(r"\[\^\d+\]", "", html.fragment(written)).split()) if written.strip() else ""
