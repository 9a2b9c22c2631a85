"""Releases and the one row that says which is live."""

from sqlalchemy import Connection, RowMapping, select, update
from typing_extensions import override

from rag.adapters.sql.audit import record
from rag.adapters.sql.database.engine import reading, writing
from rag.adapters.sql.database.records import from_json, to_row
from rag.adapters.sql.database.statements import insert_new
from rag.adapters.sql.database.store import SqlStore
from rag.adapters.sql.schema.releases import deployment, releases
from rag.domain import AuditEntry, Calibration, Chunking, Deployment, Release, Retrieval, utcnow
from rag.errors import EpochMoved, NotFound
from rag.ports import Permit, ReleaseStore

_ONE_ROW = deployment.c.id == 1


class SqlReleases(SqlStore, ReleaseStore):
    """A `ReleaseStore` in SQL."""

    @override
    def add(self, release: Release) -> None:
        with writing(self._engine) as connection:
            insert_new(connection, releases, [to_row(release)])

    @override
    def get(self, digest: str) -> Release:
        release = self._one(select(releases).where(releases.c.digest == digest), _release)
        if release is None:
            raise NotFound(f"there is no release {digest!r}")
        return release

    @override
    def all(self) -> list[Release]:
        query = select(releases).order_by(releases.c.created_at.desc(), releases.c.digest)
        return self._all(query, _release)

    @override
    def deployment(self) -> Deployment | None:
        with reading(self._engine) as connection:
            return _deployment(connection)

    @override
    def deploy_first(self, release: str, *, principal: str) -> Deployment:
        with writing(self._engine) as connection:
            if (live := _deployment(connection)) is not None:
                return live
            _need_release(connection, release)
            row = {"id": 1, "epoch": 1, "release": release, "changed_at": utcnow()}
            if insert_new(connection, deployment, [row]):
                record(
                    connection,
                    AuditEntry(at=utcnow(), principal=principal, action="deploy_first", subject=release),
                )
            live = _deployment(connection)
            assert live is not None  # noqa: S101 - written above, by us or by whom we waited for
            return live

    @override
    def stage(self, release: str | None, *, expected_epoch: int) -> Deployment:
        with writing(self._engine) as connection:
            if release is not None:
                _need_release(connection, release)
            staged = connection.execute(
                update(deployment)
                .where(_ONE_ROW, deployment.c.epoch == expected_epoch)
                .values(staged=release)
            )
            live = _deployment(connection)
            if staged.rowcount == 0 or live is None:
                raise EpochMoved(_moved(expected_epoch, live))
            return live

    @override
    def flip(
        self, release: str, *, expected_epoch: int, entry: AuditEntry, permit: Permit | None = None
    ) -> Deployment:
        with writing(self._engine) as connection:
            switched = connection.execute(
                update(deployment)
                .where(_ONE_ROW, deployment.c.epoch == expected_epoch, deployment.c.staged == release)
                .values(
                    epoch=deployment.c.epoch + 1,
                    release=release,
                    previous=deployment.c.release,
                    staged=None,
                    changed_at=utcnow(),
                )
            )
            live = _deployment(connection)
            if switched.rowcount == 0 or live is None:
                raise EpochMoved(_moved(expected_epoch, live, release))
            if permit is not None:
                permit.use(connection, release=release, replaces=live.previous)
            record(connection, entry)
            return live

    @override
    def renew(self, release: Release, *, expected_epoch: int, entry: AuditEntry) -> Deployment:
        with writing(self._engine) as connection:
            insert_new(connection, releases, [to_row(release)])
            renewed = connection.execute(
                update(deployment)
                .where(_ONE_ROW, deployment.c.epoch == expected_epoch, deployment.c.staged.is_(None))
                .values(epoch=deployment.c.epoch + 1, release=release.digest)
            )
            live = _deployment(connection)
            if renewed.rowcount == 0 or live is None:
                raise EpochMoved(_moved(expected_epoch, live, "none"))
            record(connection, entry)
            return live


def _need_release(connection: Connection, digest: str) -> None:
    if connection.execute(select(releases.c.digest).where(releases.c.digest == digest)).first() is None:
        raise NotFound(f"there is no release {digest!r}")


def _moved(expected: int, live: Deployment | None, release: str | None = None) -> str:
    if live is None:
        return f"expected the deployment at epoch {expected}, but nothing is deployed yet"
    if live.epoch != expected:
        return f"expected the deployment at epoch {expected}, it is at {live.epoch}; look again and repeat"
    staged = live.staged or "none"
    return f"expected release {release} to be staged at epoch {expected}, staged is {staged}; stage it first"


def _deployment(connection: Connection) -> Deployment | None:
    row = connection.execute(select(deployment).where(_ONE_ROW)).mappings().one_or_none()
    return None if row is None else from_json(Deployment, row)


def _release(row: RowMapping) -> Release:
    return Release(
        **{
            **row,
            "chunking": Chunking(**row["chunking"]),
            # Releases of before words and context counted have no weight of either, and never looked at any.
            "support": None if row["support"] is None else from_json(Calibration, row["support"]),
            "retrieval": Retrieval(**({"dense_weight": 1.0, "context_weight": 0.0} | row["retrieval"])),
        }
    )
