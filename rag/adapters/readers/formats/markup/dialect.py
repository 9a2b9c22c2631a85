"""docutils, within bounds; directives and roles that it does not know show their words."""

import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from itertools import islice
from typing import Any

from docutils import frontend, nodes, statemachine
from docutils.core import publish_doctree
from docutils.parsers.rst import Directive, Parser, directives, roles
from docutils.parsers.rst.languages import en
from docutils.parsers.rst.states import Inliner
from docutils.readers.standalone import Reader
from docutils.transforms import Transform

_SETTINGS = {
    "file_insertion_enabled": False,
    "halt_level": 6,
    "line_length_limit": 100_000_000,
    "raw_enabled": True,
    "report_level": 5,
    "syntax_highlight": "none",
    "traceback": True,
    "warning_stream": False,
}
_MARKS = re.compile(r"[*`|_\[]")
_LONGEST_NESTED = 1_000  # letters of a substitution within another
_MOST_MARKS = (
    5_000_000  # in a text, times its letters: docutils looks for the end of each up to that of the text
)

_DIRECTIVE = re.compile(
    r"(?<![^\s|*#+-])\.\.[ ]+(?:\|[^|\n]{1,100}\|[ ]+)?(?P<name>[\w:+.-]{1,60}?)[ ]?::(?!\S)"
)
_ROLE = re.compile(r":(?P<name>[A-Za-z][\w:+.-]{0,60}):`|`:(?P<after>[A-Za-z][\w:+.-]{0,60}):")
_MOST_NAMES = 1_000  # that docutils does not know, in one source
_TARGET = re.compile(r"^(?P<shown>.{1,2000}?)\s*<[^<>]{1,1000}>$", re.DOTALL)

_ELSEWHERE = frozenset({"include", "literalinclude"})
_UNSEEN = frozenset(
    {"currentmodule", "py:currentmodule", "default-domain", "highlight", "index", "meta", "tabularcolumns"}
)
"""Directives that a reader of the page does not see."""
_CONDITIONS = frozenset({"only", "ifconfig"})
_CODE = frozenset({"code", "code-block", "code-cell", "sourcecode"})
_AS_IT_STANDS = frozenset(
    {
        "prompt",
        "ipython",
        "jupyter-execute",
        "doctest",
        "testcode",
        "testoutput",
        "testsetup",
        "productionlist",
    }
    | {"graphviz", "digraph", "graph", "mermaid", "uml", "plantuml"}
)
_SAID = {
    "versionadded": "Added in version",
    "versionchanged": "Changed in version",
    "versionremoved": "Removed in version",
    "deprecated": "Deprecated since version",
    "deprecated-removed": "Deprecated since version",
    "seealso": "See also",
    "todo": "Todo",
}


class _AnyOptions(dict[str, Callable[[str | None], str]]):
    """Takes every option as it is."""

    def __bool__(self) -> bool:
        return True

    def __getitem__(self, name: str) -> Callable[[str | None], str]:
        return lambda value: value or ""


