"""The log of questions and the feedback, on every database."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rag.adapters.sql.stores import Stores
from rag.domain import Feedback, Interaction, InteractionStatus, LoggedHit, new_id
from rag.errors import NotFound

NOON = datetime(2024, 5, 1, 12, tzinfo=UTC)


def asked(minutes: float = 0, **values: object) -> Interaction:
    """Make an interaction, so many minutes after noon."""
    interaction = Interaction(
        id=new_id(),
        tenant="default",
        principal="local",
        asked_at=NOON + timedelta(minutes=minutes),
        question="Why?",
        hits=(
            LoggedHit(passage_id="p1", document_id="d1", rank=1, score=0.1 + 0.2),
            LoggedHit(passage_id="p2", document_id="d1", rank=2, score=-0.25),
        ),
        answer="Because [1].",
        cited=("p1",),
        release="r" * 64,
        epoch=3,
        generator="extractive",
        status=InteractionStatus.ANSWERED,
        retrieve_ms=1.5,
        generate_ms=0.25,
        total_ms=2.125,
    )
    return replace(interaction, **values)  # type: ignore[arg-type] # one of the fields above


def test_an_interaction_comes_back_as_it_was_written(any_stores: Stores) -> None:
    """Hits with ranks and scores included, and only for its own tenant."""
    interaction = asked()
    any_stores.interactions.add_all([interaction])
    assert any_stores.interactions.get(interaction.id, tenant="default") == interaction
    assert any_stores.interactions.get(interaction.id, tenant="other") is None
    assert any_stores.interactions.get("unknown", tenant="default") is None


def test_many_are_read_at_once(any_stores: Stores) -> None:
    """Those that exist, and only a tenant's where one is named."""
    own, other = asked(), asked(tenant="other")
    any_stores.interactions.add_all([own, other])
    ids = [own.id, other.id, "unknown"]
    assert any_stores.interactions.of(ids) == {own.id: own, other.id: other}
    assert any_stores.interactions.of(ids, tenant="other") == {other.id: other}
    assert any_stores.interactions.of([]) == {}


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    question=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00")),
    scores=st.lists(st.floats(-1, 1), max_size=4),
    cited=st.lists(st.text(st.characters(exclude_categories=["Cs"])), max_size=3),
    at=st.datetimes(datetime(1970, 1, 2), datetime(9999, 12, 30), timezones=st.timezones()),
    status=st.sampled_from(InteractionStatus),
)
def test_any_interaction_round_trips(
    any_stores: Stores,
    question: str,
    scores: list[float],
    cited: list[str],
    at: datetime,
    status: InteractionStatus,
) -> None:
    """Whatever was asked, found and answered comes back exactly."""
    hits = tuple(
        LoggedHit(passage_id=question, document_id=question, rank=rank, score=score)
        for rank, score in enumerate(scores, start=1)
    )
    interaction = asked(question=question, hits=hits, cited=tuple(cited), asked_at=at, status=status)
    any_stores.interactions.add_all([interaction])
    # Python never calls the hour that a zone has twice a year equal to the same moment in UTC.
    expected = replace(interaction, asked_at=at.astimezone(UTC))
    assert any_stores.interactions.get(interaction.id, tenant="default") == expected


def test_the_same_id_twice_is_written_once(any_stores: Stores) -> None:
    """An interaction is never overwritten."""
    interaction = asked()
    any_stores.interactions.add_all([interaction])
    any_stores.interactions.add_all([replace(interaction, question="Other?")])
    assert any_stores.interactions.get(interaction.id, tenant="default") == interaction
    assert any_stores.interactions.count() == 1


def test_between_includes_the_start_and_leaves_out_the_end(any_stores: Stores) -> None:
    """Windows that touch share no interaction."""
    log = [asked(minutes) for minutes in range(6)]
    for interaction in reversed(log):
        any_stores.interactions.add_all([interaction])
    between = any_stores.interactions.between
    assert between() == log
    assert between(since=log[1].asked_at, until=log[4].asked_at) == log[1:4]
    assert between(since=log[4].asked_at) == log[4:]
    assert between(limit=2) == log[:2]
    assert between(limit=2, newest_first=True) == [log[5], log[4]]
    assert between(limit=0) == []


def test_between_of_one_tenant(any_stores: Stores) -> None:
    """A tenant's window holds that tenant's questions only."""
    ours, theirs = asked(1, tenant="ours"), asked(2, tenant="theirs")
    any_stores.interactions.add_all([ours])
    any_stores.interactions.add_all([theirs])
    assert any_stores.interactions.between(tenant="ours") == [ours]
    assert any_stores.interactions.between() == [ours, theirs]


def test_naive_times_are_refused(any_stores: Stores) -> None:
    """A time without a zone would be stored as whatever the machine believes."""
    with pytest.raises(Exception, match="expected an aware datetime"):
        any_stores.interactions.between(since=datetime(2024, 5, 1))


def judged(interaction: Interaction, minutes: float = 0, **values: object) -> Feedback:
    """Make feedback, so many minutes after noon."""
    feedback = Feedback(
        id=new_id(),
        interaction_id=interaction.id,
        tenant=interaction.tenant,
        principal="local",
        given_at=NOON + timedelta(minutes=minutes),
    )
    return replace(feedback, **values)  # type: ignore[arg-type] # one of its fields


def test_feedback_comes_back_oldest_first(any_stores: Stores) -> None:
    """All feedback on several interactions is given in one call."""
    first, second, silent = asked(), asked(), asked()
    for interaction in (first, second, silent):
        any_stores.interactions.add_all([interaction])
    late = judged(first, 2, rating=-1, comment="wrong\nreally", corrected_passage="p2")
    early = judged(first, 1, rating=1, clicked_passage="p1")
    other = judged(second)
    for feedback in (late, early, other):
        any_stores.feedback.add(feedback)
    found = any_stores.feedback.of([first.id, second.id, silent.id, "unknown"])
    assert found == {first.id: [early, late], second.id: [other]}


def test_feedback_that_comes_twice_is_one_row(any_stores: Stores) -> None:
    """What was spooled may come again; the first word stays."""
    interaction = asked()
    any_stores.interactions.add_all([interaction])
    feedback = judged(interaction, rating=1)
    for each in (feedback, replace(feedback, rating=-1)):
        any_stores.feedback.add(each)
    assert {interaction.id: [feedback]} == any_stores.feedback.of([interaction.id])


def test_feedback_needs_an_interaction_of_the_same_tenant(any_stores: Stores) -> None:
    """Nobody judges what was not asked, nor what another tenant asked."""
    interaction = asked(tenant="theirs")
    any_stores.interactions.add_all([interaction])
    with pytest.raises(NotFound, match=interaction.id):
        any_stores.feedback.add(judged(interaction, tenant="ours"))
    with pytest.raises(NotFound):
        any_stores.feedback.add(judged(asked()))
    assert any_stores.feedback.of([interaction.id]) == {}
