"""Releases and the one row that says which is live."""

from dataclasses import asdict

from sqlalchemy import Connection, Engine, RowMapping, select, update

from rag.adapters.sql.audit import record
from rag.adapters.sql.database.engine import reading, writing
from rag.adapters.sql.database.statements import insert_new
from rag.adapters.sql.schema.releases import deployment, releases
from rag.domain import AuditEntry, Chunking, Deployment, Release, Retrieval, utcnow
from rag.errors import EpochMoved, NotFound
from rag.ports import Permit

_ONE_ROW = deployment.c.id == 1


class SqlReleases:
    """Releases and the one row that says which is live."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, release: Release) -> None:
        """Write one; the same digest again does nothing."""
        row = {
            "digest": release.digest,
            "encoder": release.encoder,
            "chunking": asdict(release.chunking),
            "retrieval": asdict(release.retrieval),
            "dimension": release.dimension,
            "distance": release.distance,
            "adapts": release.adapts,
            "shares": release.shares,
            "created_at": release.created_at,
        }
        with writing(self._engine) as connection:
            insert_new(connection, releases, [row])

    def get(self, digest: str) -> Release:
        """Return one.

        Raises:
            NotFound: there is no such release.
        """
        query = select(releases).where(releases.c.digest == digest)
        with reading(self._engine) as connection:
            row = connection.execute(query).mappings().one_or_none()
        if row is None:
            raise NotFound(f"there is no release {digest!r}")
        return _release(row)

    def all(self) -> list[Release]:
        """Return all, newest first."""
        query = select(releases).order_by(releases.c.created_at.desc(), releases.c.digest)
        with reading(self._engine) as connection:
            return [_release(row) for row in connection.execute(query).mappings()]

    def deployment(self) -> Deployment | None:
        """Return the deployment row; None before the first release."""
        with reading(self._engine) as connection:
            return _deployment(connection)

    def deploy_first(self, release: str, *, principal: str) -> Deployment:
        """Make the first release live at epoch 1; where one is live already, return that.

        Raises:
            NotFound: there is no such release.
        """
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

    def stage(self, release: str | None, *, expected_epoch: int) -> Deployment:
        """Ask the replicas to load a release; None withdraws.

        Raises:
            EpochMoved: the deployment is at another epoch.
            NotFound: there is no such release.
        """
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

    def flip(
        self, release: str, *, expected_epoch: int, entry: AuditEntry, permit: Permit | None = None
    ) -> Deployment:
        """Switch, in one transaction with the audit entry; see `rag.ports.ReleaseStore.flip`.

        Raises:
            EpochMoved: the deployment is at another epoch, or this release is not the staged one.
            ApprovalInvalid: the permit does not hold, or no longer.
        """
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
    row = connection.execute(select(deployment).where(_ONE_ROW)).one_or_none()
    if row is None:
        return None
    return Deployment(
        epoch=row.epoch,
        release=row.release,
        previous=row.previous,
        staged=row.staged,
        changed_at=row.changed_at,
    )


def _release(row: RowMapping) -> Release:
    return Release(
        **{
            **row,
            "chunking": Chunking(**row["chunking"]),
            # Releases of before words and context counted have no weight of either, and never looked at any.
            "retrieval": Retrieval(**({"dense_weight": 1.0, "context_weight": 0.0} | row["retrieval"])),
        }
    )
