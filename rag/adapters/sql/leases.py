"""Leases: rows that keep a second runner out of one piece of work."""

import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta

from sqlalchemy import Engine, select, update
from typing_extensions import override

from rag.adapters.sql.database.engine import now, reading, writing
from rag.adapters.sql.database.statements import insert_new
from rag.adapters.sql.database.store import SqlStore
from rag.adapters.sql.schema.releases import leases
from rag.domain import new_id
from rag.errors import LeaseHeld, Unavailable
from rag.ports import Lease, Leases


class SqlLeases(SqlStore, Leases):
    """Leases as rows: a holder, a token that grows, and an expiry by the database's clock."""

    @override
    @contextmanager
    def hold(self, name: str, *, ttl_s: float = 30.0) -> Iterator["SqlLease"]:
        """Hold the lease as the port says, renewing it every third of `ttl_s` seconds.

        A holder that dies keeps others out until `ttl_s` seconds after its last renewal.
        """
        lease = self._take(name, ttl_s)
        renewing = threading.Thread(target=lease.keep_renewing, name=f"lease {name}", daemon=True)
        renewing.start()
        try:
            yield lease
        finally:
            lease.stop()
            renewing.join()
            # Where the database is away the lease ends by itself; the work that was done is no failure.
            with suppress(Unavailable):
                lease.release()

    @override
    def held(self, name: str) -> bool:
        with reading(self._engine) as connection:
            expires = connection.execute(
                select(leases.c.expires_at).where(leases.c.name == name)
            ).scalar_one_or_none()
            return expires is not None and expires > now(connection)

    def _take(self, name: str, ttl_s: float) -> "SqlLease":
        holder = f"{socket.gethostname()}:{os.getpid()}:{new_id()[:8]}"
        asked = time.monotonic()
        with writing(self._engine) as connection:
            moment = now(connection)
            expires = moment + timedelta(seconds=ttl_s)
            row = connection.execute(
                select(leases).where(leases.c.name == name).with_for_update()
            ).one_or_none()
            if row is not None and row.expires_at > moment:
                raise LeaseHeld(
                    f"{row.holder} is at {name!r}, until {row.expires_at:%H:%M:%S} UTC at least; wait for it"
                )
            token = 1 if row is None else row.token + 1
            values = {"holder": holder, "token": token, "expires_at": expires}
            if row is None:
                taken = insert_new(connection, leases, [{"name": name, **values}])
            else:
                free = (leases.c.name == name) & (leases.c.token == row.token)
                taken = connection.execute(update(leases).where(free).values(values)).rowcount
            if taken == 0:
                raise LeaseHeld(f"another runner took {name!r} at the same moment; wait for it to end")
        return SqlLease(self._engine, name, token, ttl_s, asked + ttl_s)


class SqlLease(Lease):
    """A lease held."""

    def __init__(self, engine: Engine, name: str, token: int, ttl_s: float, until: float) -> None:
        self.token = token
        self._engine = engine
        self._name = name
        self._ttl_s = ttl_s
        self._until = until  # monotonic seconds up to which no other can have it
        self._lost = False
        self._ended = threading.Event()
        self._mine = (leases.c.name == name) & (leases.c.token == token)

    @override
    def check(self) -> None:
        """Raise LeaseHeld where it was lost, as the port says; Unavailable where the database cannot be asked."""
        if not self._lost and time.monotonic() < self._until:
            # This machine's clock stands still while it sleeps, the database's does not.
            with reading(self._engine) as connection:
                row = connection.execute(select(leases.c.expires_at).where(self._mine)).one_or_none()
                self._lost = row is None or row.expires_at <= now(connection)
        else:
            self._lost = True
        if self._lost:
            raise LeaseHeld(f"the lease on {self._name!r} was lost: it was not renewed in time; start again")

    def keep_renewing(self) -> None:
        """Renew until `stop` is called or the lease is lost."""
        while not self._ended.wait(self._ttl_s / 3):
            try:
                if not self._renew():
                    self._lost = True
                    return
            except Unavailable:
                # The next try may reach the database; `check` tells when it is too late.
                continue

    def _renew(self) -> bool:
        asked = time.monotonic()
        with writing(self._engine) as connection:
            expires = now(connection) + timedelta(seconds=self._ttl_s)
            renewed = connection.execute(update(leases).where(self._mine).values(expires_at=expires))
        if renewed.rowcount == 0:
            return False
        self._until = asked + self._ttl_s
        return True

    def stop(self) -> None:
        """End the renewing."""
        self._ended.set()

    def release(self) -> None:
        """Let others in at once; nothing happens where another has it already."""
        with writing(self._engine) as connection:
            # The row stays, so that the next token is a larger one.
            connection.execute(update(leases).where(self._mine).values(expires_at=now(connection)))
