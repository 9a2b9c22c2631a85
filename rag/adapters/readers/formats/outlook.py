"""Outlook's messages (MSG), as MS-OXMSG lays them out in a compound file."""

import email
import email.policy
from io import BytesIO
from typing import Any

from rag.adapters.encodings import decoded
from rag.adapters.readers.files import DAMAGE, Records, SourceFile
from rag.adapters.readers.formats import results
from rag.adapters.readers.formats.mail import SHOWN, header, mail_document
from rag.adapters.readers.formats.members import Members, ReaderFor, path_of
from rag.adapters.readers.html import fragment
from rag.adapters.readers.html.declared import encoding_of
from rag.adapters.readers.xberg import extracted
from rag.errors import UnreadableDocument

_KIND = "an Outlook message"
_MIME = "application/vnd.ms-outlook"
_SUBJECT, _BODY, _HTML, _HEADERS = "0037", "1000", "1013", "007D"
_SENDER, _ADDRESSES, _TO, _CC = "0C1A", ("5D01", "0C1F"), "0E04", "0E03"
_PROPERTIES = "__properties_version1.0"
_CODE_PAGES = (b"\x03\x00\xde\x3f", b"\x03\x00\xfd\x3f")
"""Tags of the properties that name a message's encoding."""
_LABELS = {
    65001: "utf-8",
    932: "shift_jis",
    936: "gbk",
    949: "euc-kr",
    950: "big5",
    20127: "us-ascii",
    20866: "koi8-r",
    50220: "iso-2022-jp",
    54936: "gb18030",
}
_LONG_NAME, _SHORT_NAME, _SHOWN_NAME, _DATA = "3707", "3704", "3001", "3701"


def read(file: SourceFile, *, reader_for: ReaderFor) -> Records:
    """Read a message as one document, and each attachment of a known kind as one of its own.

    Raises:
        UnreadableDocument: it is no message.
    """
    import olefile

    data = file.read_bytes()
    members = Members(file, reader_for, "attachment")
    try:
        with olefile.OleFileIO(BytesIO(data)) as message:
            if not message.exists(_PROPERTIES):
                raise UnreadableDocument(f"is not {_KIND} that can be read: it holds no properties of one")
            fields = _fields(message)
            body = _body(message, data, members)
            attached = _attachments(message)
    except DAMAGE as error:
        raise UnreadableDocument(f"is not {_KIND} that can be read: {error}") from error
    read_ = [
        record for name, content in attached if content is not None for record in members.read(name, content)
    ]
    inner = [
        f"the attachment {name} was not read: it lies within the message; save it as a file of its own"
        for name, content in attached
        if content is None
    ]
    yield mail_document(file, fields, body, unread=[*members.reasons(), *inner])
    yield from read_


def _fields(message: Any) -> dict[str, str]:
    """Return the fields of the message's header; of one that was never sent, what Outlook keeps beside it."""
    sent = email.message_from_string(_text(message, _HEADERS), policy=email.policy.default)
    fields = {name: header(sent, name) for name in ("Subject", *SHOWN)}
    address = next(filter(None, (_text(message, tag) for tag in _ADDRESSES)), "")
    sender = _text(message, _SENDER)
    kept = {
        "Subject": _text(message, _SUBJECT),
        "From": f"{sender} <{address}>" if sender and "@" in address else sender or address,
        "To": _text(message, _TO).replace(";", ","),
        "Cc": _text(message, _CC).replace(";", ","),
    }
    return {name: fields.get(name) or kept.get(name, "") for name in ("Subject", *SHOWN)}


def _body(message: Any, data: bytes, members: Members) -> str:
    """Return the body: its HTML, else its plain text, else what xberg makes of it."""
    if html := _bytes(message, f"__substg1.0_{_HTML}0102"):
        read = decoded(html, labels=(_code_page(message), encoding_of(html)))
        for reason in read.unread:
            members.note(reason)
        page = read.text
    else:
        page = _text(message, _HTML)
    if text := fragment(page):
        return text
    if plain := _text(message, _BODY).replace("\r\n", "\n").strip():
        return plain
    return results.markdown(extracted(data, mime=_MIME, kind=_KIND).content)


def _attachments(message: Any) -> list[tuple[str, bytes | None]]:
    """Return (name, content) of each attachment; no content where it is a message or an object of its own."""
    found: list[tuple[str, bytes | None]] = []
    for storage in message.listdir(streams=False, storages=True):
        if len(storage) != 1 or not storage[0].startswith("__attach_version1.0_"):
            continue
        names = (_text(message, tag, storage[0]) for tag in (_LONG_NAME, _SHORT_NAME, _SHOWN_NAME))
        name = path_of(next(filter(None, names), "")) or f"part {len(found) + 1}"
        place = f"{storage[0]}/__substg1.0_{_DATA}0102"
        found.append((name, _bytes(message, place) if message.exists(place) else None))
    return found


def _text(message: Any, tag: str, storage: str = "") -> str:
    """Return a property that is text; empty where there is none."""
    place = f"{storage}/__substg1.0_{tag}" if storage else f"__substg1.0_{tag}"
    if message.exists(f"{place}001F"):
        return _bytes(message, f"{place}001F").decode("utf-16-le", "replace").strip("\0").strip()
    # Messages of old versions of Outlook have letters of one byte.
    letters = _bytes(message, f"{place}001E").strip(b"\0")
    return decoded(letters, labels=(_code_page(message) or "windows-1252",)).text.strip()


def _code_page(message: Any) -> str | None:
    """Return the label of the encoding that a message says it is in; None where it says none."""
    properties = _bytes(message, _PROPERTIES)
    for tag in _CODE_PAGES:
        at = properties.find(tag)
        if at >= 0:
            page = int.from_bytes(properties[at + 8 : at + 12], "little")
            return _LABELS.get(
                page, f"iso-8859-{page - 28590}" if 28590 < page < 28606 else f"windows-{page}"
            )
    return None


def _bytes(message: Any, place: str) -> bytes:
    if not message.exists(place):
        return b""
    with message.openstream(place) as stream:
        return bytes(stream.read())
