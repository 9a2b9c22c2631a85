"""Archives: each file in them read by its own reader."""

import io
import stat
import zipfile
from collections.abc import Mapping

import pytest
from doubles.word_files import failure, paragraph, records, word

from rag.domain import Document
from rag.library.documents import ReadFailure


def packed(files: Mapping[str, bytes | str]) -> bytes:
    """Return an archive of these files."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return out.getvalue()


def texts(data: bytes) -> dict[str, str]:
    """Return uri -> text or reason of what an archive holds."""
    return {
        each.uri.removeprefix("upload:a.zip"): each.text if isinstance(each, Document) else each.reason
        for each in records("a.zip", data)
    }


def test_members() -> None:
    """Each member is a document with its path in its uri; a table's rows have theirs behind it."""
    found = texts(
        packed(
            {
                "docs/a.txt": "A text.",
                "docs/Ünï.docx": word(paragraph("A word.")),
                "faq.csv": "id,text\n7,An answer\n",
                "__MACOSX/docs/._a.txt": "clutter",
                "docs/.DS_Store": "clutter",
                "x.bin": "?",
                "README": "no ending",
            }
        )
    )

    assert found == {
        "#docs%2Fa.txt": "A text.",
        "#docs%2F%C3%9Cn%C3%AF.docx": "A word.",
        "#faq.csv#7": "An answer",
        "#x.bin": "ends in '.bin', for which there is no reader",
        "#README": "has no ending that tells its kind",
    }


def test_title_is_the_members() -> None:
    """A member without a title is called as its file, not as the archive."""
    (made,) = records("a.zip", packed({"docs/Opening hours.txt": "Nine to five."}))

    assert isinstance(made, Document)
    assert (made.title, made.source) == ("Opening hours", "upload:a.zip")


@pytest.mark.parametrize("name", ["../../etc/a.txt", "/etc/a.txt", "..\\etc\\a.txt", "etc/../../etc/a.txt"])
def test_paths_lead_nowhere(name: str) -> None:
    """A path is part of a uri and no place on a disk: roots and steps upwards are gone."""
    assert texts(packed({name: "text"})) == {"#etc%2Fa.txt": "text"}


def test_links_and_locked_members_are_told() -> None:
    """A link is not followed, a locked member not guessed; both are told."""
    link = zipfile.ZipInfo("link.txt")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(link, "/etc/passwd")
        archive.writestr("locked.txt", "secret")
    data = bytearray(out.getvalue())
    data[data.rindex(b"PK\x01\x02") + 8] |= 1

    assert texts(bytes(data)) == {
        "#link.txt": "is a link, and links in archives are not followed",
        "#locked.txt": "is encrypted; pack it without a password",
    }


def test_archives_in_archives_end_somewhere() -> None:
    """Archives within archives are opened to a depth; below it they are told."""
    data = packed({"a.txt": "text"})
    for _ in range(6):
        data = packed({"in.zip": data, "b.txt": "beside"})

    found = texts(data)

    assert sum(text == "beside" for text in found.values()) == 3
    assert list(found.values())[-1] != "text"
    assert "lies in more than 3 files around it; unpack them first" in found.values()


def test_bombs() -> None:
    """What unpacks to far too much, or to very many files, is turned away unopened; so is one large member."""
    big = packed({"a.txt": b"0" * 5_000_000})

    assert (
        failure("a.zip", big, max_bytes=1_000_000)
        == "unpacks to 5,000,000 bytes, which is too much; split it"
    )
    (large,) = records("a.zip", packed({"a.txt": b"0" * 2_000_000}), max_bytes=1_000_000)
    assert isinstance(large, ReadFailure)
    assert large.reason == "has 2,000,000 bytes, more than the limit of 1,000,000"
    many = packed({f"{number}.txt": "" for number in range(10_001)})
    assert failure("a.zip", many) == "holds 10,001 files, more than 10,000; split it"


def test_lies_about_sizes() -> None:
    """A member that says it is small and unpacks to much is damaged, and not unpacked."""
    data = packed({"a.txt": b"0" * 3_000_000})
    lied = data.replace((3_000_000).to_bytes(4, "little"), (10).to_bytes(4, "little"))

    (made,) = records("a.zip", lied)

    assert isinstance(made, ReadFailure)
    assert made.reason.startswith("is damaged in the archive")


def test_what_is_no_archive() -> None:
    """Foreign, damaged and empty archives fail with a reason; one damaged member fails alone."""
    whole = packed({"a.txt": "text " * 50, "b.txt": "other"})
    at = whole.index(b"a.txt") + 8

    assert failure("a.zip", b"text").startswith("is not a ZIP that can be read")
    assert failure("a.zip", packed({})) == "holds no files"
    found = texts(whole[:at] + b"\xff\xff\xff" + whole[at + 3 :])
    assert found["#a.txt"].startswith("is damaged in the archive")
    assert found["#b.txt"] == "other"


def test_names_in_utf_8_that_nobody_announced() -> None:
    """A name that is UTF-8 is read as such, though the archive does not say so; others are of old systems."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("XXa.txt", "one")
        archive.writestr("Yb.txt", "two")
    data = out.getvalue().replace(b"XXa.txt", "äa.txt".encode()).replace(b"Yb.txt", b"\x84b.txt")

    assert ["upload:a.zip#%C3%A4a.txt", "upload:a.zip#%C3%A4b.txt"] == [
        each.uri for each in records("a.zip", data)
    ]
