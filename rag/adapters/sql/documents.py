"""Documents, their passages and the change log."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import asdict

from sqlalchemy import Connection, Engine, RowMapping, delete, func, insert, select

from rag.adapters.sql.changes import changes_after, last_change, log_change, next_seq
from rag.adapters.sql.database.engine import reading, writing
from rag.adapters.sql.database.statements import batches, upsert
from rag.adapters.sql.schema.documents import documents, passages
from rag.domain import Change, ChangeKind, Document, Passage
from rag.errors import InvalidInput


class SqlDocuments:
    """Documents, their passages and the change log, written together."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def put(self, document: Document, passages: Sequence[Passage], chunking: str) -> bool:
        """Write a document, its passages and a change; see `rag.ports.DocumentStore.put`.

        The same content under another chunking is written beside what is there; other content replaces
        the passages of every chunking, because they quote a text that is gone.

        Raises:
            InvalidInput: a passage belongs to another document, or the document's id to another tenant.
        """
        _check_passages(document, passages)
        with reading(self._engine) as connection:
            # Most of a repeated sync ends here, without waiting for the writers' lock.
            if self._is_known(connection, document, passages, chunking):
                return False
        with writing(self._engine) as connection:
            return self._put(connection, document, passages, chunking)

    def put_all(self, given: Sequence[tuple[Document, Sequence[Passage]]], chunking: str) -> list[bool]:
        """Write several documents in one transaction; see `rag.ports.DocumentStore.put_all`.

        Raises:
            InvalidInput: as for `put`; then none of them is written.
        """
        for document, cut in given:
            _check_passages(document, cut)
        with writing(self._engine) as connection:
            return [self._put(connection, document, cut, chunking) for document, cut in given]

    def _put(
        self, connection: Connection, document: Document, given: Sequence[Passage], chunking: str
    ) -> bool:
        seq = next_seq(connection)
        if self._is_known(connection, document, given, chunking):
            return False
        self._write(connection, document, given, chunking)
        log_change(connection, seq, document.id, document.tenant, ChangeKind.PUT)
        return True

    def _is_known(
        self, connection: Connection, document: Document, given: Sequence[Passage], chunking: str
    ) -> bool:
        columns = (documents.c.tenant, documents.c.content_hash)
        row = connection.execute(select(*columns).where(documents.c.id == document.id)).one_or_none()
        if row is None:
            return False
        if row.tenant != document.tenant:
            raise InvalidInput(
                f"expected document {document.id} to be of tenant {row.tenant!r}, got {document.tenant!r}"
            )
        if row.content_hash != document.content_hash:
            return False
        mine = (passages.c.document_id == document.id) & (passages.c.chunking == chunking)
        return not given or connection.execute(select(passages.c.id).where(mine).limit(1)).first() is not None

    def _write(
        self, connection: Connection, document: Document, given: Sequence[Passage], chunking: str
    ) -> None:
        before = connection.execute(
            select(documents.c.content_hash).where(documents.c.id == document.id)
        ).scalar_one_or_none()
        upsert(
            connection,
            documents,
            {
                "id": document.id,
                "tenant": document.tenant,
                "uri": document.uri,
                "title": document.title,
                "text": document.text,
                "content_hash": document.content_hash,
                "divisible": document.divisible,
                "source": document.source,
                "metadata": dict(document.metadata),
                "updated_at": document.updated_at,
            },
        )
        stale = passages.c.document_id == document.id
        if before == document.content_hash:
            stale &= passages.c.chunking == chunking
        connection.execute(delete(passages).where(stale))
        if given:
            connection.execute(
                insert(passages),
                [
                    asdict(passage) | {"metadata": dict(passage.metadata), "chunking": chunking}
                    for passage in given
                ],
            )

    def delete(self, document_id: str, *, tenant: str) -> bool:
        """Remove a document and its passages, and log the change. False where there was none."""
        with writing(self._engine) as connection:
            seq = next_seq(connection)
            mine = (documents.c.id == document_id) & (documents.c.tenant == tenant)
            if connection.execute(delete(documents).where(mine)).rowcount == 0:
                return False
            log_change(connection, seq, document_id, tenant, ChangeKind.DELETE)
            return True

    def get(self, document_id: str, *, tenant: str) -> Document | None:
        """Return one document."""
        mine = (documents.c.id == document_id) & (documents.c.tenant == tenant)
        with reading(self._engine) as connection:
            row = connection.execute(select(documents).where(mine)).mappings().one_or_none()
        return None if row is None else _document(row)

    def page(self, *, tenant: str, after: str = "", limit: int = 100) -> list[Document]:
        """Return documents in the order of their ids, beyond the id `after`."""
        query = (
            select(documents)
            .where(documents.c.tenant == tenant, documents.c.id > after)
            .order_by(documents.c.id)
            .limit(limit)
        )
        with reading(self._engine) as connection:
            return [_document(row) for row in connection.execute(query).mappings()]

    def hashes(self, *, tenant: str, source: str | None = None) -> dict[str, str]:
        """Return document id -> content hash; of one source where it is named."""
        query = select(documents.c.id, documents.c.content_hash).where(documents.c.tenant == tenant)
        if source is not None:
            query = query.where(documents.c.source == source)
        with reading(self._engine) as connection:
            return {row.id: row.content_hash for row in connection.execute(query)}

    def uris(self, document_ids: Collection[str], *, tenant: str) -> dict[str, str]:
        """Return document id -> uri of those that exist."""
        query = select(documents.c.id, documents.c.uri).where(documents.c.tenant == tenant)
        with reading(self._engine) as connection:
            return {
                row.id: row.uri
                for ids in batches(document_ids)
                for row in connection.execute(query.where(documents.c.id.in_(ids)))
            }

    def count(self, *, tenant: str | None = None) -> int:
        """Number of documents."""
        query = select(func.count()).select_from(documents)
        if tenant is not None:
            query = query.where(documents.c.tenant == tenant)
        with reading(self._engine) as connection:
            return connection.execute(query).scalar_one()

    def chunkings(self) -> frozenset[str]:
        """The chunking digests that passages exist under."""
        with reading(self._engine) as connection:
            return frozenset(connection.execute(select(passages.c.chunking).distinct()).scalars())

    def passages(self, passage_ids: Collection[str]) -> dict[str, Passage]:
        """Return id -> passage of those that exist now."""
        with reading(self._engine) as connection:
            return {
                row["id"]: _passage(row)
                for ids in batches(passage_ids)
                for row in connection.execute(select(passages).where(passages.c.id.in_(ids))).mappings()
            }

    def existing(self, passage_ids: Collection[str]) -> frozenset[str]:
        """Return those of the ids under which there is a passage now."""
        with reading(self._engine) as connection:
            return frozenset(
                passage_id
                for ids in batches(passage_ids)
                for passage_id in connection.execute(
                    select(passages.c.id).where(passages.c.id.in_(ids))
                ).scalars()
            )

    def passages_of(self, document_ids: Collection[str]) -> dict[str, list[Passage]]:
        """Return document id -> its passages by position; a document that is gone is left out."""
        found: dict[str, dict[str, Passage]] = {}
        order = (passages.c.document_id, passages.c.position, passages.c.id)
        with reading(self._engine) as connection:
            for ids in batches(document_ids):
                # A document whose text came out as no passage at all is there nevertheless.
                there = select(documents.c.id).where(documents.c.id.in_(ids))
                found.update({document_id: {} for document_id in connection.execute(there).scalars()})
                query = select(passages).where(passages.c.document_id.in_(ids)).order_by(*order)
                for row in connection.execute(query).mappings():
                    found.setdefault(row["document_id"], {})[row["id"]] = _passage(row)
        return {document_id: list(by_id.values()) for document_id, by_id in found.items()}

    def all_passages(
        self, *, tenant: str | None = None, after: str = "", batch: int = 500
    ) -> Iterator[list[Passage]]:
        """Yield every passage, whole documents at a time, in the order of document ids beyond the id `after`.

        No transaction stays open between two batches: a passage written or deleted meanwhile may be seen
        or not, and the change log has it.
        """
        sizes = (
            select(passages.c.document_id, func.count().label("size"))
            .group_by(passages.c.document_id)
            .order_by(passages.c.document_id)
            .limit(batch)
        )
        if tenant is not None:
            sizes = sizes.where(passages.c.tenant == tenant)
        order = (passages.c.document_id, passages.c.position, passages.c.id)
        while True:
            with reading(self._engine) as connection:
                counted = connection.execute(sizes.where(passages.c.document_id > after)).all()
                if not counted:
                    return
                last, held = counted[0].document_id, counted[0].size
                for row in counted[1:]:
                    held += row.size
                    if held > batch:
                        break
                    last = row.document_id
                span = (passages.c.document_id > after) & (passages.c.document_id <= last)
                if tenant is not None:
                    span &= passages.c.tenant == tenant
                rows = connection.execute(select(passages).where(span).order_by(*order)).mappings().all()
            after = last
            # A passage that two chunkings share has two rows.
            yield list({row["id"]: _passage(row) for row in rows}.values())

    def neighbours(self, given: Collection[Passage], *, reach: int) -> dict[str, list[Passage]]:
        """Return passage id -> the passages up to `reach` positions before and after it; see the port.

        Only those of the same chunking, and read as they are now: a passage that is gone has none.
        """
        found: dict[str, dict[str, Passage]] = {passage.id: {} for passage in given}
        if reach < 1:
            return {passage_id: [] for passage_id in found}
        middle = passages.alias("middle")
        beside = (
            (passages.c.document_id == middle.c.document_id)
            & (passages.c.chunking == middle.c.chunking)
            & passages.c.position.between(middle.c.position - reach, middle.c.position + reach)
            & (passages.c.id != middle.c.id)
        )
        query = (
            select(middle.c.id.label("middle_id"), passages)
            .select_from(middle.join(passages, beside))
            .order_by(middle.c.id, passages.c.position, passages.c.id)
        )
        with reading(self._engine) as connection:
            for ids in batches(found):
                for row in connection.execute(query.where(middle.c.id.in_(ids))).mappings():
                    found[row["middle_id"]].setdefault(row["id"], _passage(row))
        return {passage_id: list(others.values()) for passage_id, others in found.items()}

    def passage_ids(self) -> frozenset[str]:
        """Every passage id there is."""
        with reading(self._engine) as connection:
            return frozenset(connection.execute(select(passages.c.id)).scalars())

    def changes(self, *, after: int, limit: int = 500) -> list[Change]:
        """Return changes beyond the sequence number `after`, in order."""
        with reading(self._engine) as connection:
            return changes_after(connection, after, limit)

    def last_change(self) -> int:
        """Sequence number of the newest change; 0 where there is none."""
        with reading(self._engine) as connection:
            return last_change(connection)


def _check_passages(document: Document, given: Sequence[Passage]) -> None:
    for passage in given:
        if (passage.document_id, passage.tenant) != (document.id, document.tenant):
            raise InvalidInput(
                f"expected passages of document {document.id}, got one of {passage.document_id}"
            )


def _document(row: RowMapping) -> Document:
    return Document(**row)


def _passage(row: RowMapping) -> Passage:
    return Passage(**{name: value for name, value in row.items() if name not in ("chunking", "middle_id")})
