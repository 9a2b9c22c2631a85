"""reStructuredText: docutils parses it, and what it finds becomes HTML, then Markdown."""

import re
from html import escape
from typing import TYPE_CHECKING, cast

from rag.adapters.readers import html
from rag.adapters.readers.files import DAMAGE, Records, SourceFile
from rag.adapters.readers.formats import results
from rag.adapters.readers.html.tree import parsed, written
from rag.errors import UnreadableDocument

if TYPE_CHECKING:
    from docutils import nodes

_ERROR = 3  # from here on what docutils tells of was left out of the text

_TAGS = {
    "paragraph": "p",
    "bullet_list": "ul",
    "enumerated_list": "ol",
    "list_item": "li",
    "definition_list": "dl",
    "option_list": "dl",
    "description": "dd",
    "definition": "dd",
    "block_quote": "blockquote",
    "admonition": "blockquote",
    "attribution": "p",
    "doctest_block": "pre",
    "rubric": "p",
    "figure": "figure",
    "caption": "figcaption",
    "table": "table",
    "thead": "thead",
    "tbody": "tbody",
    "row": "tr",
    "subtitle": "h2",
    "literal": "code",
    "superscript": "sup",
}
_DROPPED = frozenset({"comment", "meta", "pending", "substitution_definition", "colspec"})
_INLINE = frozenset({"emphasis", "strong", "inline", "title_reference", "target", "problematic", "generated"})
_ADMONITIONS = frozenset(
    {"attention", "caution", "danger", "error", "hint", "important", "note", "tip", "warning"}
)
_MARK = re.compile("\ue000(\\d{1,9})\ue001")
_ELSEWHERE = re.compile(r":(?:file|url):[ ]*(\S{1,500})")
_DEEPEST = 60  # tags within each other of HTML that it holds
_NO_CODE = frozenset({"code", "default", "none", "text"})


def read(file: SourceFile) -> Records:
    """Read reStructuredText as one document; files that it includes are named as not read.

    Raises:
        UnreadableDocument: its parts are too deep within each other.
    """
    source = file.decoded()
    try:
        written = _Written(re.sub("[\ue000\ue001\ue004]", "", source.text))
    except RecursionError as error:
        raise UnreadableDocument("is reStructuredText whose parts are too deep within each other") from error
    except DAMAGE as error:
        raise UnreadableDocument(f"is not reStructuredText that can be read: {error}") from error
    text = results.letters(html.fragment(results.hidden(written.page)))
    text = _MARK.sub(lambda found: written.formulas[int(found[1])], text)
    yield file.document(
        text=text,
        title=results.first_heading(text) or file.stem,
        metadata=results.described(authors=written.authors, created=written.date),
        unread=[*source.unread, *written.unread],
    )


