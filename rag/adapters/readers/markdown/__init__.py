"""Markdown without what its readers never see: comments, and bytes of pictures."""

import re
from collections.abc import Collection, Iterator
from html import unescape
from itertools import pairwise
from typing import TYPE_CHECKING

from rag.adapters.readers import html
from rag.adapters.readers.files import Records, SourceFile
from rag.adapters.readers.markdown.front_matter import parted

if TYPE_CHECKING:
    from markdown_it.token import Token

_CODE = re.compile(r"(?<!`)(?P<marks>`+)(?!`)")
_EMBEDDED = re.compile(r"!?\[(?P<text>[^\[\]]{0,1000})\]\([ \t]*<?data:", re.IGNORECASE)
_NAMED_PICTURE = re.compile(r"!\[(?P<alt>[^\[\]]{0,1000})\](?:\[(?P<name>[^\[\]]{0,300})\])?(?!\()")
_BYTES = re.compile(
    r"^ {0,3}\[(?P<name>[^\[\]]{1,300})\]:[ \t]*<?data:\S*[^\n]*\n?", re.IGNORECASE | re.MULTILINE
)
_REMARK = re.compile(  # a reference to nothing, which only says what its title says; Obsidian's
    r"^ {0,3}\[[^\[\]\n]{0,300}\]:[ \t]*(?:#|<>)[ \t]+(?:\([^\n]*\)|\"[^\n]*\"|'[^\n]*')[ \t]*$|^%%[^%]*%%[ \t]*$",
    re.MULTILINE,
)
_NOTE = re.compile(r"\{/\*[^*]*\*/\}")  # of MDX
_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[a-zA-Z][a-zA-Z0-9]{1,30});")
_SAID = re.compile(r"[^\W_]|[\s\u2010-\u2027\u2030-\u205e€£¥§©®°±«»·×÷…™]")
_IMPORT = re.compile(
    r"^import\s[^\n;]*[\"'][^\"'\n]*[\"'];?[ \t]*$|^export const [^\n]*;[ \t]*$", re.MULTILINE
)
_HEADING_ID = re.compile(r"\{[#.:][^{}\n]*\}[ \t]*$")
_TAG = re.compile(
    r"</?(?P<tag>a|abbr|b|bdo|big|br|center|cite|del|details|dfn|div|em|figcaption|figure|font|i|img|ins|kbd|mark|p|picture"
    r"|q|s|samp|section|small|source|span|strong|sub|summary|sup|tt|u|var|wbr)\b(?P<given>[^<>]*)>",
    re.IGNORECASE,
)
_ALT = re.compile(
    r"\balt\s*=\s*(?:\"(?P<double>[^\"]*)\"|'(?P<single>[^']*)'|(?P<bare>[^\s\"'>]+))", re.IGNORECASE
)
_LONGEST_ROW = 5_000
_NAMED = ("double", "single", "bare")


def read_markdown(file: SourceFile) -> Records:
    """Read a Markdown file; its title is that of the front matter, its first heading, or its name."""
    read = file.decoded()
    front, text = parted(read.text)
    if file.path.suffix.lower() == ".mdx":
        text = _IMPORT.sub("", text)
    blocks = _blocks(text)
    yield file.document(
        text=_shown(text, blocks),
        title=front.title or _heading(blocks) or file.stem,
        metadata=front.metadata,
        unread=(*read.unread, *front.unread),
    )


def _blocks(text: str) -> list["Token"]:
    from markdown_it import MarkdownIt

    parser = MarkdownIt("commonmark").enable("table")
    # What is within the lines is not asked for, and would cost most of the time.
    parser.core.ruler.enableOnly(["normalize", "block"])
    return parser.parse(text)


def _heading(blocks: list["Token"]) -> str:
    """Return the words of the first heading; empty where there is none."""
    from markdown_it import MarkdownIt

    for opening, inline in pairwise(blocks):
        if opening.type == "heading_open":
            words = _without_marks(_HEADING_ID.sub("", inline.content), (), " ")
            found = MarkdownIt("commonmark").parseInline(words)[0].children or []
            title = "".join(each.content if each.type != "softbreak" else " " for each in found)
            if title.strip():
                return " ".join(title.split())
    return ""


def _shown(text: str, blocks: list["Token"]) -> str:
    """Return the text without comments and bytes, HTML in it as Markdown, and code as it stands."""
    lines = text.split("\n")
    names = {_folded(match["name"]) for match in _BYTES.finditer(text)}
    pieces: list[str] = []
    done = 0
    for kind, first, last in _regions(blocks, lines):
        if first > done:
            pieces.append(_without_bytes("\n".join(lines[done:first]), names))
        source = "\n".join(lines[first:last])
        if words := source if kind == "code" else html.fragment(source):
            pieces.append(words)
        done = last
    if done < len(lines):
        pieces.append(_without_bytes("\n".join(lines[done:]), names))
    return "\n".join(pieces)


