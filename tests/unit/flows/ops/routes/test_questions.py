"""What people asked, over HTTP."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from flows.ops.asked import question_rows
from flows.ops.routes import questions
from rag.adapters.sql.stores import Stores
from rag.api.guards.errors import install_error_handlers
from rag.domain import Interaction, InteractionStatus

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def asked(number: int, **values: Any) -> Interaction:
    """Return one question of that minute."""
    first = Interaction(
        id=f"i{number}",
        tenant="default",
        principal="ann",
        asked_at=NOON + timedelta(minutes=number),
        question=f"Question {number}?",
        hits=(),
        answer="At noon.",
        cited=(),
        release="r" * 64,
        epoch=1,
        generator="extractive",
        status=InteractionStatus.ANSWERED,
        support=0.9,
    )
    return replace(first, **values)


@pytest.fixture
def client(stores: Stores, sent_by: Any) -> Iterator[TestClient]:
    """The route over a log of five."""
    stores.interactions.add_all(
        [
            asked(1),
            asked(2, status=InteractionStatus.ABSTAINED, support=0.02, language_unknown=True),
            asked(3, auxiliary=True),
            asked(4, tenant="other"),
            asked(5, status=InteractionStatus.FAILED, support=None),
        ]
    )
    app = FastAPI()
    app.add_middleware(sent_by)
    install_error_handlers(app)
    app.include_router(questions.router(stores.interactions, tenant="default"))
    with TestClient(app) as opened:
        yield opened


def test_the_newest_come_first_with_what_is_known_of_them(client: TestClient) -> None:
    """The tenant's own, without prompts that nobody asked, and without who asked."""
    listed = client.get("/v1/ops/questions").json()["data"]

    assert [each["id"] for each in listed] == ["i5", "i2", "i1"]
    assert [(each["support"], each["language_unknown"]) for each in listed] == [
        (None, False),
        (0.02, True),
        (0.9, False),
    ]
    assert not {"principal", "answer"} & set(listed[0])


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ("status=abstained", ["i2"]),
        ("language_unknown=true", ["i2"]),
        ("limit=1", ["i5"]),
        ("status=retrieved", []),
    ],
)
def test_some_of_them_can_be_asked_for(client: TestClient, query: str, ids: list[str]) -> None:
    """By how they ended, by language, and no more than so many."""
    assert [each["id"] for each in client.get(f"/v1/ops/questions?{query}").json()["data"]] == ids


def test_what_is_no_status_is_refused(client: TestClient) -> None:
    """A misspelt one does not pass for all."""
    assert client.get("/v1/ops/questions?status=lost").status_code in (400, 422)


def test_rows_are_short() -> None:
    """A long question on several lines is one row of a table."""
    _, (row,) = question_rows([asked(1, question="a\nb " * 100, support=None, language_unknown=True)])

    assert row[0] == "2026-03-01 12:01"
    assert len(str(row[1])) == 100
    assert row[2:] == ("answered", "-", "not known")
