"""Locations: files, folders, and what is passed over or reported."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from rag.adapters.readers import FORMATS, read, source_of
from rag.adapters.readers.folders import files_below
from rag.domain import Document
from rag.errors import NotFound, UnsupportedFormat
from rag.library.documents import FieldNames, ReadFailure

LIMIT = 100_000


def records(
    location: Path | str, max_bytes: int = LIMIT, fields: FieldNames | None = None
) -> list[Document | ReadFailure]:
    """Read everything at a location."""
    return list(read(str(location), tenant="acme", max_bytes=max_bytes, fields=fields))


def failures(found: list[Document | ReadFailure]) -> dict[str, str]:
    """Return the last part of the uri -> reason."""
    return {one.uri.rpartition("/")[2]: one.reason for one in found if isinstance(one, ReadFailure)}


def titles(found: list[Document | ReadFailure]) -> list[str]:
    """Return the titles of the documents."""
    return [one.title for one in found if isinstance(one, Document)]


def test_a_single_file(tmp_path: Path) -> None:
    """One file gives one document with an absolute uri, the tenant, and the source for pruning."""
    path = tmp_path / "a note.txt"
    path.write_text("Hello.\n")

    (document,) = records(path)

    assert isinstance(document, Document)
    assert document.uri == path.as_uri()
    assert document.uri.endswith("/a%20note.txt")
    assert document.source == source_of(str(path)) == path.as_uri()
    assert (document.tenant, document.title, document.text) == ("acme", "a note", "Hello.\n")
    assert document.id == Document.id_for("acme", path.as_uri())


def test_a_relative_location_is_the_same_document(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether the folder is named relatively or absolutely changes no uri and no source."""
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "a.txt").write_text("text")
    expected = records(tmp_path / "docs")
    monkeypatch.chdir(tmp_path / "docs")

    (actual,) = records("../docs/.")

    assert isinstance(actual, Document)
    assert [(actual.uri, actual.source)] == [
        (one.uri, one.source) for one in expected if isinstance(one, Document)
    ]
    assert source_of("../docs/.") == actual.source


def test_a_folder_in_order_without_what_is_hidden(tmp_path: Path) -> None:
    """All below a folder, sorted, hidden files and Word's lock files passed over, unknown kinds reported."""
    for name in (
        "b.md",
        "a.txt",
        "c/d.txt",
        ".hidden.txt",
        ".git/config.txt",
        "~$letter.docx",
        "x.bin",
        "README",
    ):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(f"text of {name}")

    found = records(tmp_path)

    assert titles(found) == ["a", "b", "d"]
    assert failures(found).keys() == {"x.bin", "README"}
    assert "'.bin'" in failures(found)["x.bin"]
    assert ".docx" in failures(found)["x.bin"]
    assert "without an ending" in failures(found)["README"]
    assert [one.uri for one in found] == sorted(one.uri for one in found)


def test_one_unknown_file_names_the_known_kinds(tmp_path: Path) -> None:
    """A single file of an unknown kind is an error at once, and it tells which kinds there are."""
    path = tmp_path / "plan.dwg"
    path.write_text("x")

    with pytest.raises(UnsupportedFormat, match=r"plan\.dwg: .*'\.dwg'") as caught:
        read(str(path), tenant="acme", max_bytes=LIMIT)

    assert all(ending in str(caught.value) for ending in FORMATS)


def test_nothing_there(tmp_path: Path) -> None:
    """A location that does not exist is an error at once, before anything is pruned."""
    with pytest.raises(NotFound, match="no file or folder"):
        read(str(tmp_path / "gone"), tenant="acme", max_bytes=LIMIT)


def test_an_empty_folder_gives_nothing(tmp_path: Path) -> None:
    """An empty folder yields no record."""
    assert records(tmp_path) == []


def test_broken_files_do_not_stop_the_others(tmp_path: Path) -> None:
    """Each broken file fails with its own reason, and the good one is read."""
    (tmp_path / "picture.txt").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(range(256)))
    (tmp_path / "blank.md").write_text(" \n\n")
    (tmp_path / "large.txt").write_text("x" * 2001)
    (tmp_path / "broken.pdf").write_bytes(b"%PDF-1.4\nnonsense")
    (tmp_path / "broken.docx").write_bytes(b"PK\x03\x04nonsense")
    (tmp_path / "broken.json").write_text("{")
    (tmp_path / "good.txt").write_text("good")

    found = records(tmp_path, max_bytes=2000)

    assert titles(found) == ["good"]
    reasons = failures(found)
    assert reasons["picture.txt"] == "is not text in any encoding that is known; save it as UTF-8"
    assert reasons["blank.md"] == "holds no text"
    assert reasons["large.txt"].startswith("has 2,001 bytes, more than the limit of 2,000")
    assert reasons["broken.pdf"].startswith("is not a PDF that can be read")
    assert reasons["broken.docx"].startswith("is not a DOCX that can be read")
    assert reasons["broken.json"].startswith("is not JSON")


