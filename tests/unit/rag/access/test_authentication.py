"""Who sends a request, also while the database is away."""

import asyncio
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from doubles.waiting import until

from rag.access.authentication import FRESH_S, PATIENCE_S, Keyring
from rag.access.keys import KeyMaths, KeyRegister
from rag.adapters.sql.stores import Stores
from rag.domain import AuditEntry, Key, Principal, Role, utcnow
from rag.errors import Unauthorised, Unavailable
from rag.ports import KeyStore

MATHS = KeyMaths(b"s" * 32)
ENVIRONMENT = "a-key-of-the-environment"


@dataclass
class Watched:
    """A store of keys that counts its look-ups, and answers only while its gate is open."""

    store: KeyStore
    gate: threading.Event = field(default_factory=threading.Event)
    reads: int = 0
    answered: int = 0

    def __post_init__(self) -> None:
        self.gate.set()

    def get(self, key_id: str) -> Key | None:
        """Return one."""
        self.reads += 1
        self.gate.wait()
        found = self.store.get(key_id)
        self.answered += 1
        return found

    def all(self, *, tenant: str | None = None) -> list[Key]:
        """Return all."""
        self.reads += 1
        self.gate.wait()
        found = self.store.all(tenant=tenant)
        self.answered += 1
        return found

    def add(self, key: Key, *, entry: AuditEntry) -> None:
        """Write one."""
        self.store.add(key, entry=entry)

    def revoke(self, key_id: str, *, at: Any, entry: AuditEntry) -> bool:
        """Revoke one."""
        return self.store.revoke(key_id, at=at, entry=entry)


@dataclass
class Door:
    """A keyring over a real database, with a clock that is set by hand."""

    stores: Stores
    watched: Watched
    register: KeyRegister
    now: float = 0.0
    later: timedelta = timedelta()

    def ring(self, *, environment: str | None = None) -> Keyring:
        """Return a keyring."""
        return Keyring(
            self.watched,
            MATHS,
            environment=environment,
            tenant="home",
            clock=lambda: self.now,
            now=lambda: utcnow() + self.later,
        )

    def key(self, **values: Any) -> tuple[str, str]:
        """Make a key; give its id and the whole of it."""
        new = self.register.create(**({"roles": [Role.READER], "principal": "local"} | values))
        return new.key.id, new.token


@pytest.fixture
def door(stores: Stores) -> Iterator[Door]:
    """A keyring's surroundings."""
    watched = Watched(stores.keys)
    yield Door(stores, watched, KeyRegister(stores.keys, MATHS, home_tenant="home"))
    watched.gate.set()


