"""Indexes in folders, beside databases that others write to, or that were set back: no document is lost."""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from pydantic import SecretStr

from rag.adapters.models.encoders import EncoderFolder
from rag.adapters.qdrant.cursors import FolderCursors
from rag.adapters.sql.cursors import SqlCursors
from rag.adapters.sql.stores import Stores
from rag.bootstrap import Service, open_serving
from rag.domain import Document
from rag.errors import Unavailable
from rag.settings import Settings


@pytest.fixture
def homes(any_url: str, tmp_path: Path, encoder_store: EncoderFolder, static_digest: str) -> list[Settings]:
    """Two homes over one database of each kind."""
    made = []
    for name in ("a", "b"):
        digest = EncoderFolder(tmp_path / name / "encoders").register(encoder_store.path(static_digest))
        url = SecretStr(any_url)
        made.append(Settings(_env_file=None, home=tmp_path / name, database_url=url, encoder=digest))
    return made


@contextmanager
def started(settings: Settings) -> Iterator[Service]:
    """A service of that home, with its index up to date."""
    with open_serving(settings) as serving:
        serving.live.start(background=False)
        yield serving


def put(serving: Service, *names: str) -> None:
    """Write documents."""
    for name in names:
        serving.library.put(Document.create(uri=name, text=f"What is to be known of {name}."))


def holds_all(serving: Service) -> bool:
    """Tell whether the live index holds exactly the passages there are."""
    with serving.live.pin() as pinned:
        return pinned.index.ids() == serving.stores.documents.passage_ids()


def test_a_replica_that_was_away_catches_up_by_itself(homes: list[Settings]) -> None:
    """What another replica has applied to its own index says nothing of this one's."""
    first, _ = homes
    for home in homes:
        with started(home) as serving:
            put(serving, f"of {home.home.name}")
    with started(first) as serving:
        put(serving, "added", "removed")
        assert serving.live.wait_caught_up(serving.stores.documents.last_change(), 1)
        serving.library.delete(Document.id_for("default", "removed"), "default")
        assert serving.live.wait_caught_up(serving.stores.documents.last_change(), 1)
        assert holds_all(serving)
    for home in homes:
        with started(home) as serving:
            assert holds_all(serving)
            assert serving.stores.documents.count() == 3


def of_version_0_2(serving: Service, index: str) -> None:
    """Put the cursor where that version kept it."""
    seq = serving.stores.cursors.cursor(index)
    assert seq is not None
    SqlCursors(serving.stores.engine).set_cursor(index, seq)
    (serving.settings.home / "indexes" / index / "cursor.json").unlink()


def test_a_home_of_before_that_shares_a_database_is_brought_up_to_date(homes: list[Settings]) -> None:
    """The cursor in SQL may be another home's, so the log is applied anew: with deletions."""
    first, second = homes
    for home in homes:
        with started(home) as serving:
            put(serving, f"of {home.home.name}", "removed")
            serving.live.wait_caught_up(serving.stores.documents.last_change(), 1)
            index = serving.live.status()[1].detail
    with started(first) as serving:
        put(serving, "added")
        serving.library.delete(Document.id_for("default", "removed"), "default")
        assert serving.live.wait_caught_up(serving.stores.documents.last_change(), 1)
        of_version_0_2(serving, index)
    (second.home / "indexes" / index / "cursor.json").unlink()
    for home in homes:
        with started(home) as serving:
            assert holds_all(serving)


def test_a_home_of_before_goes_on_where_it_was(homes: list[Settings]) -> None:
    """With its database in it, what SQL says of its folder is true, and only what is new is applied."""
    home = homes[0].model_copy(update={"database_url": None})
    with started(home) as serving:
        put(serving, "one", "two")
        assert serving.live.wait_caught_up(serving.stores.documents.last_change(), 1)
        index = serving.live.status()[1].detail
        of_version_0_2(serving, index)
        put(serving, "three")
    with open_serving(home) as serving:
        assert serving.installation.indexing.lag(index) == 1
        serving.live.start(background=False)
        assert holds_all(serving)


def test_an_index_beside_a_database_that_was_set_back(homes: list[Settings]) -> None:
    """A copy of the database is restored and written to: what the index holds of the other log does not count."""
    home = homes[0].model_copy(update={"database_url": None})
    file, copy = home.home / "whetstone.sqlite", home.home.parent / "copy.sqlite"
    with started(home) as serving:
        put(serving, "one")
    with closing(sqlite3.connect(file)) as source, closing(sqlite3.connect(copy)) as target:
        source.backup(target)
    with started(home) as serving:
        put(serving, "two", "three")
        assert serving.live.wait_caught_up(serving.stores.documents.last_change(), 1)
    for left in home.home.glob("whetstone.sqlite*"):
        left.unlink()
    shutil.copy(copy, file)
    with open_serving(home) as serving:
        put(serving, "four", "five", "six")
    with started(home) as serving, serving.live.pin() as pinned:
        assert pinned.index.ids() >= serving.stores.documents.passage_ids()


def test_what_is_known_of_a_folder(stores: Stores, tmp_path: Path) -> None:
    """Nothing without a folder; then what was written, until it is forgotten; what is damaged is begun anew."""
    cursors = FolderCursors(tmp_path, stores.documents)
    cursors.forget("a")
    assert (cursors.cursor("a"), cursors.backfill("a")) == (None, None)
    with pytest.raises(Unavailable, match="index a"):
        cursors.set_cursor("a", 0)
    (tmp_path / "a").mkdir()
    cursors.forget("a")
    cursors.set_backfill("a", "d1")
    assert (cursors.cursor("a"), cursors.backfill("a")) == (None, "d1")
    cursors.set_cursor("a", 0)
    cursors.set_backfill("a", None)
    assert (FolderCursors(tmp_path, stores.documents).cursor("a"), cursors.backfill("a")) == (0, None)
    cursors.forget("a")
    assert cursors.cursor("a") is None
    (tmp_path / "a" / "cursor.json").write_text("{")
    assert cursors.cursor("a") == 0


@pytest.mark.parametrize(
    "written",
    ["null", "[]", '"x"', "{}", '{"seq": 3}', '{"seq": "a", "backfill": null, "change": null}', "{",
     '{"seq": 99999999999999999999999, "backfill": null, "change": "x"}'],
)  # fmt: skip
def test_a_file_of_another_shape_is_no_cursor(stores: Stores, tmp_path: Path, written: str) -> None:
    """Whatever stands in the file, the log is applied from its beginning."""
    folder = tmp_path / "indexes" / "one"
    folder.mkdir(parents=True)
    (folder / "cursor.json").write_text(written)

    assert FolderCursors(tmp_path / "indexes", stores.documents).cursor("one") == 0
