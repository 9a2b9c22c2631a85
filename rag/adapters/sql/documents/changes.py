"""The change log: every change of a document, numbered in the order of the transactions that made them."""

from collections.abc import Sequence

from sqlalchemy import Connection, insert, select, update

from rag.adapters.sql.database.records import to_row
from rag.adapters.sql.schema.documents import change_counter, changes
from rag.domain import Change, ChangeKind, utcnow


def next_seq(connection: Connection) -> int:
    """Return the number of the change that this transaction writes; other writers of documents wait for its end."""
    # Locked before anything else is touched, so that writers wait in one line and cannot deadlock.
    last: int = connection.execute(select(change_counter.c.seq).with_for_update()).scalar_one()
    return last + 1


def log_change(
    connection: Connection,
    seq: int,
    document_id: str,
    tenant: str,
    kind: ChangeKind,
    *,
    by_hand: bool = False,  # somebody asked for it outright
) -> None:
    """Write a change under the number that `next_seq` gave."""
    log_changes(connection, seq, [(document_id, tenant)], kind, by_hand=by_hand)


def log_changes(
    connection: Connection,
    seq: int,
    of: Sequence[tuple[str, str]],
    kind: ChangeKind,
    *,
    by_hand: bool = False,
) -> None:
    """Write changes of documents, given as (id, tenant), from the number on that `next_seq` gave."""
    connection.execute(update(change_counter), {"seq": seq + len(of) - 1})
    made = (
        Change(seq=number, document_id=document_id, tenant=tenant, kind=kind, at=utcnow())
        for number, (document_id, tenant) in enumerate(of, start=seq)
    )
    connection.execute(insert(changes), [to_row(change) | {"by_hand": by_hand} for change in made])


def last_change(connection: Connection) -> int:
    """Return the sequence number of the newest change; 0 where there is none."""
    last: int = connection.execute(select(change_counter.c.seq)).scalar_one()
    return last