class _Shown(Directive):  # type: ignore[misc]
    """A directive that shows what it is given and what stands in it."""

    optional_arguments = 1
    final_argument_whitespace = True
    option_spec = _AnyOptions()
    has_content = True

    def run(self) -> list[nodes.Node]:
        """Return its words as nodes."""
        name, given = self.name.lower(), "\n".join(self.arguments)
        if name in _UNSEEN:
            return []
        if name in _ELSEWHERE:
            return [nodes.comment("", "", elsewhere=given)]
        caption = self._parsed([self.options["caption"]]) if self.options.get("caption") else []
        if name in _CODE | _AS_IT_STANDS:
            text = "\n".join(self.content)
            classes = ["code", given] if name in _CODE and given else []
            before = [given] if given and name not in _CODE else []
            return [*caption, nodes.literal_block("", "\n".join([*before, text]), classes=classes)]
        if name == "toctree":
            entries = (_shown(each.strip()) for each in self.content if each.strip())
            items = [nodes.list_item("", nodes.paragraph("", each)) for each in entries]
            return [*caption, nodes.bullet_list("", *items)] if items else []
        if said := _SAID.get(name):
            number, _, rest = given.partition("\n" if "\n" in given else " ")
            words = (
                f"{said} {number}{':' if rest else ''} {rest}" if "version" in said else f"{said}: {given}"
            )
            return self._parsed([*words.strip().split("\n"), "", *self.content])
        if not given or name in _CONDITIONS:
            return [*caption, *self._parsed(self.content)]
        # What is described, and its description.
        lines = [nodes.line("", "", *self._words(line)) for line in given.split("\n")]
        return [nodes.line_block("", *lines), *caption, *self._parsed(self.content)]

    def _words(self, line: str) -> list[nodes.Node]:
        found, messages = self.state.inline_text(line, self.lineno)
        return [*found, *messages]

    def _parsed(self, lines: Sequence[str]) -> list[nodes.Node]:
        around = nodes.container()
        content = (
            lines if isinstance(lines, statemachine.StringList) else statemachine.StringList(list(lines), "")
        )
        self.state.nested_parse(content, self.content_offset, around, match_titles=True)
        return list(around.children)


def _role(*given: Any, **_options: Any) -> tuple[list[nodes.Node], list[nodes.Node]]:
    rawtext, text = given[1:3]
    return [nodes.inline(rawtext, _shown(nodes.unescape(text)))], []


def _shown(text: str) -> str:
    """Return what a role shows: the text before a target, or the name without its path."""
    if target := _TARGET.match(text):
        return target["shown"]
    return text.rpartition(".")[2] if text.startswith("~") else text.removeprefix("!")


def parsed(source: str) -> nodes.document:
    """Return a source as docutils' tree; it follows no file and tells of nothing."""
    shown = _ELSEWHERE | _CODE | _AS_IT_STANDS | _UNSEEN
    for name in shown | _unknown(_DIRECTIVE, source, en.directives):
        directives.register_directive(name, _Shown)
    for name in _unknown(_ROLE, source, en.roles):
        roles.register_local_role(name, _role)
    parser = Parser(inliner=_bounded_inliner())
    return publish_doctree(source, reader=_Reader(), parser=parser, settings=_settings().copy())


@cache
def _settings() -> Any:
    settings = frontend.get_default_settings(Parser, Reader)
    for name, value in _SETTINGS.items():
        setattr(settings, name, value)
    return settings


class _Nested(Transform):  # type: ignore[misc]
    """Writes out substitutions within others: docutils fails at one that is not defined, and bombs are made of them."""

    default_priority = 210  # before docutils' own

    def apply(self) -> None:
        """Put text where one is used in another's definition."""
        known = self.document.substitution_defs
        for definition in known.values():
            for used in list(definition.findall(nodes.substitution_reference)):
                meant = known.get(used["refname"])
                text = meant.astext() if meant is not None and meant is not definition else used.rawsource
                used.replace_self(nodes.Text(text[:_LONGEST_NESTED]))


class _Reader(Reader):  # type: ignore[misc]
    def get_transforms(self) -> list[type[Transform]]:
        return [*super().get_transforms(), _Nested]


def _bounded_inliner() -> Inliner:
    """Return what takes marks within a text as letters where there are far too many."""
    inliner = Inliner()
    parse = inliner.parse

    def bounded(text: str, *args: Any) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        if len(text) * len(_MARKS.findall(text)) > _MOST_MARKS:
            return [nodes.Text(nodes.unescape(text))], []
        return parse(text, *args)  # type: ignore[no-any-return]

    inliner.parse = bounded
    return inliner


def _unknown(marks: re.Pattern[str], source: str, known: Mapping[str, str]) -> set[str]:
    names = (next(filter(None, found.groups())).lower() for found in marks.finditer(source))
    return set(islice(dict.fromkeys(name for name in names if name not in known), _MOST_NAMES))
