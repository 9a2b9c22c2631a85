"""Documents, their passages and the change log."""

from collections.abc import Collection, Iterator, Sequence
from functools import partial

from sqlalchemy import ColumnElement, Connection, Text, cast, delete, func, or_, select, update
from typing_extensions import override

from rag.adapters.sql.database.engine import reading, writing
from rag.adapters.sql.database.records import from_json, to_row
from rag.adapters.sql.database.statements import batches
from rag.adapters.sql.database.store import SqlStore
from rag.adapters.sql.documents.changes import last_change, log_change, next_seq
from rag.adapters.sql.documents.rows import (
    check_passages,
    document_of,
    insert_new,
    insert_passages,
    not_there,
    overtaken_by_hand,
    passage_of,
    stored_hash,
)
from rag.adapters.sql.readings import at_or_below
from rag.adapters.sql.schema.documents import changes, documents, passages
from rag.domain import Change, ChangeKind, Document, Passage
from rag.ports import DocumentState, DocumentStore

_FILES = "file:"
"""How the sources of what was read from disks begin."""

_IN_ORDER = (passages.c.document_id, passages.c.position, passages.c.id)


class SqlDocuments(SqlStore, DocumentStore):
    """A `DocumentStore` in SQL."""

    _as_of: int | None = None  # a change; what people changed after it is not written

    @override
    def as_of(self, change: int) -> "SqlDocuments":
        other = SqlDocuments(self._engine)
        other._as_of = change
        return other

    @override
    def put(self, document: Document, passages: Sequence[Passage], chunking: str) -> bool:
        """Write a document, its passages and a change, as the port says.

        The same content under another chunking is written beside what is there; other content replaces
        the passages of every chunking, because they quote a text that is gone.

        Raises:
            InvalidInput: a passage belongs to another document, or the document's id to another tenant.
        """
        check_passages(document, passages)
        with reading(self._engine) as connection:
            # Most of a repeated sync ends here, without waiting for the writers' lock.
            stored = stored_hash(connection, document)
            if self._is_known(connection, document, passages, chunking, stored=stored):
                return False
        with writing(self._engine) as connection:
            return self._put(connection, document, passages, chunking, by_hand=True)

    @override
    def put_all(self, given: Sequence[tuple[Document, Sequence[Passage]]], chunking: str) -> list[bool]:
        """Write several documents as the port says; InvalidInput as for `put`, and then none of them is written."""
        for document, cut in given:
            check_passages(document, cut)
        with writing(self._engine) as connection:
            seq = next_seq(connection)
            new = not_there(connection, given)
            if self._as_of is not None:
                for overtaken in overtaken_by_hand(connection, new, self._as_of):
                    del new[overtaken]
            if new:
                insert_new(connection, seq, list(new.values()), chunking)
            # The first of several with one id is the new one.
            taken = {id(document) for document, _ in new.values()}
            return [
                id(document) in taken or self._put(connection, document, cut, chunking)
                for document, cut in given
            ]

    def _put(
        self,
        connection: Connection,
        document: Document,
        given: Sequence[Passage],
        chunking: str,
        *,
        by_hand: bool = False,
    ) -> bool:
        seq = next_seq(connection)
        if self._as_of is not None and overtaken_by_hand(connection, [document.id], self._as_of):
            return False
        stored = stored_hash(connection, document)
        if self._is_known(connection, document, given, chunking, stored=stored):
            return False
        if stored is None:
            insert_new(connection, seq, [(document, given)], chunking, by_hand=by_hand)
            return True
        connection.execute(update(documents).where(documents.c.id == document.id), to_row(document))
        stale = passages.c.document_id == document.id
        if stored == document.content_hash:
            stale &= passages.c.chunking == chunking
        connection.execute(delete(passages).where(stale))
        insert_passages(connection, given, chunking)
        log_change(connection, seq, document.id, document.tenant, ChangeKind.PUT, by_hand=by_hand)
        return True

    def _is_known(
        self,
        connection: Connection,
        document: Document,
        given: Sequence[Passage],
        chunking: str,
        *,
        stored: str | None,
    ) -> bool:
        if stored != document.content_hash:
            return False
        mine = (passages.c.document_id == document.id) & (passages.c.chunking == chunking)
        return not given or connection.execute(select(passages.c.id).where(mine).limit(1)).first() is not None

    @override
    def delete(self, document_id: str, *, tenant: str, by_hand: bool = False, awaited: bool = False) -> bool:
        with writing(self._engine) as connection:
            seq = next_seq(connection)
            mine = (documents.c.id == document_id) & (documents.c.tenant == tenant)
            if connection.execute(delete(documents).where(mine)).rowcount == 0 and not awaited:
                return False
            log_change(connection, seq, document_id, tenant, ChangeKind.DELETE, by_hand=by_hand)
            return True

    @override
    def touch(self, document_id: str, *, tenant: str) -> None:
        with writing(self._engine) as connection:
            seq = next_seq(connection)
            mine = (documents.c.id == document_id) & (documents.c.tenant == tenant)
            if connection.execute(select(documents.c.id).where(mine)).first() is not None:
                log_change(connection, seq, document_id, tenant, ChangeKind.PUT, by_hand=True)

    @override
    def overtaken(self, document_ids: Collection[str], *, after: int) -> dict[str, ChangeKind]:
        with reading(self._engine) as connection:
            return overtaken_by_hand(connection, document_ids, after)

    @override
    def get(self, document_id: str, *, tenant: str) -> Document | None:
        mine = (documents.c.id == document_id) & (documents.c.tenant == tenant)
        return self._one(select(documents).where(mine), document_of)

    @override
    def page(self, *, tenant: str, after: str = "", limit: int = 100) -> list[Document]:
        query = (
            select(documents)
            .where(documents.c.tenant == tenant, documents.c.id > after)
            .order_by(documents.c.id)
            .limit(limit)
        )
        return self._all(query, document_of)

    @override
    def hashes(self, *, tenant: str, source: str | None = None) -> dict[str, str]:
        query = select(documents.c.id, documents.c.content_hash).where(documents.c.tenant == tenant)
        if source is not None:
            query = query.where(_of_source(source))
        with reading(self._engine) as connection:
            return {row.id: row.content_hash for row in connection.execute(query)}

    @override
    def uris(self, document_ids: Collection[str], *, tenant: str) -> dict[str, str]:
        query = select(documents.c.id, documents.c.uri).where(documents.c.tenant == tenant)
        with reading(self._engine) as connection:
            return {
                row.id: row.uri
                for ids in batches(document_ids)
                for row in connection.execute(query.where(documents.c.id.in_(ids)))
            }

    @override
    def below(self, root: str, *, tenant: str) -> list[DocumentState]:
        wanted = (documents.c.id, documents.c.uri, documents.c.content_hash, documents.c.unread)
        query = select(*wanted).where(documents.c.tenant == tenant, at_or_below(documents.c.uri, root))
        return self._all(query, lambda row: DocumentState(**{**row, "unread": tuple(row["unread"])}))

    @override
    def count(self, *, tenant: str | None = None, in_part: bool = False) -> int:
        query = select(func.count()).select_from(documents)
        if tenant is not None:
            query = query.where(documents.c.tenant == tenant)
        if in_part:
            query = query.where(cast(documents.c.unread, Text) != "[]")
        return self._value(query) or 0

    @override
    def chunkings(self) -> frozenset[str]:
        with reading(self._engine) as connection:
            return frozenset(connection.scalars(select(passages.c.chunking).distinct()))

    @override
    def passages(self, passage_ids: Collection[str]) -> dict[str, Passage]:
        with reading(self._engine) as connection:
            return {
                row["id"]: passage_of(row)
                for ids in batches(passage_ids)
                for row in connection.execute(select(passages).where(passages.c.id.in_(ids))).mappings()
            }

    @override
    def sample(self, count: int, *, tenant: str | None = None) -> list[Passage]:
        query = select(passages).order_by(passages.c.id).limit(count)
        if tenant is not None:
            query = query.where(passages.c.tenant == tenant)
        return self._all(query, passage_of)

    @override
    def sample_ids(self, count: int, *, tenant: str | None = None) -> list[str]:
        query = select(passages.c.id).distinct().order_by(passages.c.id).limit(count)
        if tenant is not None:
            query = query.where(passages.c.tenant == tenant)
        with reading(self._engine) as connection:
            return list(connection.scalars(query))

    @override
    def existing(self, passage_ids: Collection[str]) -> frozenset[str]:
        with reading(self._engine) as connection:
            return frozenset(
                passage_id
                for ids in batches(passage_ids)
                for passage_id in connection.scalars(select(passages.c.id).where(passages.c.id.in_(ids)))
            )

    @override
    def passages_of(self, document_ids: Collection[str]) -> dict[str, list[Passage]]:
        found: dict[str, dict[str, Passage]] = {}
        with reading(self._engine) as connection:
            for ids in batches(document_ids):
                # A document whose text came out as no passage at all is there nevertheless.
                there = select(documents.c.id).where(documents.c.id.in_(ids))
                found.update({document_id: {} for document_id in connection.scalars(there)})
                query = select(passages).where(passages.c.document_id.in_(ids)).order_by(*_IN_ORDER)
                for row in connection.execute(query).mappings():
                    found.setdefault(row["document_id"], {})[row["id"]] = passage_of(row)
        return {document_id: list(by_id.values()) for document_id, by_id in found.items()}

    @override
    def all_passages(
        self, *, tenant: str | None = None, after: str = "", batch: int = 500
    ) -> Iterator[list[Passage]]:
        """Yield every passage as the port says.

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
                rows = connection.execute(select(passages).where(span).order_by(*_IN_ORDER)).mappings().all()
            after = last
            # A passage that two chunkings share has two rows.
            yield list({row["id"]: passage_of(row) for row in rows}.values())

    @override
    def neighbours(self, given: Collection[Passage], *, reach: int) -> dict[str, list[Passage]]:
        """Return passage id -> its neighbours as the port says.

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
                    found[row["middle_id"]].setdefault(row["id"], passage_of(row))
        return {passage_id: list(others.values()) for passage_id, others in found.items()}

    @override
    def passage_ids(self) -> frozenset[str]:
        with reading(self._engine) as connection:
            return frozenset(connection.scalars(select(passages.c.id)))

    @override
    def changes(self, *, after: int, limit: int = 500) -> list[Change]:
        query = select(changes).where(changes.c.seq > after).order_by(changes.c.seq).limit(limit)
        return self._all(query, partial(from_json, Change))

    @override
    def last_change(self) -> int:
        with reading(self._engine) as connection:
            return last_change(connection)

    @override
    def changed_documents(self, *, after: int) -> frozenset[str]:
        query = select(changes.c.document_id).where(changes.c.seq > after)
        with reading(self._engine) as connection:
            return frozenset(connection.scalars(query))

    @override
    def changed(self, *, after: int) -> int:
        query = select(func.count(changes.c.document_id.distinct())).where(changes.c.seq > after)
        return self._value(query) or 0


def _of_source(source: str) -> ColumnElement[bool]:
    """Return the condition that a document is of a source.

    A file in a folder is the folder's, by whatever path it was read; what lies hidden in it is not.
    """
    read = documents.c.source.startswith(_FILES, autoescape=True)
    read &= func.substr(documents.c.uri, 1, func.length(documents.c.source)) == documents.c.source
    below = read & at_or_below(documents.c.uri, source)
    hidden = func.substr(documents.c.uri, len(source) + 1).contains("/.", autoescape=True)
    return or_(documents.c.source == source, below & ~hidden)
