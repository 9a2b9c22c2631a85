"""Rows of documents and passages: made, checked and written within a transaction of the store's."""

from collections.abc import Collection, Sequence

from sqlalchemy import Connection, RowMapping, insert, select

from rag.adapters.sql.database.records import to_row
from rag.adapters.sql.database.statements import batches
from rag.adapters.sql.documents.changes import log_changes
from rag.adapters.sql.schema.documents import changes, documents, passages
from rag.domain import ChangeKind, Document, Locator, Passage, metadata_of
from rag.errors import InvalidInput


def overtaken_by_hand(
    connection: Connection, document_ids: Collection[str], after: int
) -> dict[str, ChangeKind]:
    """Return id -> the last change of those that somebody changed outright after the change `after`."""
    by_hand = (changes.c.seq > after) & changes.c.by_hand
    query = select(changes.c.document_id, changes.c.kind).where(by_hand).order_by(changes.c.seq)
    return {
        row.document_id: ChangeKind(row.kind)
        for ids in batches(document_ids)
        for row in connection.execute(query.where(changes.c.document_id.in_(ids)))
    }


def check_passages(document: Document, given: Sequence[Passage]) -> None:
    """Raise InvalidInput where a passage is not the document's."""
    for passage in given:
        if (passage.document_id, passage.tenant) != (document.id, document.tenant):
            raise InvalidInput(
                f"expected passages of document {document.id}, got one of {passage.document_id}"
            )


def not_there(
    connection: Connection, given: Sequence[tuple[Document, Sequence[Passage]]]
) -> dict[str, tuple[Document, Sequence[Passage]]]:
    """Return id -> document and passages of those that are not stored, of several with one id the first."""
    first: dict[str, tuple[Document, Sequence[Passage]]] = {}
    for document, cut in given:
        first.setdefault(document.id, (document, cut))
    for ids in batches(first):
        for stored in connection.scalars(select(documents.c.id).where(documents.c.id.in_(ids))):
            del first[stored]
    return first


def insert_new(
    connection: Connection,
    seq: int,
    new: Sequence[tuple[Document, Sequence[Passage]]],
    chunking: str,
    *,
    by_hand: bool = False,
) -> None:
    """Write documents that are not stored, with few statements, and their changes from the number `seq` on."""
    connection.execute(insert(documents), [to_row(document) for document, _ in new])
    insert_passages(connection, [passage for _, cut in new for passage in cut], chunking)
    changed = [(document.id, document.tenant) for document, _ in new]
    log_changes(connection, seq, changed, ChangeKind.PUT, by_hand=by_hand)


def insert_passages(connection: Connection, given: Sequence[Passage], chunking: str) -> None:
    """Write passages under a chunking."""
    if given:
        connection.execute(insert(passages), [to_row(passage) | {"chunking": chunking} for passage in given])


def stored_hash(connection: Connection, document: Document) -> str | None:
    """Return the content hash stored under the document's id; InvalidInput where it is another tenant's."""
    columns = (documents.c.tenant, documents.c.content_hash)
    row = connection.execute(select(*columns).where(documents.c.id == document.id)).one_or_none()
    if row is not None and row.tenant != document.tenant:
        raise InvalidInput(
            f"expected document {document.id} to be of tenant {row.tenant!r}, got {document.tenant!r}"
        )
    return None if row is None else str(row.content_hash)


def document_of(row: RowMapping) -> Document:
    """Return the document of a row."""
    return Document(
        **{
            **row,
            "metadata": metadata_of(row["metadata"]),
            "locators": tuple(Locator(**each) for each in row["locators"]),
            "unread": tuple(row["unread"]),
        }
    )


def passage_of(row: RowMapping) -> Passage:
    """Return the passage of a row."""
    kept = {name: value for name, value in row.items() if name not in ("chunking", "middle_id")}
    return Passage(**{**kept, "metadata": metadata_of(row["metadata"])})
