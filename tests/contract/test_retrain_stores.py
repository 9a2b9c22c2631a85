"""Datasets, candidates, approvals and promotions, on every database."""

import math
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rag.adapters.sql.stores import Stores
from rag.domain import new_id, utcnow
from rag.errors import Conflict, IntegrityError, InvalidInput, NotFound
from retrain.adapters.sql.stores import RetrainStores, open_retrain_stores
from retrain.domain import (
    Approval,
    Candidate,
    CandidateStatus,
    Dataset,
    Decision,
    Difference,
    Estimate,
    EvalQuestion,
    MetricRow,
    Origin,
    Outcome,
    Promotion,
    PromotionKind,
    PromotionPhase,
    Scorecard,
    Slice,
    TrainingPair,
    TrainingReport,
    Verdict,
)

number = st.floats(allow_nan=False, width=64)
words = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
whole = st.integers(0, 2**40)
estimates = st.builds(Estimate, value=number, low=number, high=number)
differences = st.builds(Difference, value=number, low=number, high=number, p_value=number)
rows = st.lists(
    st.builds(MetricRow, metric=words, incumbent=estimates, candidate=estimates, difference=differences),
    max_size=2,
).map(tuple)
scorecards = st.builds(
    Scorecard,
    dataset=words,
    incumbent=words,
    candidate=words,
    questions=whole,
    passages=whole,
    overall=rows,
    slices=st.lists(st.builds(Slice, name=words, questions=whole, rows=rows), max_size=2).map(tuple),
)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | number | words,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(words, inner, max_size=2),
    max_leaves=4,
)
reports = st.builds(
    TrainingReport,
    lane=st.sampled_from(["static", "transformer"]),
    pairs=whole,
    steps=whole,
    epochs=number,
    seconds=number,
    best_dev=number,
    history=st.lists(st.dictionaries(words, number, max_size=2), max_size=2).map(tuple),
    settings=st.dictionaries(words, json_values, max_size=3),
)
verdicts = st.builds(
    Verdict, outcome=st.sampled_from(Outcome), reasons=st.lists(words, max_size=2).map(tuple)
)
pairs = st.builds(
    TrainingPair,
    question=words,
    passage_id=words,
    document_id=words,
    passage_text=words,
    origin=st.sampled_from(Origin),
    parent=words,
    principal=words,
    kind=words,
    interaction=words,
    asked_at=st.none() | st.datetimes(timezones=st.just(UTC)),
    judge=words,
    negatives=st.lists(words, max_size=2).map(tuple),
)
questions = st.builds(
    EvalQuestion,
    id=words,
    text=words,
    relevant=st.frozensets(words, max_size=3),
    documents=st.frozensets(words, max_size=3),
    origin=st.sampled_from(Origin),
    kind=words,
    asked_at=st.none() | st.datetimes(timezones=st.just(UTC)),
    parent=words,
)


@pytest.fixture
def retrain(any_stores: Stores, tmp_path: Path) -> RetrainStores:
    """Empty stores of retraining."""
    return open_retrain_stores(any_stores, tmp_path / "home")


def dataset(text: str = "Why?") -> Dataset:
    """Make a small dataset."""
    pair = TrainingPair(
        question=text, passage_id="p", document_id="d", passage_text="Because\u2028 ö.", origin=Origin.LOG
    )
    held_back = EvalQuestion(
        id="q", text=text, relevant=frozenset("ab"), documents=frozenset("d"), origin=Origin.LABEL
    )
    return Dataset(train=(pair,), dev=(held_back,), gate=(held_back,), manifest={"train": {"log": 1}})


def candidate(**values: object) -> Candidate:
    """Make a candidate."""
    row = MetricRow(
        metric="recall@10",
        incumbent=Estimate(value=0.5, low=0.4, high=0.6),
        candidate=Estimate(value=0.1 + 0.2, low=0.25, high=0.35),
        difference=Difference(value=-0.2, low=-0.3, high=-0.1, p_value=1e-300),
    )
    made = Candidate(
        id=new_id(),
        tenant="default",
        encoder="e",
        release="r",
        incumbent="i",
        dataset="d",
        training=TrainingReport(
            lane="static",
            pairs=3,
            steps=4,
            epochs=1.5,
            seconds=2.5,
            best_dev=0.75,
            history=({"step": 1.0, "loss": 0.5},),
            settings={"batch": 64, "lane": None},
        ),
        scorecard=Scorecard(
            dataset="d",
            incumbent="i",
            candidate="e",
            questions=50,
            passages=1000,
            overall=(row,),
            slices=(Slice(name="origin=log", questions=5, rows=(row,)),),
        ),
        verdict=Verdict(outcome=Outcome.INCONCLUSIVE, reasons=("too few", "questions")),
    )
    return replace(made, **values)  # type: ignore[arg-type] # one of the fields above


