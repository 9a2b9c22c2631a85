"""whetstone keys, from the outside."""

import json
import re
import stat
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from rag.access.keys import KeyMaths
from rag.adapters.sql.stores import open_stores, sqlite_url
from rag.domain import utcnow


def run(home: Path, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run a command in a home of its own."""
    return subprocess.run(
        [sys.executable, "-m", "flows.cli", "keys", *arguments],
        env={"PATH": "/usr/bin:/bin", "WHETSTONE_HOME": str(home), **settings},
        cwd=home,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_keys_life(tmp_path: Path) -> None:
    """Made, listed without its secret, revoked: what is printed, what is kept, and what the audit trail says."""
    assert "There are no keys" in run(tmp_path, "list").stdout

    made = run(
        tmp_path,
        "create",
        *("--role", "editor", "--role", "reader", "--name", "nightly [import]", "--expires-in", "90d"),
        *("--requests-per-minute", "30", "--concurrent", "2"),
    )
    assert made.returncode == 0, made.stderr
    # Nothing but the key on standard output, so that it can be piped.
    assert re.fullmatch(r"wk_[a-z0-9]{18}\.[A-Za-z0-9_-]{43}\n", made.stdout)
    key_id, secret = made.stdout.strip().removeprefix("wk_").split(".")
    assert key_id in made.stderr
    assert "This is the first key: from now on every request needs one" in made.stderr
    assert secret not in made.stderr
    file = tmp_path / "keys.secret"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600

    second = run(tmp_path, "create", "--role", "reader", "--tenant", "north")
    assert "first key" not in second.stderr

    table = run(tmp_path, "list").stdout
    for part in (key_id, "nightly [import]", "reader editor", "north", "usable"):
        assert part in table
    listed = json.loads(run(tmp_path, "list", "--json").stdout)
    assert [(key["id"], key["tenant"]) for key in listed][1] == (key_id, "default")
    assert (listed[1]["requests_per_minute"], listed[1]["concurrent"]) == (30, 2)
    left = datetime.fromisoformat(listed[1]["expires_at"]) - utcnow()
    assert timedelta(days=89, hours=23) < left <= timedelta(days=90)
    assert secret not in table + json.dumps(listed)

    revoked = run(tmp_path, "revoke", key_id)
    assert revoked.stdout == f"revoked: {key_id} (nightly [import])\n"
    assert [key["status"] for key in json.loads(run(tmp_path, "list", "--json").stdout)] == [
        "usable",
        "revoked",
    ]

    stores = open_stores(sqlite_url(tmp_path))
    try:
        kept, entries = stores.keys.get(key_id), stores.audit.newest()
    finally:
        stores.close()
    assert kept is not None
    assert KeyMaths(bytes.fromhex(file.read_text())).fits(kept, secret)
    assert [entry.action for entry in entries] == ["revoke-key", "create-key", "create-key"]
    assert all(entry.principal.startswith("terminal") for entry in entries)


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (["create"], 2, "--role"),
        (["create", "--role", "king"], 2, "'reader', 'editor', 'operator', 'approver', 'admin'"),
        (["create", "--role", "approver", "--tenant", "north"], 2, "its own tenant 'default'"),
        (["create", "--role", "reader", "--tenant", "a b"], 2, "no name of a tenant"),
        (["create", "--role", "reader", "--expires-in", "soon"], 2, "30m, 12h, 90d or 52w"),
        (["create", "--role", "reader", "--expires-in", "0d"], 2, "30m, 12h, 90d or 52w"),
        (["create", "--role", "reader", "--expires-in", "99999w"], 2, "a hundred years"),
        (["create", "--role", "reader", "--concurrent", "0"], 2, "--concurrent"),
        (["create", "--role", "reader", "--concurrent", "100001"], 2, "1<=x<=100000"),
        (["create", "--role", "reader", "--requests-per-minute", "10000001"], 2, "1<=x<=10000000"),
        (["revoke", "nobody"], 1, "no key 'nobody'"),
    ],
)
def test_what_cannot_be_is_said_in_one_line(
    tmp_path: Path, arguments: list[str], status: int, said: str
) -> None:
    """No key is made, and there is no traceback."""
    done = run(tmp_path, *arguments)
    assert done.returncode == status, done.stderr
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_the_secret_may_be_a_setting(tmp_path: Path) -> None:
    """Then no file is made; a short one is refused without being repeated."""
    secret = "k" * 32
    made = run(tmp_path, "create", "--role", "reader", WHETSTONE_KEY_SECRET=secret)
    parts = KeyMaths(secret.encode()).parse(made.stdout.strip())
    assert parts is not None
    assert not (tmp_path / "keys.secret").exists()

    short = run(tmp_path, "create", "--role", "reader", WHETSTONE_KEY_SECRET="too-short-a-secret")
    assert short.returncode == 2
    assert "32 or more bytes, got 18" in short.stderr
    assert "too-short-a-secret" not in short.stderr
