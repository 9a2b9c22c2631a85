"""Forms with files, as browsers, programs and scripts write them.

A form says of each part what it is called, and of a file how it is called. RFC 7578 knows one way to write that, which
browsers follow. Programs also write names as RFC 5987 (``filename*=utf-8''...``) and as RFC 2047 (``=?utf-8?...?=``).
"""

import re
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from email.message import Message
from email.utils import collapse_rfc2231_value
from urllib.parse import unquote

from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request
from typing_extensions import override

from rag.errors import InvalidInput

_KIND = "multipart/form-data"
_ENCODED_WORD = re.compile(r"=\?[\w-]{1,40}\?[bq]\?[^?]*\?=", re.IGNORECASE)
_BROWSERS = re.compile("%(22|0D|0A)", re.IGNORECASE)  # a quote and line ends, which would end a name


@dataclass(frozen=True, kw_only=True, slots=True)
class Form:
    """What a form holds."""

    files: tuple[UploadFile, ...]
    texts: dict[str, str]  # name -> text of the parts that are none


@asynccontextmanager
async def form_of(
    request: Request, *, texts: Collection[str], most_files: int, most_bytes: int
) -> AsyncIterator[Form]:
    """Yield a request's form; its files are closed afterwards.

    Args:
        request: whose body is read.
        texts: names of parts that are text, also where they are sent as files.
        most_files: that it may have.
        most_bytes: of a part that is no file.

    Raises:
        InvalidInput: it is no form, or has more than it may.
    """
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != _KIND:
        raise InvalidInput(f"Send one or several files as {_KIND}, e.g. curl -F file=@faq.pdf.")
    parser = _Parser(
        request.headers,
        request.stream(),
        max_files=most_files + len(texts),
        max_fields=2 * len(texts),
        max_part_size=most_bytes,
    )
    try:
        form = await parser.parse()
    except MultiPartException as error:
        raise InvalidInput(f"The form cannot be read: {error.message}") from error
    try:
        if not parser.ended:
            raise InvalidInput("The form breaks off before its last boundary; send it whole.")
        files: list[UploadFile] = []
        found: dict[str, str] = {}
        for name, part in form.multi_items():
            if isinstance(part, UploadFile) and name not in texts:
                files.append(part)
                continue
            if isinstance(part, str) and name == "file":
                raise InvalidInput("A part called file has no file name, whose ending tells its format.")
            if name in found and name in texts:
                raise InvalidInput(f"{name} was given twice; give it once.")
            found[name] = part if isinstance(part, str) else await _text(name, part, most_bytes)
        if len(files) > most_files:
            raise InvalidInput(f"{len(files)} files are more than the {most_files} that go into one request.")
        yield Form(files=tuple(files), texts=found)
    finally:
        await form.close()


async def _text(name: str, part: UploadFile, most_bytes: int) -> str:
    content = await part.read(most_bytes + 1)
    if len(content) > most_bytes:
        raise InvalidInput(f"{name} has more than the {most_bytes:,} bytes that are accepted.")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InvalidInput(f"{name} is not UTF-8 text.") from None


class _Parser(MultiPartParser):
    """Knows every way to write a file's name, and whether the form came to its end."""

    ended = False

    @override
    def on_end(self) -> None:
        self.ended = True

    @override
    def on_headers_finished(self) -> None:
        part = self._current_part
        header = part.content_disposition or b""
        name = file_name(_decoded(header))
        if name is not None:
            # It takes a part for a file by this spelling alone.
            part.content_disposition = header + b'; filename="-"'
        super().on_headers_finished()
        if name is not None and part.file is not None:
            part.file.filename = name


def file_name(disposition: str) -> str | None:
    """Return the file name of a Content-Disposition, however it is written; None where it has none."""
    field = Message()
    field["Content-Disposition"] = disposition
    named = [
        value for name, value in field.get_params([], "content-disposition") if name.lower() == "filename"
    ]
    if not named:
        return None
    # Where a name is written both ways, the longer way is there for what the shorter one cannot say.
    extended = next((value for value in named if isinstance(value, tuple)), None)
    if extended is not None:
        return collapse_rfc2231_value(extended)
    name = str(named[0])
    return _of_words(name) if _ENCODED_WORD.search(name) else _of_percents(name)


def _of_words(name: str) -> str:
    try:
        return str(make_header(decode_header(name)))
    except (HeaderParseError, LookupError, ValueError):
        return name


def _of_percents(name: str) -> str:
    """Return a name as it was before percent signs were put in.

    Browsers write three letters so and leave all others; a program that writes others than ASCII so writes all.
    """
    try:
        whole = unquote(name, errors="strict")
    except UnicodeDecodeError:
        whole = name
    if not whole.isascii() and name.isascii():
        return whole
    return _BROWSERS.sub(lambda found: unquote(found[0]), name)


def _decoded(header: bytes) -> str:
    try:
        return header.decode()
    except UnicodeDecodeError:
        return header.decode("latin-1")
