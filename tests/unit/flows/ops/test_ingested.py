"""What `whetstone ingest` says: the verdict, what to do, and a bounded list of names."""

from dataclasses import replace

from flows.ops.ingested import MOST_NAMED, has_failed, lines, notes, verdict
from rag.library.documents import PartRead, ReadFailure, Remark
from rag.library.syncing import SyncReport
from rag.library.writing import Difference

DONE = SyncReport(added=3, changed=1, unchanged=8, removed=0, failed=(), passages=9, seconds=1.0)
SCAN = PartRead(uri="file:///scan.pdf", reasons=("3 of 4 pages hold no text", "a picture is not read"))
BAD = ReadFailure(uri="file:///bad.pdf", reason="is not a PDF that can be read")


def test_the_verdict_is_the_worst_that_happened() -> None:
    """All, in part, not all; over all paths together; and of a dry run, that nothing was written."""
    part, bad = replace(DONE, in_part=(SCAN,)), replace(DONE, failed=(BAD, BAD), in_part=(SCAN,))
    assert verdict([DONE]) == "Everything was read. 3 documents added, 1 changed, 0 removed."
    assert verdict([DONE, part]).startswith("Everything was read, 1 of it in part only. 6 documents added")
    assert verdict([part, bad]).startswith(
        "Not everything was read: 2 failed, and 2 were read in part only. "
    )
    dry = replace(bad, dry_run=True)
    assert verdict([dry]) == (
        "Nothing was written. This would add 3, change 1 and remove 0 documents; 1 would be read in part and "
        "2 cannot be read."
    )


def test_only_what_was_not_read_fails() -> None:
    """Neither what was read in part, nor files of unknown kinds, nor an older reader."""
    partly = replace(DONE, in_part=(SCAN,), passed_over={".png": 3}, older=2)
    assert not has_failed([DONE, partly])
    assert has_failed([DONE, replace(DONE, failed=(BAD,))])
    assert has_failed([replace(DONE, spared=20)])


def test_one_is_one() -> None:
    """The verdict is a sentence of one thing too."""
    one = replace(DONE, added=1, in_part=(SCAN,), failed=(BAD,))
    assert verdict([one]) == (
        "Not everything was read: 1 failed, and 1 was read in part only. 1 document added, 1 changed, 0 removed."
    )


def test_each_name_has_its_reasons() -> None:
    """In one line, for a person to look up; what is to be known of a file comes first."""
    remarks = (Remark(uri="file:///a.csv", said="no field is called text"),)
    assert lines(replace(DONE, in_part=(SCAN,), failed=(BAD,), remarks=remarks)) == [
        "please note: file:///a.csv: no field is called text",
        "read in part: file:///scan.pdf: 3 of 4 pages hold no text; a picture is not read",
        "not read: file:///bad.pdf: is not a PDF that can be read",
    ]


def test_names_are_bounded_and_counted() -> None:
    """Of each kind so many, and how many more there are."""
    many = [ReadFailure(uri=f"file:///{number}", reason="is broken") for number in range(MOST_NAMED + 1_234)]
    said = lines(replace(DONE, failed=tuple(many), in_part=(SCAN,) * MOST_NAMED))
    assert len(said) == 2 * MOST_NAMED + 1
    assert said[-1] == "not read 1,234 more; --json names all of them"


def test_a_dry_run_tells_each_difference() -> None:
    """How much text comes or goes, and what else is another."""
    differences = (
        Difference(uri="a", kind="add", after=1_200),
        Difference(uri="b", kind="change", before=100, after=90, also=("title",)),
        Difference(uri="c", kind="change", before=100, after=1_100),
        Difference(uri="d", kind="remove", before=5),
    )
    assert lines(replace(DONE, dry_run=True, differences=differences)) == [
        "would add a, 1,200 characters",
        "would change b: 10 characters fewer, title",
        "would change c: 1,000 characters more",
        "would remove d, 5 characters",
    ]


def test_notes_say_what_to_do() -> None:
    """Kinds that are not read, an older reader, and documents that were spared."""
    said = notes("docs", replace(DONE, passed_over={".png": 8, "": 4}, older=2, spared=20))
    assert said[0] == "passed over in docs: 12 files of kinds that are not read: 8 .png, 4 without an ending"
    assert "2 files were read by an older reader" in said[1]
    assert "whetstone ingest --reread docs" in said[1]
    assert "--force" in said[2]
    assert notes("docs", DONE) == []
