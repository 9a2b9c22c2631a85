"""What is taken, what is not, and how much of it may wait: a real store."""

import io
from dataclasses import replace

import pytest

from rag.adapters.sql.stores import Stores
from rag.domain import Ingestion, IngestionStatus, Principal, Role
from rag.errors import BodyTooLarge, InvalidInput, RateLimited, UnreadableDocument, UnsupportedFormat
from rag.library.documents import FieldNames
from rag.library.intake import Intake, Room, plain_name


@pytest.fixture
def intake(stores: Stores) -> Intake:
    """Take texts and PDFs, five at a time."""
    return Intake(
        stores.ingestions, formats=[".txt", ".pdf"], room=Room(files=5, bytes=10_000, largest=5_000)
    )


def hand_in(
    intake: Intake, content: bytes, filename: str, *, tenant: str = "acme", uri: str = ""
) -> Ingestion:
    """Hand a file in."""
    principal = Principal(id="key-1", tenant=tenant, roles=frozenset(Role))
    return intake.file(io.BytesIO(content), filename=filename, principal=principal, uri=uri)


def test_what_is_not_taken(intake: Intake, stores: Stores) -> None:
    """Unknown kinds, nameless, empty and too large files, and a uri no database stores."""
    for content, filename, kind in (
        (b"x", "a.exe", UnsupportedFormat),
        (b"x", "pdf", UnsupportedFormat),
        (b"x", "", InvalidInput),
        (b"", "a.txt", UnreadableDocument),
        (b"x" * 5_001, "a.txt", BodyTooLarge),
    ):
        with pytest.raises(kind):
            hand_in(intake, content, filename)
    with pytest.raises(InvalidInput, match="NUL"):
        hand_in(intake, b"x", "a.txt", uri="a\0b")
    assert stores.ingestions.page(tenant="acme") == []


@pytest.mark.parametrize(
    "names",
    [
        ["a.txt", "b.txt", "a.txt"],
        ["x/a.txt", "y\\a.txt"],
        ["\u00fc.txt", "u\u0308.txt"],
        ["a.txt", " a.txt"],
    ],
)
def test_two_files_of_one_name(intake: Intake, names: list[str]) -> None:
    """One would replace the other, so neither is taken; names that differ in case are two."""
    with pytest.raises(InvalidInput, match=r"2 files of this request are called '.*\.txt'"):
        intake.check_names(names)
    intake.check_names(["a.txt", "A.txt", "b.txt"])


def test_what_fields_are_called_is_kept(intake: Intake, stores: Stores) -> None:
    """With the ingestion, for when the file is read; what is not named is not kept."""
    principal = Principal(id="key-1", tenant="acme", roles=frozenset(Role))
    taken = intake.file(
        io.BytesIO(b"x"), filename="a.txt", principal=principal, fields=FieldNames(text="answer", id="")
    )
    assert dict(taken.fields) == {"text": "answer"}
    assert stores.ingestions.get(taken.id, tenant="acme") == taken


def test_too_much_is_told_to_come_later(intake: Intake, stores: Stores) -> None:
    """By number and by size, each tenant for itself; once they are read there is room again."""
    for number in range(5):
        hand_in(intake, b"x", f"{number}.txt")
    with pytest.raises(RateLimited) as refused:
        hand_in(intake, b"x", "6.txt")
    assert refused.value.retry_after_s is not None
    hand_in(intake, b"x" * 5_000, "a.txt", tenant="other")
    hand_in(intake, b"x" * 5_000, "b.txt", tenant="other")
    with pytest.raises(RateLimited):
        hand_in(intake, b"x", "c.txt", tenant="other")
    for waiting in stores.ingestions.waiting(100):
        stores.ingestions.settle(replace(waiting, status=IngestionStatus.FAILED, reason="for a test"))
    hand_in(intake, b"x", "6.txt")


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("a.txt", "a.txt"),
        ("../../etc/passwd.txt", "passwd.txt"),
        ("C:\\docs\\a b.txt", "a b.txt"),
        ("a\0\r\n.txt", "a.txt"),
        ("Übersicht.PDF", "Übersicht.PDF"),
        ("U\u0308bersicht.pdf", "\u00dcbersicht.pdf"),
        ("x" * 300 + ".docx", "x" * 250 + ".docx"),
        ("..", ".."),
        ("", ""),
    ],
)
def test_names_are_plain(given: str, name: str) -> None:
    """Without folders and control characters, the ending kept."""
    assert plain_name(given) == name
