"""Labelled questions."""

from collections.abc import Sequence
from functools import partial

from sqlalchemy import select
from typing_extensions import override

from rag.adapters.sql.database.engine import writing
from rag.adapters.sql.database.records import from_json, to_row
from rag.adapters.sql.database.statements import batches, upsert
from rag.adapters.sql.database.store import SqlStore
from rag.adapters.sql.schema.log import questions
from rag.domain import LabelledQuestion, Purpose
from rag.ports import QuestionStore


class SqlQuestions(SqlStore, QuestionStore):
    """A `QuestionStore` in SQL."""

    @override
    def put(self, given: Sequence[LabelledQuestion]) -> int:
        by_id = {question.id: question for question in given}
        known: dict[str, Purpose] = {}
        there = select(questions.c.id, questions.c.purpose)
        with writing(self._engine) as connection:
            for ids in batches(by_id):
                rows = connection.execute(there.where(questions.c.id.in_(ids)))
                known |= {row.id: Purpose(row.purpose) for row in rows}
            # In one order, so that two imports at once cannot wait for each other.
            for question_id, question in sorted(by_id.items()):
                if known.get(question_id, Purpose.TRAIN).held_back <= question.purpose.held_back:
                    upsert(connection, questions, to_row(question))
        return len(by_id.keys() - known.keys())

    @override
    def all(self, *, tenant: str, purpose: Purpose | None = None) -> list[LabelledQuestion]:
        query = select(questions).where(questions.c.tenant == tenant).order_by(questions.c.id)
        if purpose is not None:
            query = query.where(questions.c.purpose == purpose.value)
        return self._all(query, partial(from_json, LabelledQuestion))