class _Written:
    """A source as HTML, and what is known of it."""

    def __init__(self, source: str) -> None:
        from rag.adapters.readers.formats.markup import dialect

        self.formulas: list[str] = []
        self.unread: list[str] = []
        self.authors: list[str] = []
        self.date = ""
        document = dialect.parsed(source)
        self._level = sum(each.tagname in ("title", "subtitle") for each in document.children)
        self.page = self._all(document)

    def _all(self, node: "nodes.Element") -> str:
        return "".join(self._one(child) for child in node.children)

    def _one(self, node: "nodes.Node") -> str:
        from docutils import nodes

        if isinstance(node, nodes.Text):
            return escape(node.astext(), quote=False)
        node = cast("nodes.Element", node)
        name = node.tagname
        if name in _DROPPED:
            if elsewhere := node.get("elsewhere"):
                self.unread.append(f"{elsewhere}, which it includes, was not read")
            return ""
        if write := getattr(self, f"_{name}", None):
            return str(write(node))
        inner = self._all(node)
        if name in _ADMONITIONS:
            return f"<blockquote>{_begun(f'{name.capitalize()}:', inner)}</blockquote>"
        if isinstance(node, nodes.Bibliographic) and node.parent.tagname in ("docinfo", "authors"):
            return self._known(node, inner)
        if name in _INLINE:
            return inner
        tag = _TAGS.get(name, "div" if isinstance(node, nodes.Body | nodes.Structural) else "")
        return f"<{tag}>{inner}</{tag}>" if tag else inner

    def _known(self, node: "nodes.Element", inner: str) -> str:
        name = node.tagname
        if name == "author":
            self.authors.append(node.astext())
        elif name == "date":
            self.date = node.astext()
        if node.parent.tagname == "authors":
            return f"{inner}<br>"
        return f"<p>{name.capitalize()}: {inner}</p>"

    def _section(self, node: "nodes.Element") -> str:
        self._level += 1
        inner = self._all(node)
        self._level -= 1
        return inner

    def _title(self, node: "nodes.Element") -> str:
        parent = node.parent.tagname
        tag = {"document": "h1", "section": f"h{min(self._level, 6)}", "table": "caption"}.get(parent, "p")
        return f"<{tag}>{self._all(node)}</{tag}>"

    def _topic(self, node: "nodes.Element") -> str:
        # Contents say the headings once more.
        return "" if "contents" in node["classes"] else f"<div>{self._all(node)}</div>"

    def _definition_list_item(self, node: "nodes.Element") -> str:
        *terms, meaning = (self._one(each) for each in node.children)
        return f"<dt>{' : '.join(terms)}</dt>{meaning}"

    def _option_group(self, node: "nodes.Element") -> str:
        return f"<dt>{escape(', '.join(each.astext() for each in node.children))}</dt>"

    def _field(self, node: "nodes.Element") -> str:
        name, body = (self._all(each) for each in node.children)
        return _begun(f"{name}:", body)

    def _enumerated_list(self, node: "nodes.Element") -> str:
        return f'<ol start="{node.get("start", 1)}">{self._all(node)}</ol>'

    def _literal_block(self, node: "nodes.Element") -> str:
        language = next((each for each in node["classes"] if each not in _NO_CODE), "")
        shown = f' class="language-{escape(language)}"' if language else ""
        return f"<pre><code{shown}>\n{self._all(node)}</code></pre>"

    def _line_block(self, node: "nodes.Element") -> str:
        lines = "<br>".join(self._one(each) for each in node.children)
        return lines if node.parent.tagname == "line_block" else f"<p>{lines}</p>"

    def _math(self, node: "nodes.Element") -> str:
        return self._formula(f"${node.astext()}$")

    def _math_block(self, node: "nodes.Element") -> str:
        return f"<p>{self._formula(f'$${chr(10)}{node.astext()}{chr(10)}$$')}</p>"

    def _formula(self, text: str) -> str:
        self.formulas.append(text)
        return f"\ue000{len(self.formulas) - 1}\ue001"

    def _reference(self, node: "nodes.Element") -> str:
        inner = self._all(node)
        return f'<a href="{escape(node["refuri"])}">{inner}</a>' if node.get("refuri") else inner

    def _image(self, node: "nodes.Element") -> str:
        return f'<img alt="{escape(node.get("alt", ""))}">'

    def _footnote_reference(self, node: "nodes.Element") -> str:
        return f"[^{node.astext()}]"

    def _citation_reference(self, node: "nodes.Element") -> str:
        return f"[{escape(node.astext())}]"

    def _footnote(self, node: "nodes.Element") -> str:
        label, *rest = node.children
        mark = f"[{'^' if node.tagname == 'footnote' else ''}{escape(label.astext())}]:"
        return _begun(mark, "".join(self._one(each) for each in rest))

    _citation = _footnote

    def _entry(self, node: "nodes.Element") -> str:
        across, down = node.get("morecols", 0) + 1, node.get("morerows", 0) + 1
        tag = "th" if node.parent.parent.tagname == "thead" else "td"
        return f'<{tag} colspan="{across}" rowspan="{down}">{self._all(node)}</{tag}>'

    def _raw(self, node: "nodes.Element") -> str:
        if "html" not in node.get("format", "").split():
            return ""
        page = parsed(node.astext())
        return written((page.first("body") or page.root).children, deepest=_DEEPEST)

    def _system_message(self, node: "nodes.Element") -> str:
        from docutils import nodes

        kept = [each.astext() for each in node.children if isinstance(each, nodes.literal_block)]
        if not kept:
            return ""
        if "disabled" in node.astext() or "deactivated" in node.astext():
            named = _ELSEWHERE.search(kept[0])
            self.unread.append(f"{named[1] if named else 'a file'}, which it includes, was not read")
            return ""
        if node.get("level", 0) < _ERROR:
            return ""
        return "".join(f"<pre><code>\n{escape(each)}</code></pre>" for each in kept)


def _begun(words: str, inner: str) -> str:
    """Return blocks that begin with words."""
    return f"<p>{words} {inner[3:]}" if inner.startswith("<p>") else f"<p>{words}</p>{inner}"
