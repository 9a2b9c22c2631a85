"""A folder into an installation, read by several processes: in order, resumable, whatever the files do."""

import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from rag.bootstrap import Installation, open_installation
from rag.domain import Document
from rag.library.syncing import SyncReport
from rag.settings import Settings


@pytest.fixture
def installation(tmp_path: Path) -> Iterator[Installation]:
    """An empty home; two processes read, with little memory and time."""
    settings = Settings(
        _env_file=None,
        home=tmp_path / "home",
        ingest_processes=2,
        parse_memory_bytes=400_000_000,
        parse_timeout_s=20,
        max_file_bytes=20_000_000,
    )
    with open_installation(settings) as opened:
        yield opened


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    """A folder of notes, some long enough to be split."""
    folder = tmp_path / "docs"
    folder.mkdir()
    for number in range(40):
        words = f"Note {number} says one thing. " * (1 + 60 * (number % 3 == 0))
        (folder / f"{number:02}.md").write_text(f"# Note {number}\n\n{words}")
    return folder


def quiet(_done: int, _total: int, _what: str) -> None:
    """Show nothing."""


def ingest(installation: Installation, docs: Path, **how: Any) -> SyncReport:
    """Ingest a folder."""
    return installation.ingest(str(docs), prune=False, progress=quiet, **how)


def children() -> list[psutil.Process]:
    """Return the processes left that read or split for this one, but for those of other tests' services.

    One that was just being started when its run was broken off ends by itself as soon as it is there.
    """
    _, alive = psutil.wait_procs([each for each in _readers() if each.pid not in _OTHERS], timeout=5)
    return list(alive)


_OTHERS: set[int] = set()


@pytest.fixture(autouse=True)
def others() -> None:
    """Note what services that tests share have running before a test begins."""
    _OTHERS.clear()
    _OTHERS.update(each.pid for each in _readers())


def _readers() -> list[psutil.Process]:
    mine = psutil.Process().children()
    return [each for each in mine if "rag.adapters.parsing.worker" in each.cmdline()]


def test_several_processes_give_what_one_gives(
    installation: Installation, docs: Path, tmp_path: Path
) -> None:
    """The same documents and passages, whatever was ready first; no process is left."""
    (docs / "00.csv").write_text("id,text\n" + "".join(f"{number},Row {number}.\n" for number in range(50)))
    report = ingest(installation, docs)
    assert (report.added, report.failed) == (90, ())
    assert children() == []
    settings = installation.settings.model_copy(update={"home": tmp_path / "other", "ingest_processes": 1})
    with open_installation(settings) as other:
        assert ingest(other, docs).passages == report.passages
        assert other.stores.documents.passage_ids() == installation.stores.documents.passage_ids()


def test_progress_counts_files_and_names_them(installation: Installation, docs: Path) -> None:
    """How many there are is known from the first file on."""
    told: list[tuple[int, int, str]] = []
    installation.ingest(str(docs), prune=False, progress=lambda *given: told.append(given))
    what = f"ingest {docs}"
    assert told[0] == (0, 0, what)
    assert told[1:] == [(number + 1, 40, f"{what}\n{number:02}.md") for number in range(40)]


