"""Mail as EML, with what is attached."""

import codecs
import email
import email.policy
import re
from collections.abc import Iterator, Mapping
from email.message import EmailMessage, Message, MIMEPart
from email.utils import getaddresses
from typing import Any

from rag.adapters.encodings import codec_of, decoded
from rag.adapters.readers.files import DAMAGE, Records, SourceFile
from rag.adapters.readers.formats import results
from rag.adapters.readers.formats.members import Members, ReaderFor, path_of
from rag.adapters.readers.html import fragment
from rag.adapters.readers.html.declared import encoding_of
from rag.errors import UnreadableDocument

SHOWN = ("From", "To", "Cc", "Date")
"""Header fields that stand before a mail's text."""
_MOST_PARTS = 1_000
_LABEL = re.compile(rb"=\?([A-Za-z][\w-]{2,20})\?([bBqQ])\?")
_HEADER = re.compile(rb"[!-9;-~]{1,200}:|From ")


def read_eml(file: SourceFile, *, reader_for: ReaderFor) -> Records:
    """Read a mail as one document, and each attachment of a known kind as one of its own.

    Raises:
        UnreadableDocument: it is no mail.
    """
    data = file.read_bytes()
    if not _HEADER.match(data.lstrip(b"\xef\xbb\xbf\r\n\t ")):
        raise UnreadableDocument("is not a mail that can be read: it does not begin with header fields")
    members = Members(file, reader_for, "attachment")
    data = _LABEL.sub(_read_as, data.lstrip(b"\xef\xbb\xbf\r\n\t "))
    try:
        message = email.message_from_bytes(data, policy=email.policy.default)
        headers = {name: header(message, name) for name in ("Subject", *SHOWN)}
        body, attached = _parts(message, members)
        attachments = [_attachment(part, number) for number, part in enumerate(attached, start=1)]
    except DAMAGE as error:
        raise UnreadableDocument(
            f"is not a mail that can be read: {error or type(error).__name__}"
        ) from error
    read = [record for name, content in attachments for record in members.read(name, content)]
    yield mail_document(file, headers, body, unread=members.reasons())
    yield from read


def _read_as(word: re.Match[bytes]) -> bytes:
    """Return the beginning of an encoded word with the encoding that mail programs read its label as."""
    return b"=?%s?%s?" % ((codec_of(word[1].decode()) or word[1].decode()).encode(), word[2])


def header(message: Message, name: str) -> str:
    """Return a header field on one line; empty where there is none."""
    raw = next((str(value) for key, value in message.raw_items() if key.lower() == name.lower()), "")
    try:
        # Letters that nobody encoded are guessed as those of a text are.
        foreign = not raw.isascii() and decoded(raw.encode("ascii", "surrogateescape")).text
        return " ".join((foreign or str(message.get(name, ""))).split())
    except (*DAMAGE, UnreadableDocument):
        # Fields that are wrong beyond what the library mends.
        return " ".join(raw.encode("ascii", "replace").decode().split())


def body_of(data: bytes, members: Members) -> str | None:
    """Return the text of a page with its parts (MHT), which is laid out as a mail is; None where it cannot be read."""
    try:
        return _parts(email.message_from_bytes(data, policy=email.policy.default), members)[0] or None
    except DAMAGE:
        return None


def mail_document(file: SourceFile, headers: Mapping[str, str], body: str, *, unread: list[str]) -> Any:
    """Return a mail's document: who wrote to whom and when, then the body."""
    shown = [f"{name}: {headers[name]}" for name in SHOWN if headers.get(name)]
    title = headers.get("Subject", "")
    date = results.iso_date(headers.get("Date"))
    metadata: dict[str, Any] = {
        "from": headers.get("From", "")[:1_000],
        "to": results.several(_addresses(headers.get("To", ""))),
        "cc": results.several(_addresses(headers.get("Cc", ""))),
        "date": date,
        "subject": title[:1_000],
    }
    return file.document(
        text="\n\n".join(filter(None, ["  \n".join(shown), body])),
        title=title or file.stem,
        metadata={name: value for name, value in metadata.items() if value},
        unread=unread,
    )


def _addresses(field: str) -> list[str]:
    return [f"{name} <{address}>" if name else address for name, address in getaddresses([field]) if address]


def _parts(message: EmailMessage, members: Members) -> tuple[str, list[MIMEPart]]:
    """Return the body as Markdown, and what is attached; the richer of two forms of a body is read."""
    texts: list[str] = []
    attached: list[MIMEPart] = []
    for count, part in enumerate(_walk(message)):
        if count == _MOST_PARTS:
            break
        if part.get_content_maintype() == "image" and not part.is_attachment() and part.get("Content-ID"):
            continue  # a logo in the text
        if part.get_content_type() == "message/rfc822" or part.is_attachment() or part.get_filename():
            attached.append(part)
        elif part.get_content_maintype() == "text":
            texts.append(_text(part, members))
        elif part.get_content_maintype() not in ("image", "multipart"):
            attached.append(part)
    return "\n\n".join(filter(None, texts)), attached


def _walk(message: EmailMessage) -> Iterator[MIMEPart]:
    """Yield the parts that a mail program shows or offers, without a mail within the mail's own parts."""
    waiting: list[MIMEPart] = [message]
    while waiting:
        part = waiting.pop(0)
        kind = part.get_content_type()
        if part.is_multipart() and kind == "multipart/alternative":
            forms = list(part.iter_parts())
            html = [form for form in forms if _holds_html(form)]
            waiting[:0] = html[-1:] or forms[:1]
        elif part.is_multipart() and kind != "message/rfc822":
            waiting[:0] = list(part.iter_parts())
        else:
            yield part


def _holds_html(part: MIMEPart) -> bool:
    return any(each.get_content_type() == "text/html" for each in part.walk())


def _text(part: MIMEPart, members: Members) -> str:
    content = _content(part)
    is_page = part.get_content_type() == "text/html"
    named = (part.get_content_charset(), encoding_of(content) if is_page else None)
    read = decoded(content, labels=[label and _label(label) for label in named])
    for reason in read.unread:
        members.note(reason)
    return fragment(read.text) if is_page else read.text.strip()


def _label(charset: str) -> str:
    """Return an encoding's label as the web knows it; mails have Python's and others' names too."""
    try:
        return charset if codec_of(charset) else codecs.lookup(charset).name
    except (LookupError, ValueError):
        return charset


def _content(part: MIMEPart) -> bytes:
    payload = part.get_payload(decode=True)
    return payload if isinstance(payload, bytes) else b""


def _attachment(part: MIMEPart, number: int) -> tuple[str, bytes]:
    if part.get_content_type() == "message/rfc822":
        inner = next(iter(part.iter_parts()), None)
        if inner is not None and not inner.keys():
            # Against the standard, some programs encode a mail within the mail.
            inner["Content-Transfer-Encoding"] = str(part.get("Content-Transfer-Encoding", "8bit"))
            content = _content(inner)
        else:
            content = b"" if inner is None else inner.as_bytes()
        name = (
            part.get_filename() or (header(inner, "Subject") if inner is not None else "") or f"mail {number}"
        )
        return _ending(name, ".eml"), content
    name = path_of(part.get_filename() or "") or f"part {number}"
    return name, _content(part)


def _ending(name: str, ending: str) -> str:
    return name if name.lower().endswith(ending) else f"{name.replace('/', '-')}{ending}"
