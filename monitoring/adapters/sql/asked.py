"""The log of questions, read thinned."""

from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy import Connection, RowMapping, case, func, literal_column, select
from typing_extensions import override

from monitoring.domain import ALL_TENANTS, Asked, Known, Unread
from monitoring.ports import AskedLog
from rag.adapters.sql.database.engine import now, reading
from rag.adapters.sql.database.statements import batches
from rag.adapters.sql.database.store import SqlStore
from rag.adapters.sql.schema.log import interactions, logged
from rag.domain import InteractionStatus
from rag.domain.log import text_key

PAGE = 500
"""Rows of the log of which a text gives one: as many as repeats are looked for among, so that none is lost."""

OVERLAP = {"sqlite": timedelta(), "postgresql": timedelta(seconds=15)}
"""Read again each time: where several write at once, one may commit later than another whose rows are later."""

SKEW = timedelta(minutes=2)
"""What the clocks of database and service may differ by: nothing is logged before it was asked."""

LATE = timedelta(days=7)
"""How long a row of before may have waited beside the database until it was written without a key."""

OLD_ROWS = 20_000
"""Most rows without a key that are read, once: each costs its whole text."""

_log = interactions.c


class SqlAskedLog(SqlStore, AskedLog):
    """An `AskedLog` in SQL. What is thinned is read from an index alone, without the rows."""

    @override
    def unread(self, *, tenant: str, after: datetime | None, since: datetime, limit: int) -> Unread:
        """Return what is new as the port says.

        Of rows that are next to each other in the order of asking, `PAGE` at a time, each text gives one: a probe that
        asks every half minute is one row of an hour's check, and six of a day's.
        """
        with reading(self._engine) as connection:
            last = connection.execute(
                select(_log.logged_at).where(logged).order_by(_log.logged_at.desc()).limit(1)
            ).scalar_one_or_none()
            # Where nothing has a key yet, what has none is read all the same, and not a second time.
            until = last or after or now(connection)
            asked = _keyed(connection, tenant, after, until, since, limit)
            if after is None and len(asked) < limit:
                asked = [*_unkeyed(connection, tenant, since, min(limit - len(asked), OLD_ROWS)), *asked]
        asked.sort(key=lambda each: (each.asked_at, each.id))
        return Unread(asked=tuple(asked), until=until)

    @override
    def known(self, interaction_ids: Collection[str]) -> dict[str, Known]:
        with reading(self._engine) as connection:
            return {
                row["id"]: _known(row)
                for ids in batches(interaction_ids)
                for row in connection.execute(_KNOWN.where(_log.id.in_(ids))).mappings()
            }


_KNOWN = select(
    _log.id,
    _log.tenant,
    _log.principal,
    _log.asked_at,
    case((_log.rewritten != "", _log.rewritten), else_=_log.question).label("text"),
    _log.release,
    _log.support,
    _log.status,
    _log.language_unknown,
)


def _keyed(
    connection: Connection, tenant: str, after: datetime | None, until: datetime, since: datetime, limit: int
) -> list[Asked]:
    """Return one row for each text of a page, the newest `limit` of them.

    Of a log that nobody has read for long, only so much of the end is numbered as holds enough of them.
    """
    from_ = since - SKEW
    if after is not None:
        from_ = max(from_, after - OVERLAP[connection.dialect.name])
    rows = 2 * limit
    while True:
        beyond = (
            select(_log.logged_at)
            .where(_log.logged_at > from_, _log.logged_at <= until)
            .order_by(_log.logged_at.desc())
            .offset(rows)
            .limit(1)
        )
        reached = connection.execute(beyond).scalar_one_or_none()
        asked = _paged(connection, tenant, reached or from_, until, since, limit)
        if reached is None or 2 * len(asked) >= limit:
            return asked
        rows *= 4


def _paged(
    connection: Connection, tenant: str, from_: datetime, until: datetime, since: datetime, limit: int
) -> list[Asked]:
    new = (_log.logged_at > from_) & (_log.logged_at <= until) & (_log.text_key != "")
    if tenant != ALL_TENANTS:
        # Not compared as it stands: SQLite would go by the tenant's own index, through all that was ever asked.
        new &= func.coalesce(_log.tenant, "") == tenant
    order = (_log.asked_at, _log.id)
    page = (func.row_number().over(order_by=order) - 1) // literal_column(str(PAGE))
    numbered = select(page.label("page"), _log.text_key, _log.asked_at, _log.id).where(new).subquery()
    first_at = func.min(numbered.c.asked_at).label("first_at")
    query = (
        select(func.min(numbered.c.id).label("id"), numbered.c.text_key, first_at)
        .where(numbered.c.asked_at >= since)
        .group_by(numbered.c.page, numbered.c.text_key)
        .order_by(first_at.desc())
        .limit(limit)
    )
    return [
        Asked(id=row.id, text_key=row.text_key, asked_at=row.first_at) for row in connection.execute(query)
    ]


def _unkeyed(connection: Connection, tenant: str, since: datetime, limit: int) -> list[Asked]:
    """Return rows of before there were keys, the newest `limit`."""
    first = connection.execute(
        select(_log.logged_at).where(logged).order_by(_log.logged_at).limit(1)
    ).scalar_one_or_none()
    old = _log.logged_at.is_(None) & (_log.asked_at >= since) & ~_log.auxiliary
    if tenant != ALL_TENANTS:
        old &= _log.tenant == tenant
    if first is not None:
        # So that those with keys, by and by almost all, are not read in vain.
        old &= _log.asked_at <= first + LATE
    query = (
        select(_log.id, _log.asked_at, _log.question, _log.rewritten)
        .where(old)
        .order_by(_log.asked_at.desc(), _log.id.desc())
        .limit(limit)
    )
    made = (
        Asked(id=row.id, text_key=text_key(row.rewritten or row.question), asked_at=row.asked_at)
        for row in connection.execute(query)
    )
    return [each for each in made if each.text_key]


def _known(row: RowMapping) -> Known:
    refused = {InteractionStatus.ABSTAINED.value: 1.0, InteractionStatus.ANSWERED.value: 0.0}
    return Known(
        id=row["id"],
        tenant=row["tenant"],
        principal=row["principal"],
        asked_at=row["asked_at"],
        text=row["text"],
        release=row["release"],
        support=float("nan") if row["support"] is None else row["support"],
        refused=refused.get(row["status"], float("nan")),
        language_unknown=row["language_unknown"],
    )
