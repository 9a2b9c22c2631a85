"""A home that version 0.2 made opens, and everything in its database is read as it was written.

`data/home-0.2.sql` is the dump of a database that version 0.2 wrote: six documents, a key, two candidates, a promotion
and the way back, a question with feedback, a golden question, a drift report.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from monitoring.adapters.sql import SqlDriftReports
from monitoring.domain import DriftVerdict
from monitoring.telling import tell
from rag.access.keys import KeyMaths
from rag.adapters.sql.stores import Stores, open_stores, sqlite_url
from rag.domain import Purpose, Role, utcnow
from rag.errors import ApprovalInvalid
from retrain.adapters.sql.stores import RetrainStores, open_retrain_stores
from retrain.domain import CandidateStatus, PromotionKind, PromotionPhase
from retrain.promotion.approval import check

TOKEN = "wk_ixva8jrgpdq1a7fl7s.gJJ2R9BRa-Ip9yAP2lPgQB3-COWphnIHf80Fou3Gby0"
KEY_SECRET, APPROVAL_KEY = b"s" * 32, b"k" * 32


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home folder with the database."""
    dump = Path(__file__).parent / "data" / "home-0.2.sql"
    with closing(sqlite3.connect(tmp_path / "whetstone.sqlite")) as database:
        database.executescript(dump.read_text("utf-8"))
    return tmp_path


@pytest.fixture
def opened(home: Path) -> Iterator[Stores]:
    """Its stores."""
    stores = open_stores(sqlite_url(home))
    yield stores
    stores.close()


@pytest.fixture
def retrained(opened: Stores, home: Path) -> RetrainStores:
    """Retraining's stores of it."""
    return open_retrain_stores(opened, home)


def test_documents_and_deployment(opened: Stores) -> None:
    """Every document has its passage, and the deployment is where the way back left it."""
    passages = [each for batch in opened.documents.all_passages(tenant="default") for each in batch]
    deployment = opened.releases.deployment()

    assert opened.documents.count() == 6
    assert {each.document_id for each in passages} == {
        each.id for each in opened.documents.page(tenant="default")
    }
    assert deployment is not None
    assert (deployment.epoch, deployment.staged) == (3, None)
    live, previous = (opened.releases.get(str(each)) for each in (deployment.release, deployment.previous))
    assert live.encoder != previous.encoder
    assert live.index_name != previous.index_name


def test_keys(opened: Stores) -> None:
    """The key that was made then lets its holder in."""
    maths = KeyMaths(KEY_SECRET)
    parsed = maths.parse(TOKEN)
    assert parsed is not None
    key = opened.keys.get(parsed[0])

    assert key is not None
    assert maths.fits(key, parsed[1])
    assert (key.name, key.roles) == ("first", frozenset({Role.ADMIN}))


def test_questions_and_feedback(opened: Stores) -> None:
    """The log, what people said and the labels are there."""
    (asked,) = opened.interactions.between(tenant="default", limit=10, newest_first=True)
    (judged,) = opened.feedback.of([asked.id])[asked.id]
    (golden,) = opened.questions.all(tenant="default", purpose=Purpose.GOLDEN)

    assert (asked.answer, asked.total_ms, len(asked.hits)) == ("See [1].", 12.5, 2)
    assert judged.corrected_passage == asked.hits[1].passage_id
    assert golden.documents <= {each.id for each in opened.documents.page(tenant="default")}


def test_candidates_and_decisions(opened: Stores, retrained: RetrainStores) -> None:
    """Scorecards keep their digest, signatures hold, and an approval that was used stays used."""
    candidates = {each.status: each for each in retrained.candidates.newest()}
    promoted, rejected = candidates[CandidateStatus.PROMOTED], candidates[CandidateStatus.REJECTED]
    approval, rejection = (retrained.approvals.newest_for(each.id) for each in (promoted, rejected))
    assert approval is not None

    assert retrained.candidates.get(promoted.id[:8]) == promoted
    with pytest.raises(ApprovalInvalid, match="was used already"):
        check(approval, promoted, live=promoted.incumbent, key=APPROVAL_KEY, now=utcnow())
    with pytest.raises(ApprovalInvalid, match="signature"):
        check(approval, promoted, live=promoted.incumbent, key=b"x" * 32, now=utcnow())
    with pytest.raises(ApprovalInvalid, match="was rejected by ann"):
        check(rejection, rejected, live=rejected.incumbent, key=APPROVAL_KEY, now=utcnow())
    assert {(each.kind, each.phase) for each in retrained.promotions.newest()} == {
        (PromotionKind.PROMOTE, PromotionPhase.DONE),
        (PromotionKind.ROLLBACK, PromotionPhase.DONE),
    }
    assert [each.action for each in opened.audit.newest(10)] == [
        "reject", "rollback", "promote", "approve", "create-key", "deploy_first",
    ]  # fmt: skip


def test_drift_reports(opened: Stores) -> None:
    """A report is read whole: what it did not know of yet is empty."""
    reports = SqlDriftReports(opened.engine)
    (report,) = reports.newest(5, tenant="default")

    assert (report.verdict, report.golden_recall) == (DriftVerdict.CALM, {"q" * 32: 1.0})
    assert (report.diagnoses, report.new, report.months) == ((), 0, 0.0)
    assert reports.get(report.id).findings == report.findings
    assert tell(report).verdict.startswith("Calm")
