"""Forms with files, byte by byte as clients send them."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from starlette.requests import Request

from rag.api.wire.forms import file_name, form_of
from rag.errors import InvalidInput

TEXTS = ("uri", "metadata")


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ('filename="faq.pdf"', "faq.pdf"),
        ("filename=faq.pdf", "faq.pdf"),
        ('filename="Übersicht.txt"', "Übersicht.txt"),
        ("filename*=utf-8''%C3%9Cx.txt", "Üx.txt"),
        ("filename*=UTF-8'de'%e2%82%ac%20rates.txt", "€ rates.txt"),
        ("filename*=iso-8859-1''%A3%20rates.txt", "£ rates.txt"),
        ("filename=\"Ux.txt\"; filename*=utf-8''%C3%9Cx.txt", "Üx.txt"),
        ("filename*=utf-8''%C3%9Cx.txt; filename=\"Ux.txt\"", "Üx.txt"),
        ("FileName*=utf-8''%C3%9Cx.txt", "Üx.txt"),
        ("filename*0*=utf-8''%C3%9C; filename*1=\"x.txt\"", "Üx.txt"),
        ("filename*=none''x.txt", "x.txt"),
        ('filename="=?utf-8?B?w5x4LnR4dA==?="', "Üx.txt"),
        ('filename="=?UTF-8?Q?=C3=9Cx_y.txt?="', "Üx y.txt"),
        ('filename="=?utf-8?B?w5w=?= =?utf-8?B?eC50eHQ=?="', "Üx.txt"),
        ('filename="=?none?B?w5x4LnR4dA==?="', "=?none?B?w5x4LnR4dA==?="),
        ('filename="=?utf-8?B?w?="', "=?utf-8?B?w?="),
        ('filename="%C3%9Cx%20y.txt"', "Üx y.txt"),
        ('filename="a %22b%22.txt"', 'a "b".txt'),
        ('filename="100%25 a%20b.txt"', "100%25 a%20b.txt"),
        ('filename="50%.txt"', "50%.txt"),
        (r'filename="a \"b\".txt"', 'a "b".txt'),
        (r'filename="C:\docs\a.txt"', r"C:\docs\a.txt"),
        ('filename="a;b.txt"', "a;b.txt"),
        ('filename=""', ""),
        ("", None),
        ("file=x", None),
    ],
)
def test_names_of_files(written: str, name: str | None) -> None:
    """However a client writes it, it is the name that the file has."""
    assert file_name(f'form-data; name="file"; {written}') == name


def request(*parts: tuple[str, bytes], kind: str = "multipart/form-data; boundary=B") -> Request:
    """Make a request whose parts have these headers and contents."""
    body = b"".join(
        b"--B\r\nContent-Disposition: form-data; " + header.encode() + b"\r\n\r\n" + content + b"\r\n"
        for header, content in parts
    )
    messages = [{"type": "http.request", "body": body + b"--B--\r\n", "more_body": False}]

    async def receive() -> dict[str, Any]:
        return messages.pop(0)

    return Request({"type": "http", "method": "POST", "headers": [(b"content-type", kind.encode())]}, receive)


async def read(*parts: tuple[str, bytes], **more: Any) -> tuple[list[tuple[str, bytes]], dict[str, str]]:
    """Return the names and contents of a form's files, and its texts."""
    given: dict[str, Any] = {"texts": TEXTS, "most_files": 2, "most_bytes": 20} | more
    async with form_of(request(*parts), **given) as form:
        return [(file.filename or "", await file.read()) for file in form.files], form.texts


pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    """The one that serves."""
    return "asyncio"


async def test_files_and_texts() -> None:
    """A part with a file name, however it is written, is a file; the others are texts."""
    files, texts = await read(
        ("name=\"file\"; filename*=utf-8''%C3%9Cx.txt", b"one"),
        ('name="other"; filename="ü.txt"', b"two"),
        ('name="uri"', "ü".encode()),
        ('name="unknown"', b"x"),
    )
    assert files == [("Üx.txt", b"one"), ("ü.txt", b"two")]
    assert texts == {"uri": "ü", "unknown": "x"}


@pytest.mark.parametrize(
    "written", ['; filename="meta.json"', '; filename="blob"\r\nContent-Type: application/json', ""]
)
async def test_a_text_that_is_sent_as_a_file(written: str) -> None:
    """Programs send JSON as files; it is no document."""
    files, texts = await read(
        ('name="file"; filename="a.txt"', b"x"), (f'name="metadata"{written}', b'\xef\xbb\xbf{"a": 1}')
    )
    assert [name for name, _ in files] == ["a.txt"]
    assert texts["metadata"].lstrip("\ufeff") == '{"a": 1}'


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        ([('name="file"', b"x")], "has no file name"),
        ([('name="uri"', b"a"), ('name="uri"', b"b")], "uri was given twice"),
        ([('name="uri"; filename="a"', b"a"), ('name="uri"', b"b")], "uri was given twice"),
        ([('name="metadata"; filename="a"', b"x" * 21)], "more than the 20 bytes"),
        ([('name="metadata"', b"x" * 21)], "cannot be read"),
        ([('name="metadata"; filename="a"', b"\xff")], "not UTF-8"),
        ([(f'name="f"; filename="{number}"', b"x") for number in range(3)], "3 files are more than the 2"),
        ([(f'name="f"; filename="{number}"', b"x") for number in range(9)], "Too many files"),
        ([('filename="a"', b"x")], '"name" must be provided'),
        ([('name="f"; filename="' + "a" * 9_000 + '"', b"x")], "cannot be read"),
    ],
)
async def test_what_is_refused(parts: list[tuple[str, bytes]], said: str) -> None:
    """With what is wrong."""
    with pytest.raises(InvalidInput, match=said):
        await read(*parts)


async def test_what_is_no_form() -> None:
    """Other bodies say how it is done."""
    for kind in ("application/json", "", "application/x-www-form-urlencoded"):
        with pytest.raises(InvalidInput, match="multipart/form-data"):
            async with form_of(request(kind=kind), texts=TEXTS, most_files=1, most_bytes=1):
                pass


async def test_files_are_closed() -> None:
    """Also where the work on them fails."""
    kept = []
    with pytest.raises(ZeroDivisionError):
        async with form_of(
            request(('name="f"; filename="a"', b"x")), texts=TEXTS, most_files=1, most_bytes=9
        ) as form:
            kept.append(form.files[0])
            raise ZeroDivisionError
    assert kept[0].file.closed


async def test_a_body_that_breaks_off() -> None:
    """What came of it is not taken for all of it."""

    async def half() -> AsyncIterator[bytes]:
        yield b'--B\r\nContent-Disposition: form-data; name="f"; filename="a.txt"\r\n\r\nx\r\n--B\r\n'

    broken = request()
    broken.stream = half  # type: ignore[method-assign, assignment]
    with pytest.raises(InvalidInput, match="breaks off"):
        async with form_of(broken, texts=TEXTS, most_files=1, most_bytes=1):
            pass
