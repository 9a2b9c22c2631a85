"""What is watched: signals read from real parts, and what attribution is told of them."""

from functools import partial

from doubles.drift_report import look
from doubles.promotion_world import QUESTIONS, TENANT, TOPICS, TwoEncoders, World, document

from monitoring.adapters.live_index import SqlLiveIndex, live_here
from monitoring.adapters.sql import SqlAlarms, SqlGolden
from monitoring.attribution import GoldenLoss
from monitoring.checking import Seen
from monitoring.sequential.budget import levels
from monitoring.settings import DriftSettings
from monitoring.watching import Documents, Golden, of_questions
from rag.domain import Interaction, InteractionStatus, LabelledQuestion, LoggedHit, Purpose, Release, utcnow

SEEN = Seen(
    look=look(recent=3),
    levels={},
    design=None,
    settings=DriftSettings(_env_file=None, min_labelled=3, recall_k=3),
    progress=lambda _done, _total, _what: None,
)


def golden(world: World, release: Release, live: SqlLiveIndex) -> Golden:
    """Return golden questions as a check watches them."""
    stores = world.stores
    return Golden(
        live=live,
        documents=stores.documents,
        census=stores.census,
        kept=SqlGolden(stores.engine),
        questions=stores.questions,
        alarms=SqlAlarms(stores.engine),
        release=release.uncalibrated,
    )


def live_index(world: World) -> SqlLiveIndex:
    """Return the live index, opened by whoever asks."""
    stores = world.stores
    here = partial(
        live_here,
        stores.releases,
        stores.documents,
        stores.census,
        world.models(),
        world.indexes,
        world.indexing,
    )
    return SqlLiveIndex(stores.probes, stores.replicas, here)


def test_questions_whose_documents_are_gone_explain_no_fall(world: World, two_encoders: TwoEncoders) -> None:
    """They are not asked any more; what attribution is told are those that are asked and found worse."""
    release = world.found(two_encoders.first, documents=len(TOPICS))
    world.stores.questions.put(
        [
            LabelledQuestion.create(
                tenant=TENANT, text=text, documents=frozenset({document(at).id}), purpose=Purpose.GOLDEN
            )
            for at, text in enumerate(QUESTIONS[: len(TOPICS)])
        ]
    )
    with live_index(world) as live:
        first = golden(world, release, live).read(SEEN)
    for keep in first.keep:
        keep()
    world.delete(*(document(at) for at in range(4, 8)))
    with world.serving() as serving, serving.pin() as pinned:
        pinned.index.delete_documents([document(at).id for at in range(3)])
    with live_index(world) as live:
        second = golden(world, release, live).read(SEEN)
    assert first.golden_loss == GoldenLoss(asked=len(TOPICS), lost=0)
    assert second.golden_loss == GoldenLoss(asked=len(TOPICS) - 4, lost=3)


def test_documents_that_recent_questions_found_are_counted(world: World, two_encoders: TwoEncoders) -> None:
    """Those of the tenant's own log, each once."""
    world.found(two_encoders.first, documents=len(TOPICS))
    world.stores.interactions.add_all(
        [asked(one, at) for at, one in enumerate((*SEEN.look.recent.interactions, "not-recent"))]
    )
    stores = world.stores
    held = Documents(documents=stores.documents, questions=stores.questions, interactions=stores.interactions)
    changes = held.read(SEEN).changes
    assert changes is not None
    assert (changes.there, changes.retrieved) == (len(TOPICS), 3)


def test_every_signal_of_questions_has_its_share_of_the_budget() -> None:
    """One without a share could not be read."""
    assert {each.name for each in of_questions()} <= levels(SEEN.look).keys()


def asked(interaction: str, at: int) -> Interaction:
    """Return a question that found two passages of one document."""
    hits = tuple(
        LoggedHit(passage_id=f"{at}-{rank}", document_id=document(at).id, rank=rank, score=0.5)
        for rank in (1, 2)
    )
    return Interaction(
        id=interaction, tenant=SEEN.look.tenant, principal="local", asked_at=utcnow(), question="Why?",
        hits=hits, answer="", cited=(), release="r", epoch=1, generator="extractive",
        status=InteractionStatus.ANSWERED, retrieve_ms=1.0, generate_ms=1.0, total_ms=2.0,
    )  # fmt: skip
