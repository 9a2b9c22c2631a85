"""Labelled questions."""

from collections.abc import Sequence

from sqlalchemy import Engine, select

from rag.adapters.sql.database.engine import reading, writing
from rag.adapters.sql.database.statements import batches, upsert
from rag.adapters.sql.schema.log import questions
from rag.domain import LabelledQuestion, Purpose


class SqlQuestions:
    """Labelled questions."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def put(self, given: Sequence[LabelledQuestion]) -> int:
        """Write questions, replacing those of the same id; return how many are new."""
        by_id = {question.id: question for question in given}
        known: set[str] = set()
        with writing(self._engine) as connection:
            for ids in batches(by_id):
                known.update(
                    connection.execute(select(questions.c.id).where(questions.c.id.in_(ids))).scalars()
                )
            # In one order, so that two imports at once cannot wait for each other.
            for _, question in sorted(by_id.items()):
                row = {
                    "id": question.id,
                    "tenant": question.tenant,
                    "text": question.text,
                    "documents": sorted(question.documents),
                    "purpose": question.purpose.value,
                    "source": question.source,
                }
                upsert(connection, questions, row)
        return len(by_id) - len(known)

    def all(self, *, tenant: str, purpose: Purpose | None = None) -> list[LabelledQuestion]:
        """Return the tenant's questions in the order of their ids."""
        query = select(questions).where(questions.c.tenant == tenant).order_by(questions.c.id)
        if purpose is not None:
            query = query.where(questions.c.purpose == purpose.value)
        with reading(self._engine) as connection:
            return [
                LabelledQuestion(
                    id=row.id,
                    tenant=row.tenant,
                    text=row.text,
                    documents=frozenset(row.documents),
                    purpose=Purpose(row.purpose),
                    source=row.source,
                )
                for row in connection.execute(query)
            ]
