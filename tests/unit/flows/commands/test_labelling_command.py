"""Labelling live questions in the terminal."""

from contextlib import closing
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result
from doubles.live_questions import asked, document, sampled, shown

from flows.commands.labelling import label_at_terminal, read_answer
from monitoring.adapters.sql import SqlSamples
from monitoring.domain import Sampled
from monitoring.labels.judging import Sources
from monitoring.labels.labelling import Label, Labelling
from monitoring.settings import DriftSettings
from rag.adapters.sql.stores import open_stores, sqlite_url
from rag.domain import utcnow

LONG = "Lunch is served at noon. " * 60


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home in which three questions wait."""
    stores = open_stores(sqlite_url(tmp_path))
    whole, passage = document("lunch.md", LONG)
    stores.documents.put(whole, [passage], chunking="c")
    stores.interactions.add_all([asked(name, [passage], question=f"Question {name}?") for name in "abc"])
    SqlSamples(stores.engine).add(
        [sampled(name, at, queued=True, drawn_at=utcnow()) for at, name in enumerate("abc")]
    )
    stores.close()
    return tmp_path


def typed(home: Path, *lines: str) -> Result:
    """Return what comes of typing these lines."""

    @click.command()
    def label() -> None:
        with closing(open_stores(sqlite_url(home))) as stores:
            sources = Sources(
                samples=SqlSamples(stores.engine),
                interactions=stores.interactions,
                feedback=stores.feedback,
                documents=stores.documents,
            )
            labelling = Labelling(sources, stores.audit, DriftSettings(_env_file=None))
            given, left = label_at_terminal(labelling, tenant="default", principal="bo")
        click.echo(f"{given} labelled; {'others wait' if left else 'none waits'}.")

    return CliRunner().invoke(label, input="".join(f"{line}\n" for line in lines))


def kept(home: Path) -> dict[str, Sampled]:
    """Return the questions as they are now."""
    stores = open_stores(sqlite_url(home))
    samples = SqlSamples(stores.engine)
    found = {name: samples.get(f"s-{name}", tenant="default") for name in "abc"}
    stores.close()
    return found


def test_one_question_after_the_other(home: Path) -> None:
    """A number, none, cannot say; at the end it says that none waits."""
    done = typed(home, "1", "n", "s")
    after = kept(home)

    assert done.exit_code == 0, done.output
    assert (
        done.output.index("Question a?") < done.output.index("Question b?") < done.output.index("Question c?")
    )
    assert "3 labelled; none waits." in done.output
    assert [after[name].found for name in "abc"] == [1.0, 0.0, None]
    assert after["c"].skipped
    assert typed(home).output.strip() == "0 labelled; none waits."


def test_each_answer_is_kept_at_once(home: Path) -> None:
    """Also where who is asked quits, or closes the terminal."""
    assert "1 labelled; others wait." in typed(home, "x", "q").output
    assert kept(home)["a"].answerable is False
    typed(home, "1")  # and then nothing more: the end of the input
    after = kept(home)
    assert (after["b"].found, after["c"].labelled_at) == (1.0, None)


def test_what_means_nothing_is_asked_again(home: Path) -> None:
    """And a long passage is shown whole on request."""
    done = typed(home, "7", "yes", "m", "q")

    assert done.output.count("Expected a number") == 2
    assert " ...\n" in done.output
    assert " ".join(LONG.split()) in done.output
    assert kept(home)["a"].labelled_at is None


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("n", Label()),
        ("x", Label(answerable=False)),
        ("s", Label(skip=True)),
        ("0", None),
        ("3", None),
        ("", None),
        ("1;2", None),
        ("-1", None),
        ("²", None),
    ],
)
def test_answers(said: str, expected: Label | None) -> None:
    """Letters, and numbers of passages that are there."""
    assert read_answer(said, shown("When?", "a", "b")) == expected


def test_several_passages() -> None:
    """Each once, in the order in which they are named."""
    two = shown("When?", "a", "b")
    first, second = (each.id for each in two.passages)

    assert read_answer("2, 1,2", two) == Label(found=(second, first))