def test_a_dataset_comes_back_as_it_was_written(retrain: RetrainStores, tmp_path: Path) -> None:
    """Content from its file, manifest from SQL; a second time changes nothing, no half-written file stays."""
    written = dataset()
    retrain.datasets.put(written)
    retrain.datasets.put(replace(written, manifest={"other": 1}))
    assert retrain.datasets.get(written.digest) == written
    assert [path.name for path in (tmp_path / "home/datasets").iterdir()] == [f"{written.digest}.jsonl"]
    with pytest.raises(NotFound, match="nothing-such"):
        retrain.datasets.get("nothing-such")


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(pairs, max_size=3), *[st.lists(questions, max_size=2)] * 3)
def test_any_dataset_round_trips(
    retrain: RetrainStores,
    train: list[TrainingPair],
    dev: list[EvalQuestion],
    gate: list[EvalQuestion],
    others: list[EvalQuestion],
) -> None:
    """Whatever was mined comes back exactly, and its digest with it."""
    written = Dataset(
        train=tuple(train), dev=tuple(dev), gate=tuple(gate), robustness=tuple(others), manifest={}
    )
    retrain.datasets.put(written)
    found = retrain.datasets.get(written.digest)
    assert (found.train, found.dev, found.gate) == (tuple(train), tuple(dev), tuple(gate))
    assert (found.robustness, found.gate_digest) == (tuple(others), written.gate_digest)


def test_the_newest_dataset_is_the_tenants_own(retrain: RetrainStores, tmp_path: Path) -> None:
    """Another tenant's, and one whose content is gone, continue nothing."""
    assert retrain.datasets.newest(tenant="a") is None
    for age, (tenant, text) in enumerate([("b", "Newest?"), ("a", "Newer?"), ("a", "Oldest?")]):
        made = replace(dataset(text), manifest={"tenant": tenant}, created_at=utcnow() - timedelta(days=age))
        retrain.datasets.put(made)
    newest = retrain.datasets.newest(tenant="a")
    assert newest is not None
    assert newest.train[0].question == "Newer?"
    (tmp_path / "home/datasets" / f"{newest.digest}.jsonl").unlink()
    assert retrain.datasets.newest(tenant="a") is None