def test_a_file_of_exactly_the_limit_is_read(tmp_path: Path) -> None:
    """The limit is the largest size that is still read."""
    (tmp_path / "a.txt").write_text("x" * 2000)

    assert titles(records(tmp_path, max_bytes=2000)) == ["a"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_unicode_encodings(tmp_path: Path, encoding: str) -> None:
    """UTF-8 with and without a byte order mark and UTF-16 with one give the same text."""
    (tmp_path / "a.txt").write_bytes("naïve 漢字\r\nnext".encode(encoding))

    (document,) = records(tmp_path)

    assert isinstance(document, Document)
    assert document.text == "naïve 漢字\nnext"


def test_links_leading_outside_are_not_followed(tmp_path: Path) -> None:
    """A folder gives nothing away that lies elsewhere; links that lead outside or nowhere are reported."""
    outside = tmp_path / "outside"
    root = tmp_path / "root"
    outside.mkdir()
    root.mkdir()
    (outside / "secret.txt").write_text("secret")
    (root / "a.txt").write_text("a")
    (root / "file.txt").symlink_to(outside / "secret.txt")
    (root / "folder").symlink_to(outside)
    (root / "loop").symlink_to(root)
    (root / "again.txt").symlink_to(root / "a.txt")
    (root / "dangling.txt").symlink_to(root / "gone.txt")

    found = records(root)

    assert titles(found) == ["a"]
    assert failures(found) == {
        "file.txt": "is a link that leads outside the folder; not followed",
        "folder": "is a link that leads outside the folder; not followed",
        "dangling.txt": "is a link that leads nowhere",
    }


def test_links_to_hidden_places_inside_are_followed(tmp_path: Path) -> None:
    """A mounted ConfigMap shows its files as links into a hidden folder."""
    (tmp_path / "..2024").mkdir()
    (tmp_path / "..2024" / "a.txt").write_text("mounted")
    (tmp_path / "a.txt").symlink_to(tmp_path / "..2024" / "a.txt")

    (document,) = records(tmp_path)

    assert isinstance(document, Document)
    assert (document.uri, document.text) == ((tmp_path / "a.txt").as_uri(), "mounted")


def test_links_to_hidden_folders_inside_are_followed(tmp_path: Path) -> None:
    """A folder that is switched by a link: its files are read, below the link's name, with all below it."""
    (tmp_path / ".versions" / "v2" / "sub").mkdir(parents=True)
    (tmp_path / ".versions" / "v2" / "a.txt").write_text("a")
    (tmp_path / ".versions" / "v2" / "sub" / "b.txt").write_text("b")
    (tmp_path / ".versions" / "v2" / ".hidden.txt").write_text("no")
    (tmp_path / "current").symlink_to(tmp_path / ".versions" / "v2")

    found = records(tmp_path)

    assert [one.uri.removeprefix(tmp_path.as_uri()) for one in found] == [
        "/current/a.txt",
        "/current/sub/b.txt",
    ]


def test_what_several_links_lead_to_is_read_once(tmp_path: Path) -> None:
    """Folders and files behind links are met under the first name alone, and circles end."""
    hidden = tmp_path / ".data"
    (hidden / "sub").mkdir(parents=True)
    (hidden / "a.txt").write_text("a")
    (hidden / "sub" / "b.txt").write_text("b")
    (hidden / "sub" / "up").symlink_to(hidden)
    (hidden / "around").symlink_to(tmp_path)
    for name, target in (("1", hidden / "sub"), ("2", hidden), ("3", hidden), ("4.txt", hidden / "a.txt")):
        (tmp_path / name).symlink_to(target)
    (tmp_path / "5").mkdir()
    (tmp_path / "5" / "c.txt").write_text("c")
    (tmp_path / "6").symlink_to(tmp_path / "5")

    found = records(tmp_path)

    assert sorted(titles(found)) == ["a", "b", "c"]
    assert failures(found) == {}


def test_a_circle_of_links_leads_nowhere(tmp_path: Path) -> None:
    """Links that lead to each other are named, and end."""
    (tmp_path / "a.txt").symlink_to(tmp_path / "b.txt")
    (tmp_path / "b.txt").symlink_to(tmp_path / "a.txt")

    assert failures(records(tmp_path)) == dict.fromkeys(("a.txt", "b.txt"), "is a link that leads nowhere")


def test_folders_nested_deeper_than_calls_may_be(tmp_path: Path) -> None:
    """Fifteen hundred folders in each other are walked through."""
    folder = os.open(tmp_path, os.O_RDONLY)
    for _ in range(1_500):
        os.mkdir("d", dir_fd=folder)
        below = os.open("d", os.O_RDONLY, dir_fd=folder)
        os.close(folder)
        folder = below
    os.close(os.open("deep.txt", os.O_CREAT | os.O_WRONLY, dir_fd=folder))
    os.close(folder)

    try:
        assert [entry.name for entry in files_below(tmp_path) if isinstance(entry, Path)] == ["deep.txt"]
    finally:
        subprocess.run(["rm", "-r", str(tmp_path / "d")], check=True)  # Python's own way goes by calls


def test_a_location_that_is_a_link_keeps_its_name(tmp_path: Path) -> None:
    """A link that is set to a new version of the folder keeps the documents' uris."""
    (tmp_path / "v1").mkdir()
    (tmp_path / "v1" / "a.txt").write_text("one")
    (tmp_path / "current").symlink_to(tmp_path / "v1")

    (document,) = records(tmp_path / "current")

    assert document.uri == (tmp_path / "current" / "a.txt").as_uri()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no pipes with names")
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    """Opening a pipe nobody writes to would hang for ever."""
    os.mkfifo(tmp_path / "pipe.txt")

    assert failures(records(tmp_path)) == {"pipe.txt": "is not a regular file"}


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_what_may_not_be_read_is_reported(tmp_path: Path) -> None:
    """No permission: a failure with the system's words, for files and for folders."""
    (tmp_path / "a.txt").write_text("a")
    (tmp_path / "a.txt").chmod(0)
    (tmp_path / "folder").mkdir(mode=0)

    reasons = failures(records(tmp_path))

    assert reasons.keys() == {"a.txt", "folder"}
    assert all("Permission denied" in reason for reason in reasons.values())


def test_a_file_name_that_is_not_unicode(tmp_path: Path) -> None:
    """A name in another encoding does not stop the reading; its title shows where letters are missing."""
    name = os.fsencode(tmp_path) + b"/stra\xdfe.txt"
    Path(os.fsdecode(name)).write_text("text")

    (document,) = records(tmp_path)

    assert isinstance(document, Document)
    assert document.uri.endswith("/stra%DFe.txt")
    assert document.title == "stra\ufffde"


WIDE = {f"n{number}": "x" for number in range(20_000)}


@pytest.mark.parametrize(
    ("metadata", "reason"),
    [
        (WIDE, "20,000 names of metadata, more than the 100 that"),
        ({"n" * 201: "x"}, "201 characters in a name of metadata"),
        ({"n": "x" * 4_001}, "4,001 characters in a value of metadata"),
        ({f"n{number}": "x" * 1_998 for number in range(9)}, "18,000 characters of metadata"),
    ],
    ids=["number", "name", "value", "total"],
)
@pytest.mark.parametrize("kind", ["csv", "json", "jsonl", "beir"])
def test_too_much_metadata_fails_alone(
    tmp_path: Path, kind: str, metadata: dict[str, str], reason: str
) -> None:
    """Whatever carries it: that record fails and says why, the others are read."""
    rows = [{"text": "before"}, {"text": "too much"} | metadata, {"text": "after", "team": "a"}]
    if kind == "csv":
        header = ["text", *metadata]
        lines = [header, ["before"], ["too much", *metadata.values()], ["after"]]
        (tmp_path / "a.csv").write_text("\n".join(map(",".join, lines)))
    elif kind == "json":
        (tmp_path / "a.json").write_text(json.dumps(rows))
    else:
        name = "corpus.jsonl" if kind == "beir" else "a.jsonl"
        if kind == "beir":
            rows = [row | {"_id": str(number)} for number, row in enumerate(rows)]
        (tmp_path / name).write_text("\n".join(map(json.dumps, rows)))

    found = records(tmp_path, max_bytes=1_000_000)

    assert [one.text if isinstance(one, Document) else "" for one in found] == ["before", "", "after"]
    assert isinstance(found[1], ReadFailure)
    assert reason in found[1].reason


def test_a_uri_without_end_fails_alone(tmp_path: Path) -> None:
    """It is kept with every passage as metadata is."""
    (tmp_path / "a.csv").write_text(f"id,text\n{'i' * 10_000},long\n2,short\n")

    found = records(tmp_path)

    assert [type(one) for one in found] == [ReadFailure, Document]
