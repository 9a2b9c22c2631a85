"""The benchmark of reading counts what it says it counts."""

from pathlib import Path

import pytest
from known_documents import Known, Section, documents, plain
from known_writers import WRITERS
from reading import Read, _longest_rise

KNOWN = Known(
    name="known",
    title="Report",
    sections=(
        Section(heading="First part", level=1, paragraphs=("The first line stands here.", "The second one.")),
        Section(
            heading="Table", level=2, paragraphs=(), header=("Name",), rows=(("left cell",), ("right cell",))
        ),
    ),
)


def test_units_are_what_a_reader_would_miss() -> None:
    """Headings, sentences and cells are units, in their order; names of columns are none."""
    expected = [
        "First part",
        "The first line stands here.",
        "The second one.",
        "Table",
        "left cell",
        "right cell",
    ]

    assert expected == list(KNOWN.units())


def test_a_lost_unit_one_out_of_order_and_one_given_twice_are_counted() -> None:
    """Kept, in order and twice are told apart."""
    text = "# Table\n\n**First part** The first line stands here. left cell | right cell | left\ncell"

    read = Read.of(KNOWN, text, 0.5)

    assert (6, 5, 4, 1) == (read.units, read.kept, read.in_order, read.twice)
    assert ("The second one.",) == read.lost
    assert not read.failed


def test_nothing_read_is_a_failure() -> None:
    """A side that gives an empty text without an error failed nevertheless."""
    assert Read.of(KNOWN, "", 0.1).failed
    assert Read.of(KNOWN, "The second one.", 0.1, error="broke off").failed


def test_the_longest_run_in_order() -> None:
    """Each unit that would have to be moved counts once."""
    assert 0 == _longest_rise([])
    assert 4 == _longest_rise([1, 2, 9, 3, 4])
    assert 1 == _longest_rise([3, 2, 1])


def test_marks_and_forms_of_letters_are_no_difference() -> None:
    """What Markdown adds, and what typesetting changes, is not held against a reader."""
    assert "a file - b c" == plain("**a** \\ufb01le - |b|\nc".replace("\\ufb01", "\ufb01"))


def test_documents_are_the_same_each_time_and_no_unit_is_part_of_another() -> None:
    """Two runs compare the same; a unit that is found is the unit that was meant."""
    first, second = documents(3), documents(3)

    assert first == second
    units = [plain(unit) for each in first for unit in each.units()]
    assert [] == [
        unit for i, unit in enumerate(units) for j, other in enumerate(units) if i != j and unit in other
    ]


@pytest.mark.parametrize("ending", WRITERS)
def test_every_writer_writes(ending: str, tmp_path: Path) -> None:
    """Each format has a writer that writes a document with everything in it."""
    (known,) = documents(1)
    path = tmp_path / f"known.{ending}"

    WRITERS[ending](known, path)

    assert path.stat().st_size > 500
    assert [path] == list(tmp_path.iterdir())