def test_a_dataset_whose_file_was_changed_is_refused(retrain: RetrainStores, tmp_path: Path) -> None:
    """A single changed letter, a cut file and a missing one are all noticed."""
    written = dataset()
    retrain.datasets.put(written)
    path = tmp_path / "home/datasets" / f"{written.digest}.jsonl"
    content = path.read_text()
    path.write_text(content.replace("Why?", "Who?", 1))
    with pytest.raises(IntegrityError, match=r"expected .* to have digest"):
        retrain.datasets.get(written.digest)
    path.write_text(content[: len(content) // 2])
    with pytest.raises(IntegrityError, match="is damaged"):
        retrain.datasets.get(written.digest)
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(IntegrityError, match="is damaged"):
        retrain.datasets.get(written.digest)
    path.unlink()
    with pytest.raises(IntegrityError, match="is gone"):
        retrain.datasets.get(written.digest)
    retrain.datasets.put(written)
    assert retrain.datasets.get(written.digest) == written


def test_a_dataset_with_a_wrong_digest_is_not_written(retrain: RetrainStores) -> None:
    """What cannot be read back is not taken in."""
    with pytest.raises(IntegrityError, match="its content has"):
        retrain.datasets.put(replace(dataset(), digest="0" * 64))


def test_a_candidate_comes_back_as_it_was_written(retrain: RetrainStores) -> None:
    """Scorecard, verdict and training report included."""
    written = candidate()
    retrain.candidates.add(written)
    assert retrain.candidates.get(written.id) == written
    with pytest.raises(Conflict):
        retrain.candidates.add(written)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(scorecards, reports, verdicts)
def test_any_candidate_round_trips(
    retrain: RetrainStores, scorecard: Scorecard, training: TrainingReport, verdict: Verdict
) -> None:
    """Every float to its last bit, every tuple as a tuple, so that digests still fit."""
    written = candidate(scorecard=scorecard, training=training, verdict=verdict)
    retrain.candidates.add(written)
    found = retrain.candidates.get(written.id)
    assert found == written
    again = found.scorecard
    assert (
        again.digest
        == Scorecard(
            dataset=again.dataset,
            incumbent=again.incumbent,
            candidate=again.candidate,
            questions=again.questions,
            passages=again.passages,
            overall=again.overall,
            slices=again.slices,
        ).digest
    )


def test_a_diverged_run_is_kept_too(retrain: RetrainStores) -> None:
    """A loss of nan or infinity, which JSON has no word for, comes back."""
    written = candidate()
    training = replace(written.training, best_dev=-math.inf, history=({"loss": math.nan},))
    retrain.candidates.add(replace(written, training=training))
    found = retrain.candidates.get(written.id).training
    assert found.best_dev == -math.inf
    assert math.isnan(found.history[0]["loss"])


def test_a_candidate_is_found_by_a_prefix_that_fits_it_alone(retrain: RetrainStores) -> None:
    """Four characters are enough, unless they fit several; a whole id is never ambiguous."""
    first, second, third = candidate(id="abcd-1"), candidate(id="abcd-12"), candidate(id="a_%d-3")
    for each in (first, second, third):
        retrain.candidates.add(each)
    assert retrain.candidates.get("abcd-1") == first
    assert retrain.candidates.get("abcd-12") == second
    assert retrain.candidates.get("a_%d") == third
    with pytest.raises(InvalidInput, match="fits abcd-1 and abcd-12"):
        retrain.candidates.get("abcd")
    for unknown in ("ABCD", "____", "%%%%", "abcd-123"):
        with pytest.raises(NotFound):
            retrain.candidates.get(unknown)
    for short in ("a_%", ""):
        with pytest.raises(NotFound, match="at least 4"):
            retrain.candidates.get(short)


def test_candidates_newest_first_and_their_status(retrain: RetrainStores) -> None:
    """A status moves one candidate on and leaves the others."""
    aged = [candidate(created_at=utcnow() - timedelta(hours=hours)) for hours in range(4)]
    for each in reversed(aged):
        retrain.candidates.add(each)
    retrain.candidates.set_status(aged[1].id, CandidateStatus.APPROVED)
    assert retrain.candidates.newest(2) == [aged[0], replace(aged[1], status=CandidateStatus.APPROVED)]
    assert len(retrain.candidates.newest()) == 4
    evaluated, approved = CandidateStatus.EVALUATED, CandidateStatus.APPROVED
    assert retrain.candidates.having(evaluated) == [aged[0], *aged[2:]]
    assert [one.id for one in retrain.candidates.having(evaluated, approved)] == [one.id for one in aged]
    assert retrain.candidates.having(CandidateStatus.PROMOTED) == []
    with pytest.raises(NotFound, match="nothing-such"):
        retrain.candidates.set_status("nothing-such", CandidateStatus.APPROVED)


def test_the_newest_decision_counts(retrain: RetrainStores) -> None:
    """Each candidate has its own, and an id is given once."""
    first = Approval(
        id=new_id(),
        candidate="c1",
        decision=Decision.APPROVE,
        principal="ann",
        comment="gut",
        encoder="e",
        release="r",
        dataset="d",
        scorecard="s",
        incumbent="i",
        decided_at=utcnow(),
        expires_at=utcnow() + timedelta(hours=1),
        signature="ab" * 32,
    )
    second = replace(first, id=new_id(), decision=Decision.REJECT)
    other = replace(first, id=new_id(), candidate="c2", used_at=utcnow())
    for approval in (first, second, other):
        retrain.approvals.add(approval)
    assert retrain.approvals.newest_for("c1") == second
    assert retrain.approvals.newest_for("c2") == other
    assert retrain.approvals.newest_for("c3") is None
    with pytest.raises(Conflict):
        retrain.approvals.add(first)


def test_a_promotion_shows_its_progress(retrain: RetrainStores) -> None:
    """Written again it is replaced; the newest comes first."""
    started = Promotion(
        id=new_id(),
        kind=PromotionKind.PROMOTE,
        release="r",
        candidate="c",
        principal="ann",
        phase=PromotionPhase.BACKFILL,
        total=100,
    )
    earlier = replace(
        started,
        id=new_id(),
        kind=PromotionKind.ROLLBACK,
        candidate=None,
        phase=PromotionPhase.FAILED,
        message="no",
        started_at=started.started_at - timedelta(hours=1),
    )
    retrain.promotions.put(started)
    retrain.promotions.put(earlier)
    further = replace(started, phase=PromotionPhase.FLIP, done=100, updated_at=utcnow())
    retrain.promotions.put(further)
    assert retrain.promotions.get(started.id) == further
    assert retrain.promotions.newest() == [further, earlier]
    assert retrain.promotions.newest(1) == [further]
    with pytest.raises(NotFound, match="nothing-such"):
        retrain.promotions.get("nothing-such")


def test_an_open_switch_is_found_behind_many_that_ended(retrain: RetrainStores) -> None:
    """However many newer ones have ended since, the newest open one comes first."""
    now = utcnow()

    def written(phase: PromotionPhase, minutes: int) -> Promotion:
        ticket = Promotion(
            id=new_id(),
            kind=PromotionKind.PROMOTE,
            release="r",
            candidate="c",
            principal="ann",
            phase=phase,
            started_at=now + timedelta(minutes=minutes),
        )
        retrain.promotions.put(ticket)
        return ticket

    older, newer = (written(PromotionPhase.VERIFY, minutes) for minutes in (0, 1))
    for minutes in range(2, 27):
        written((PromotionPhase.DONE, PromotionPhase.FAILED)[minutes % 2], minutes)

    assert [newer.id, older.id] == [ticket.id for ticket in retrain.promotions.open()]


def test_looks_at_a_gate_set_are_counted(retrain: RetrainStores) -> None:
    """Each comparison has the next number; the same one again has the number it had; sets are counted apart."""
    looks = retrain.gate_looks
    assert looks.count("gate") == 0
    assert [1, 2, 3] == [looks.look("gate", candidate=each, incumbent="i") for each in ("a", "b", "c")]
    assert looks.look("gate", candidate="b", incumbent="i") == 2
    assert looks.count("gate") == 3
    assert looks.look("gate", candidate="b", incumbent="another") == 4
    assert looks.look("other gate", candidate="b", incumbent="i") == 1
    assert (looks.count("gate"), looks.count("other gate"), looks.count("no gate")) == (4, 1, 0)


def test_looks_survive_the_process(any_stores: Stores, tmp_path: Path) -> None:
    """Whoever opens the stores again goes on counting."""
    first = open_retrain_stores(any_stores, tmp_path / "home").gate_looks
    first.look("gate", candidate="a", incumbent="i")

    again = open_retrain_stores(any_stores, tmp_path / "home").gate_looks

    assert again.count("gate") == 1
    assert again.look("gate", candidate="b", incumbent="i") == 2


def test_looks_at_once_have_numbers_of_their_own(retrain: RetrainStores) -> None:
    """Two processes that look at the same moment must not both be the first, or alpha would be spent twice."""
    looks = retrain.gate_looks
    with ThreadPoolExecutor(4) as pool:
        numbers = list(
            pool.map(lambda each: looks.look("gate", candidate=f"c{each % 8}", incumbent="i"), range(16))
        )

    assert sorted(numbers[:8]) == list(range(1, 9))
    assert numbers[:8] == numbers[8:]
    assert looks.count("gate") == 8


def test_anchors_are_only_added_to(retrain: RetrainStores) -> None:
    """What was frozen stays, is frozen once, and is found among any number of others."""
    anchors = retrain.anchors
    some = [f"q{number}" for number in range(1_500)]
    anchors.freeze([], release="r")
    anchors.freeze(some[:1_200], release="r")
    anchors.freeze(some[1_100:1_300], release="later")

    assert anchors.among(some) == frozenset(some[:1_300])
    assert anchors.among(["q3", "nothing"]) == {"q3"}
    assert not anchors.among([])
