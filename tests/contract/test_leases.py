"""Leases, on every database."""

import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import update

from rag.adapters.sql.database.engine import writing
from rag.adapters.sql.schema.releases import leases
from rag.adapters.sql.stores import Stores
from rag.domain import utcnow
from rag.errors import LeaseHeld


def test_a_second_runner_is_kept_out(open_any: Callable[[], Stores]) -> None:
    """While one holds it nobody else gets it, other names are free, and the end frees it at once."""
    first, second = open_any(), open_any()
    with first.leases.hold("promotion") as lease:
        lease.check()
        with pytest.raises(LeaseHeld, match="promotion"), second.leases.hold("promotion"):
            pytest.fail("held twice")
        with second.leases.hold("drift"):
            lease.check()
    with second.leases.hold("promotion") as later:
        later.check()


def test_the_token_grows_with_every_holder(any_stores: Stores) -> None:
    """So that what an earlier holder does late can be told apart."""
    tokens = []
    for _ in range(3):
        with any_stores.leases.hold("promotion") as lease:
            tokens.append(lease.token)
    assert tokens == [1, 2, 3]


def test_a_failure_inside_frees_it(any_stores: Stores) -> None:
    """Work that raises leaves no lease behind."""
    with pytest.raises(RuntimeError, match="boom"), any_stores.leases.hold("promotion"):
        raise RuntimeError("boom")
    with any_stores.leases.hold("promotion") as lease:
        lease.check()


def test_it_is_renewed_while_it_is_held(open_any: Callable[[], Stores]) -> None:
    """Work that takes longer than the lease's term keeps it."""
    first, second = open_any(), open_any()
    with first.leases.hold("promotion", ttl_s=0.9) as lease:
        ends = time.monotonic() + 2
        while time.monotonic() < ends:
            with pytest.raises(LeaseHeld), second.leases.hold("promotion"):
                pytest.fail("held twice")
            time.sleep(0.1)
        lease.check()


def test_only_one_of_many_gets_it(open_any: Callable[[], Stores]) -> None:
    """Runners that ask at the same moment for a lease nobody ever had."""
    opened = [open_any() for _ in range(4)]
    together, done = threading.Barrier(4), threading.Barrier(4)

    def run(stores: Stores) -> bool:
        together.wait()
        try:
            with stores.leases.hold("promotion"):
                done.wait()
                return True
        except LeaseHeld:
            done.wait()
            return False

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(run, opened)) == [False, False, False, True]


def test_a_killed_holder_keeps_it_until_it_expires(any_url: str, any_stores: Stores) -> None:
    """Nobody takes over before the term ends, and anybody can afterwards, with a larger token."""
    script = (
        "import os, sys; from rag.adapters.sql.stores import open_stores;"
        "held = open_stores(sys.argv[1]).leases.hold('promotion', ttl_s=2.5);"
        "held.__enter__(); os.kill(os.getpid(), 9)"
    )
    killed = subprocess.run([sys.executable, "-c", script, any_url], check=False, capture_output=True)
    died = time.monotonic()
    assert killed.returncode == -9
    refused = 0
    while True:
        try:
            with any_stores.leases.hold("promotion") as lease:
                waited = time.monotonic() - died
                assert lease.token == 2
                break
        except LeaseHeld:
            refused += 1
            time.sleep(0.05)
    assert refused > 0
    assert waited < 3


def test_a_holder_that_lost_it_is_told(any_stores: Stores) -> None:
    """After another took over, `check` raises, now and ever after, and the end does not free the other's."""
    with any_stores.leases.hold("promotion", ttl_s=60) as lease:
        with writing(any_stores.engine) as connection:
            connection.execute(update(leases).values(expires_at=utcnow() - timedelta(seconds=1)))
        with any_stores.leases.hold("promotion") as other:
            assert other.token == lease.token + 1
            for _ in range(2):
                with pytest.raises(LeaseHeld, match="was lost"):
                    lease.check()


def test_a_lost_lease_is_not_freed_by_its_former_holder(any_stores: Stores) -> None:
    """The end of the work of whoever lost it leaves the new holder's lease alone."""
    with any_stores.leases.hold("promotion", ttl_s=60), writing(any_stores.engine) as connection:
        expired = {"token": 2, "holder": "other", "expires_at": utcnow() + timedelta(seconds=60)}
        connection.execute(update(leases).values(**expired))
    with pytest.raises(LeaseHeld, match="other"), any_stores.leases.hold("promotion"):
        pytest.fail("held twice")


def test_asking_who_holds_it_keeps_nobody_out(any_stores: Stores) -> None:
    """Held while somebody is at it, and neither before nor after; nor where the holder died."""
    assert not any_stores.leases.held("retrain")
    with any_stores.leases.hold("retrain") as lease:
        assert any_stores.leases.held("retrain")
        assert not any_stores.leases.held("promotion")
        lease.check()
    assert not any_stores.leases.held("retrain")
    with any_stores.leases.hold("retrain", ttl_s=60):
        with writing(any_stores.engine) as connection:
            connection.execute(update(leases).values(expires_at=utcnow() - timedelta(seconds=1)))
        assert not any_stores.leases.held("retrain")
