"""whetstone questions, from the outside."""

import json
from datetime import UTC, datetime
from pathlib import Path

from click.testing import CliRunner

from flows.cli import cli
from rag.adapters.sql.stores import open_stores, sqlite_url
from rag.domain import Interaction, InteractionStatus


def listed(home: Path, *options: str) -> str:
    """Return what the command prints."""
    done = CliRunner().invoke(cli, ["questions", *options], env={"WHETSTONE_HOME": str(home)})
    assert done.exit_code == 0, done.output
    return done.output


def test_questions_are_listed_with_their_support(tmp_path: Path) -> None:
    """As a table and as JSON, all or those in a language that the encoder does not know."""
    stores = open_stores(sqlite_url(tmp_path))
    stores.interactions.add_all(
        [
            Interaction(
                id=text,
                tenant="default",
                principal="ann",
                asked_at=datetime(2026, 3, 1, tzinfo=UTC),
                question=text,
                hits=(),
                answer="",
                cited=(),
                release="r",
                epoch=1,
                generator="extractive",
                status=InteractionStatus.ABSTAINED,
                support=support,
                language_unknown=unknown,
            )
            for text, support, unknown in (("Who pays?", 0.31, False), ("Kuka maksaa?", 0.04, True))
        ]
    )
    stores.close()

    table = listed(tmp_path)
    unknown = json.loads(listed(tmp_path, "--unknown-language", "--json"))

    assert "Who pays?" in table
    assert "0.31" in table
    assert "not known" in table
    assert [(each["question"], each["support"]) for each in unknown] == [("Kuka maksaa?", 0.04)]
    assert "No such question" in listed(tmp_path, "--status", "failed")


def test_without_questions_that_wait_there_is_nothing_to_label(tmp_path: Path) -> None:
    """`--label` says so, and asks nothing."""
    assert listed(tmp_path, "--label").strip() == "0 labelled; none waits."