def run(test: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run a test in a loop of its own."""
    asyncio.run(asyncio.wait_for(test(), 30))


async def refused(ring: Keyring, token: str) -> str:
    """Return why a key is refused."""
    with pytest.raises(Unauthorised) as caught:
        await ring.principal(token)
    return str(caught.value)


def test_a_key_stands_for_its_principal(door: Door) -> None:
    """With its tenant, its roles and its limits."""
    key_id, token = door.key(
        tenant="north", roles=[Role.READER, Role.EDITOR], requests_per_minute=7, concurrent=2
    )

    async def test() -> None:
        expected = Principal(
            id=key_id,
            tenant="north",
            roles=frozenset({Role.READER, Role.EDITOR}),
            requests_per_minute=7,
            concurrent=2,
        )
        assert await door.ring().principal(token) == expected

    run(test)


def test_the_environments_key_needs_no_database(door: Door) -> None:
    """It has all roles in the installation's tenant; others are not known."""

    async def test() -> None:
        ring = door.ring(environment=ENVIRONMENT)
        principal = await ring.principal(ENVIRONMENT)
        assert (principal.id, principal.tenant) == ("environment", "home")
        assert principal.roles == frozenset(Role)
        assert await ring.demands()
        assert "not known" in await refused(ring, ENVIRONMENT + "x")
        assert door.watched.reads == 0

    run(test)


def test_a_key_that_was_made_gets_no_further_roles_from_the_environment(door: Door) -> None:
    """A setting meant for the command line does not turn a reader into everything, nor undo a revocation."""
    key_id, token = door.key()

    async def test() -> None:
        ring = door.ring(environment=token)
        assert (await ring.principal(token)).roles == {Role.READER}
        assert await ring.demands()
        door.register.revoke(key_id, principal="local")
        door.now += FRESH_S
        assert "was revoked" in await refused(ring, token)

    run(test)


def test_what_is_wrong_with_a_key_is_said_to_its_owner_alone(door: Door) -> None:
    """Revoked and expired are told to whoever has the secret; a wrong secret is not known, whatever the id."""
    revoked_id, revoked = door.key()
    door.register.revoke(revoked_id, principal="local")
    _, expiring = door.key(expires_at=utcnow() + timedelta(hours=1))

    async def test() -> None:
        ring = door.ring()
        assert (await ring.principal(expiring)).tenant == "home"
        assert "was revoked" in await refused(ring, revoked)
        door.later = timedelta(hours=1)
        # It expires at its moment, look-up or not.
        assert "has expired" in await refused(ring, expiring)
        for token in (revoked, expiring):
            assert "not known" in await refused(ring, token[:-5] + "AAAAA")

    run(test)


def test_a_key_is_looked_up_once_a_second(door: Door) -> None:
    """Fifty requests at once read it once, and for a second nobody reads again; then its revocation is seen."""
    key_id, token = door.key()

    async def test() -> None:
        ring = door.ring()
        await asyncio.gather(*(ring.principal(token) for _ in range(50)))
        assert door.watched.reads == 1
        door.register.revoke(key_id, principal="local")
        door.now += FRESH_S * 0.99
        await ring.principal(token)
        assert door.watched.reads == 1
        door.now += FRESH_S * 0.02
        assert "was revoked" in await refused(ring, token)
        assert door.watched.reads == 2

    run(test)


def test_ids_that_nobody_made_are_not_looked_up(door: Door) -> None:
    """A flood of invented keys does not reach the database."""
    _, token = door.key()

    async def test() -> None:
        ring = door.ring()
        for number in range(500):
            await refused(ring, f"wk_{number:018d}{token[21:]}")
        assert door.watched.reads == 0

    run(test)


def test_while_the_database_is_away_known_keys_hold(door: Door, tmp_path: Path) -> None:
    """Who was seen before is let in, who was not has to wait, and both are looked up when it is back."""
    key_id, token = door.key()
    _, other = door.key()

    async def test() -> None:
        ring = door.ring()
        before = await ring.principal(token)
        door.stores.engine.dispose()
        files = list((tmp_path / "home").glob("whetstone.sqlite*"))
        for file in files:
            file.rename(file.with_name(f"away-{file.name}"))
        for _ in range(3):
            door.now += 100
            assert await ring.principal(token) == before
            with pytest.raises(Unavailable, match="Keys cannot be checked now"):
                await ring.principal(other)
        door.stores.engine.dispose()
        for file in files:
            file.with_name(f"away-{file.name}").replace(file)
        door.register.revoke(key_id, principal="local")
        door.now += FRESH_S
        assert "was revoked" in await refused(ring, token)
        assert (await ring.principal(other)).tenant == "home"

    run(test)


def test_a_database_that_hangs_holds_known_keys_up_once(door: Door) -> None:
    """The first request waits a moment, the next ones not at all, and all see what is new when it answers again."""
    key_id, token = door.key()

    async def test() -> None:
        ring = door.ring()
        await ring.principal(token)
        door.register.revoke(key_id, principal="local")
        door.watched.gate.clear()
        door.now += FRESH_S
        began = time.perf_counter()
        await ring.principal(token)
        first = time.perf_counter() - began
        for _ in range(20):
            await ring.principal(token)
        rest = time.perf_counter() - began - first
        assert PATIENCE_S * 0.9 < first < PATIENCE_S + 2
        assert rest < PATIENCE_S
        assert door.watched.reads == 2
        door.watched.gate.set()
        await asyncio.to_thread(until, lambda: door.watched.answered == 2)
        assert "was revoked" in await refused(ring, token)

    run(test)


def test_a_request_that_leaves_does_not_take_the_look_up_along(door: Door) -> None:
    """Those who wait for the same key get it all the same."""
    _, token = door.key()

    async def test() -> None:
        ring = door.ring()
        door.watched.gate.clear()
        leaving, staying = (asyncio.create_task(ring.principal(token)) for _ in range(2))
        await asyncio.to_thread(until, lambda: door.watched.reads)
        leaving.cancel()
        door.watched.gate.set()
        assert (await staying).tenant == "home"
        assert door.watched.reads == 1

    run(test)


def test_from_the_first_key_on_keys_are_demanded(door: Door) -> None:
    """Within a second of its making, and for good, also when all are revoked."""

    async def test() -> None:
        ring = door.ring()
        assert not await ring.demands()
        key_id, _ = door.key()
        assert not await ring.demands()
        assert not ring.demanded
        door.now += FRESH_S
        assert await ring.demands()
        assert ring.demanded
        door.register.revoke(key_id, principal="local")
        door.now += FRESH_S
        assert await ring.demands()
        assert await door.ring().demands()

    run(test)


def test_nobody_is_let_in_while_nobody_knows_whether_there_are_keys(door: Door, tmp_path: Path) -> None:
    """A service that never saw the table of keys does not guess."""

    async def test() -> None:
        door.stores.engine.dispose()
        for file in (tmp_path / "home").glob("whetstone.sqlite*"):
            file.unlink()
        with pytest.raises(Unavailable):
            await door.ring().demands()

    run(test)
