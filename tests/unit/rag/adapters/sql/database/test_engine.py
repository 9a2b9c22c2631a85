"""What SQLite needs, and how a missing driver is told."""

import subprocess
import sys
import threading
from pathlib import Path

import pytest
from sqlalchemy import text

from rag.adapters.sql.database.engine import make_engine, reading, writing
from rag.adapters.sql.stores import Stores, open_stores, sqlite_url
from rag.domain import Document
from rag.errors import SettingInvalid, Unavailable


def test_sqlite_is_set_up_for_several_processes_and_power_cuts(stores: Stores) -> None:
    """Write-ahead log, every commit on the disk, foreign keys held, waiting for a lock."""
    pragmas = ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
    with reading(stores.engine) as connection:
        values = [connection.exec_driver_sql(f"PRAGMA {name}").scalar_one() for name in pragmas]
    assert values == ["wal", 2, 1, 15_000]


def test_a_writing_transaction_takes_the_lock_at_its_start(stores: Stores) -> None:
    """Two transactions that read and then write queue up; neither fails for what the other did meanwhile."""
    together = threading.Barrier(2)
    failures: list[BaseException] = []

    def read_then_write() -> None:
        together.wait()
        try:
            for _ in range(20):
                with writing(stores.engine) as connection:
                    last = connection.execute(text("SELECT seq FROM change_counter")).scalar_one()
                    connection.execute(text("UPDATE change_counter SET seq = :next"), {"next": last + 1})
        except Unavailable as error:
            failures.append(error)

    threads = [threading.Thread(target=read_then_write) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert stores.documents.last_change() == 40


def test_readers_do_not_wait_for_a_writer(stores: Stores) -> None:
    """While a transaction writes, others read what was there before it."""
    with writing(stores.engine) as connection:
        connection.execute(text("UPDATE change_counter SET seq = 7"))
        assert stores.documents.last_change() == 0
    assert stores.documents.last_change() == 7


def test_an_exception_rolls_the_transaction_back(stores: Stores) -> None:
    """Work that fails midway leaves nothing."""
    with pytest.raises(RuntimeError, match="boom"), writing(stores.engine) as connection:
        connection.execute(text("UPDATE change_counter SET seq = 7"))
        raise RuntimeError("boom")
    assert stores.documents.last_change() == 0


def test_many_threads_share_the_stores(stores: Stores) -> None:
    """A web server's threads read and write through the same object."""

    def work(number: int) -> None:
        document = Document.create(uri=str(number), text="text")
        stores.documents.put(document, [], "c")
        assert stores.documents.get(document.id, tenant="default") == document

    threads = [threading.Thread(target=work, args=(number,)) for number in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert stores.documents.count() == 40


def test_what_was_committed_survives_a_killed_process(tmp_path: Path) -> None:
    """A process that is killed right after a write loses nothing, and the file opens again."""
    script = (
        "import os, sys; from rag.adapters.sql.stores import open_stores; from rag.domain import Document;"
        "stores = open_stores(sys.argv[1]); stores.documents.put(Document.create(uri='a', text='b'), [], 'c');"
        "os.kill(os.getpid(), 9)"
    )
    killed = subprocess.run([sys.executable, "-c", script, sqlite_url(tmp_path)], check=False)
    assert killed.returncode == -9
    stores = open_stores(sqlite_url(tmp_path))
    assert stores.documents.count() == 1
    stores.close()


def test_a_missing_driver_names_the_extra() -> None:
    """Without psycopg the message says what to install, and no password."""
    script = (
        "import sys; sys.modules['psycopg'] = None\n"
        "from rag.adapters.sql.stores import open_stores\n"
        "from rag.errors import MissingExtra\n"
        "try: open_stores('postgresql://someone:hush-hush@host/database')\n"
        "except MissingExtra as error: print(error)"
    )
    done = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
    assert "pip install 'whetstone[postgres]'" in done.stdout
    assert "hush-hush" not in done.stdout


def test_making_an_engine_opens_nothing(tmp_path: Path) -> None:
    """Neither a file nor a connection comes into being before it is needed."""
    make_engine(sqlite_url(tmp_path / "home")).dispose()
    make_engine("postgresql://someone@127.0.0.1:1/database").dispose()
    assert list(tmp_path.iterdir()) == []


def test_homes_of_any_name_hold_a_database(tmp_path: Path) -> None:
    """Blanks and characters that mean something in a URL are no problem in a folder's name."""
    home = tmp_path / "my home 100% #1 ü %20 a=b&c"
    open_stores(sqlite_url(home)).close()
    assert (home / "whetstone.sqlite").is_file()


def test_a_home_that_no_url_can_name_is_refused(tmp_path: Path) -> None:
    """Better than a database in another folder."""
    with pytest.raises(SettingInvalid, match="question mark"):
        sqlite_url(tmp_path / "why?")


@pytest.mark.parametrize("folder", ["home", "a b%20c#d", "Ü"])
def test_a_file_that_is_taken_away_is_not_made_anew(tmp_path: Path, folder: str) -> None:
    """What comes back is as it was, whatever was asked meanwhile; odd names of folders are found."""
    stores = open_stores(sqlite_url(tmp_path / folder))
    try:
        stores.cursors.set_cursor("a", 7)
        stores.engine.dispose()
        file = tmp_path / folder / "whetstone.sqlite"
        away = file.rename(file.with_name("away"))
        for _ in range(3):
            with pytest.raises(Unavailable):
                stores.cursors.cursor("a")
        assert not file.exists()
        away.rename(file)
        assert stores.cursors.cursor("a") == 7
    finally:
        stores.close()
