"""What a server answered becomes a page, or an error that says why it does not."""

import codecs
import http.client
import zlib
from email.message import Message
from typing import cast

from rag.adapters.encodings import codec_of, decoded
from rag.errors import UnreadableDocument
from rag.ports import WebPage

FORMATS = {
    "application/pdf": "page.pdf",
    "application/xhtml+xml": "page.html",
    "text/html": "page.html",
    "text/markdown": "page.md",
    "text/plain": "page.txt",
}
"""Content type -> the name the page is read under."""

_PIECE = 65_536


def page_of(response: http.client.HTTPResponse, max_bytes: int) -> WebPage:
    """Return the page, reading the body: `max_bytes` at most, as it is sent and as it unpacks.

    Raises:
        UnreadableDocument: it is none, is too large, broke off, or of a kind that is not read.
    """
    if response.status != 200:
        raise UnreadableDocument(f"the page answers with status {response.status}")
    kind = cast(Message, response.headers).get_content_type()
    if kind not in FORMATS or not response.getheader("Content-Type"):
        known = ", ".join(FORMATS)
        raise UnreadableDocument(f"the page is {kind}, which is not read; known are {known}")
    declared = response.getheader("Content-Length", "")
    if declared.isdigit() and int(declared) > max_bytes:
        raise _too_large(max_bytes)
    content = _content(response, max_bytes)
    if kind != "application/pdf":
        content = _marked(content, cast(Message, response.headers).get_param("charset"))
    return WebPage(filename=FORMATS[kind], content=content)


def _marked(content: bytes, label: object) -> bytes:
    """Return text in UTF-8 with a byte order mark where the header names its encoding.

    A mark outweighs what the page says of itself, as the header does. Text that is not in that encoding stays
    as it is, for its reader to judge.
    """
    if not isinstance(label, str) or codec_of(label) is None:
        return content
    read = decoded(content, labels=[label])
    if read.unread or (read.text.isascii() and content.isascii()):
        return content
    return codecs.BOM_UTF8 + read.text.encode()


def _content(response: http.client.HTTPResponse, max_bytes: int) -> bytes:
    encoding = (response.getheader("Content-Encoding") or "identity").strip().lower()
    if encoding not in ("identity", "gzip", "x-gzip"):
        raise UnreadableDocument(f"the page is packed as {encoding!r}, which was not asked for")
    unpack = None if encoding == "identity" else zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)
    sent, content = 0, bytearray()
    while piece := response.read(_PIECE):
        sent += len(piece)
        if unpack is not None:
            try:
                # One byte more than is taken tells that it is too much, whatever is still packed.
                piece = unpack.decompress(piece, max_bytes - len(content) + 1)
            except zlib.error as error:
                raise UnreadableDocument(f"the page is not packed as it says: {error}") from error
        content += piece
        if max(sent, len(content)) > max_bytes:
            raise _too_large(max_bytes)
    if response.length or (unpack is not None and not unpack.eof):
        raise UnreadableDocument("the page broke off before its end")
    return bytes(content)


def _too_large(max_bytes: int) -> UnreadableDocument:
    return UnreadableDocument(f"the page has more than the limit of {max_bytes:,} bytes")