def _regions(blocks: list["Token"], lines: list[str]) -> Iterator[tuple[str, int, int]]:
    """Yield (kind, first line, line after the last) of code, and of HTML that stands by itself, in order."""
    waiting: tuple[int, int] | None = None
    for block in blocks:
        if block.type not in ("fence", "code_block", "html_block") or block.map is None:
            continue
        first, last = block.map
        # A comment that never ends would take the rest of the text with it.
        endless = block.content.lstrip().startswith("<!--") and "-->" not in block.content
        is_html = block.type == "html_block" and block.level == 0 and not endless
        if waiting is not None and not (is_html and not "".join(lines[waiting[1] : first]).strip()):
            yield ("html", *waiting)
            waiting = None
        if is_html:
            # What blank lines part, as rows of a table may be, is read as one.
            waiting = (waiting[0] if waiting is not None else first, last)
        elif block.type != "html_block":
            yield ("code", first, last)
    if waiting is not None:
        yield ("html", *waiting)


def _without_bytes(text: str, names: Collection[str]) -> str:
    """Return a text that has no code blocks without bytes of pictures, comments and tags."""
    if not any(mark in text for mark in ("<", "data:", "]:", "%%", "{/*", "&")) and not names:
        return text
    text = _BYTES.sub("", text)
    return _without_marks(_without_comments(_REMARK.sub("", text)), names, "\n")


def _without_comments(text: str) -> str:
    pieces: list[str] = []
    done = ticks = 0
    while (opening := text.find("<!--", done)) >= 0 and (closing := text.find("-->", opening)) >= 0:
        line = text.rfind("\n", done, opening) + 1
        ticks = text.count("`", max(line, done), opening) + (0 if line else ticks)
        in_code = ticks % 2
        pieces.append(text[done : opening + 4 if in_code else opening])
        done = opening + 4 if in_code else closing + 3
    return "".join((*pieces, text[done:]))


def _without_marks(text: str, names: Collection[str], line_end: str) -> str:
    """Return the text with the words of pictures for their bytes, and without tags, but for what is code."""
    pieces: list[str] = []
    done = 0
    while opening := _CODE.search(text, done):
        closing = re.compile(rf"(?<!`){opening['marks']}(?!`)").search(text, opening.end())
        end = closing.end() if closing else opening.end()
        pieces += (_plain(text[done : opening.start()], names, line_end), text[opening.start() : end])
        done = end
    return "".join((*pieces, _plain(text[done:], names, line_end)))


def _plain(text: str, names: Collection[str], line_end: str) -> str:
    def tag(match: re.Match[str]) -> str:
        name = match["tag"].lower()
        if name == "br":
            return " " if _in_a_row(match) else line_end
        alt = _ALT.search(match["given"]) if name == "img" else None
        return next((alt[each] for each in _NAMED if alt[each]), "") if alt else ""

    def picture(match: re.Match[str]) -> str:
        return match["alt"] if _folded(match["name"] or match["alt"]) in names else match[0]

    text = _ENTITY.sub(_letter, _without_embedded(_NOTE.sub("", text)))
    return _TAG.sub(tag, _NAMED_PICTURE.sub(picture, text) if names else text)


def _letter(match: re.Match[str]) -> str:
    """Return what an entity stands for, but for what would be a mark of Markdown or HTML."""
    letter = unescape(match[0])
    return letter.replace("\xa0", " ") if _SAID.fullmatch(letter) else match[0]


def _without_embedded(text: str) -> str:
    """Return the text with the words of what embeds bytes instead of them."""
    pieces: list[str] = []
    done = 0
    while match := _EMBEDDED.search(text, done):
        closing = text.find(")", match.end())
        if closing < 0:
            break
        pieces += (text[done : match.start()], match["text"])
        done = closing + 1
    return "".join((*pieces, text[done:]))


def _in_a_row(match: re.Match[str]) -> bool:
    """Tell whether it stands in a row of a table, which is one line."""
    start, end = max(0, match.start() - _LONGEST_ROW), match.end() + _LONGEST_ROW
    before = match.string[match.string.rfind("\n", start, match.start()) + 1 : match.start()]
    after = match.string[match.end() : end].partition("\n")[0]
    return "|" in before or "|" in after


def _folded(name: str) -> str:
    return " ".join(name.split()).casefold()