def test_hostile_files_fail_and_the_others_are_read(installation: Installation, docs: Path) -> None:
    """Bombs, deep nesting, external entities, endless tables, noise: each with a reason, and all notes are there."""
    for_one = "<?xml version='1.0'?><!DOCTYPE x [<!ENTITY e SYSTEM 'file:///etc/passwd'>"
    laughs = "".join(f"<!ENTITY l{n} '{f'&l{n - 1};' * 10}'>" for n in range(1, 10))
    body = "<w:document xmlns:w='http://schemas.openxmlformats.org/wordprocessingml/2006/main'><w:body><w:p><w:r><w:t>"
    tail = "</w:t></w:r></w:p></w:body></w:document>"
    words = {
        "05-bomb.docx": "<a>" + " " * 300_000_000 + "</a>",
        "06-laughs.docx": f"<!DOCTYPE x [<!ENTITY l0 'ha'>{laughs}]>{body}&l9;{tail}",
        "07-entity.docx": f"{for_one}]>{body}&e;{tail}",
        "08-deep.docx": body + "<w:p>" * 200_000 + tail,
    }
    for name, document in words.items():
        with zipfile.ZipFile(docs / name, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("[Content_Types].xml", "<Types/>")
            archive.writestr("word/document.xml", document)
    (docs / "10-deep.json").write_text("[" * 1_000_000)
    (docs / "11-deep.html").write_text("<div>" * 100_000 + "bottom")
    (docs / "12-noise.pdf").write_bytes(b"%PDF-1.7\n" + bytes(range(256)) * 1_000)
    (docs / "13-large.txt").write_bytes(b"x" * 20_000_001)
    (docs / "14-records.jsonl").write_text('{"text": "' + "x" * 400 + '"}\n' * 1)

    report = ingest(installation, docs)

    failed = {each.uri.rpartition("/")[2]: each.reason for each in report.failed}
    assert {"05-bomb.docx", "12-noise.pdf", "13-large.txt", "10-deep.json"} <= failed.keys()
    assert all(len(reason) > 10 for reason in failed.values())
    assert not any("root:" in each.text for each in installation.stores.documents.page(tenant="default"))
    titles = {each.title for each in installation.stores.documents.page(tenant="default")}
    assert {f"Note {number}" for number in range(40)} <= titles
    assert children() == []


def test_a_run_that_was_broken_off_is_finished_by_the_next(installation: Installation, docs: Path) -> None:
    """What was written stays, no process is left, and the next run reads only the rest."""
    for number in range(40, 400):
        (docs / f"{number}.md").write_text(f"# Note {number}\n\nShort.")

    def interrupt(done: int, _total: int, _what: str) -> None:
        if done == 300:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        installation.ingest(str(docs), prune=False, progress=interrupt)
    assert children() == []
    there = installation.stores.documents.count()
    assert 0 < there < 300

    report = ingest(installation, docs)
    assert (report.added, report.unchanged) == (400 - there, there)
    assert installation.stores.readings.below(docs.as_uri(), tenant="default").keys() == {
        (docs / name).as_uri() for name in (each.name for each in docs.iterdir())
    }


def test_strict_counts_unknown_kinds(installation: Installation, docs: Path) -> None:
    """Passed over and counted by default; with strict each is a failure that names the known kinds."""
    (docs / "logo.png").write_bytes(b"\x89PNG")
    (docs / "logo.PNG").write_bytes(b"\x89PNG")
    (docs / "tool.bin").write_bytes(b"\x00")
    assert ingest(installation, docs).passed_over == {".png": 2, ".bin": 1}
    strict = ingest(installation, docs, strict=True)
    assert (len(strict.failed), strict.passed_over) == (3, {})
    assert "WHETSTONE_OCR" in strict.failed[0].reason
    assert ".docx" in strict.failed[2].reason


def test_a_picture_that_is_named_is_no_part_of_a_folder(installation: Installation, docs: Path) -> None:
    """Without OCR it fails, and the reason says what reads it."""
    (docs / "logo.png").write_bytes(b"\x89PNG")
    (failure,) = ingest(installation, docs / "logo.png").failed
    assert "WHETSTONE_OCR" in failure.reason


def test_what_was_read_is_kept_from_deleted_files_alone(installation: Installation, docs: Path) -> None:
    """Files of kinds that are not read any more keep their documents when others are pruned."""
    ingest(installation, docs)
    old = Document.create(uri=(docs / "old.xyz").as_uri(), text="Old.", source=docs.as_uri())
    (docs / "old.xyz").write_text("Old.")
    (docs / "01.md").unlink()
    installation.library.sync([old], tenant="default", source=docs.as_uri())
    report = installation.ingest(str(docs), prune=True, progress=quiet)
    assert report.removed == 1
    assert installation.stores.documents.get(old.id, tenant="default") is not None


def test_no_thread_is_left(installation: Installation, docs: Path) -> None:
    """Those that waited for processes end with them."""
    ingest(installation, docs)
    assert not [each for each in threading.enumerate() if each.name.startswith("ahead")]
