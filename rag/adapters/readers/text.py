"""Plain text and Markdown."""

import re

from rag.adapters.readers.files import Records, SourceFile

_FRONT_MATTER = re.compile(
    r"---[ \t]*\n(?P<fields>.*?)^(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL | re.MULTILINE
)
_FRONT_TITLE = re.compile(r"^title[ \t]*:[ \t]*(?P<title>\S.*?)[ \t]*$", re.MULTILINE | re.IGNORECASE)
_FENCED = re.compile(r"^ {0,3}(`{3,}|~{3,}).*?(?:^ {0,3}\1[`~]*[ \t]*$|\Z)", re.DOTALL | re.MULTILINE)
_HEADING = re.compile(
    r"^ {0,3}#{1,6}[ \t]+(?P<atx>\S.*?)(?:[ \t]+#+)?[ \t]*$|^(?P<setext>\S[^\n]*)\n(?:=+|-+)[ \t]*$",
    re.MULTILINE,
)


def read_text(file: SourceFile) -> Records:
    """Read a text file; its title is its name."""
    read = file.decoded()
    yield file.document(text=read.text, title=file.stem, unread=read.unread)


def read_markdown(file: SourceFile) -> Records:
    """Read a Markdown file; its title is that of the front matter, its first heading, or its name."""
    read = file.decoded()
    text = read.text
    title = ""
    if front := _FRONT_MATTER.match(text):
        text = text[front.end() :]
        if named := _FRONT_TITLE.search(front["fields"]):
            title = named["title"].strip("\"'")
    if not title and (heading := _HEADING.search(_FENCED.sub("", text))):
        title = heading["atx"] or heading["setext"]
    yield file.document(text=text, title=title or file.stem, unread=read.unread)
