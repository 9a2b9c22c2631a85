"""A trained encoder becomes a candidate whose release is what was evaluated."""

from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
from doubles.promotion_world import TwoEncoders, World, perturbed

from flows.ops.terminal import show_candidate
from rag.domain import Document, Passage, Release
from rag.errors import NotReady
from rag.releases.models import LoadedRelease
from rag.releases.trials import trial
from retrain.cycle import Trained
from retrain.dataset.writing import Account, Spent
from retrain.domain import (
    Answer,
    Bar,
    Candidate,
    Dataset,
    EvalQuestion,
    Origin,
    Outcome,
    Received,
    TrainingReport,
)
from retrain.settings import RetrainSettings
from retrain.verdict import tuning
from retrain.verdict.evaluation import clusters
from retrain.verdict.power import foreseen_effect, level
from retrain.verdict.tuning import calibrated

REPORT = TrainingReport(
    lane="static",
    pairs=1,
    steps=1,
    epochs=1.0,
    seconds=1.0,
    best_dev=0.5,
    history=({"step": 1.0, "loss": 0.1},),
    settings={"batch": 2},
)


FACTS = {
    "the swimming pool": "The swimming pool opens at seven and closes at nine.",
    "library books": "Library books are lent for three weeks.",
    "parking permits": "Parking permits cost two euros a day.",
    "garden waste": "Garden waste is collected on every second Tuesday.",
    "new passports": "New passports are issued within six weeks.",
    "theatre tickets": "Theatre tickets are sold from the first Monday of the month.",
    "dog licences": "Dog licences are renewed each January.",
    "street lamps": "Street lamps that are out are repaired within five days.",
    "marriage certificates": "Marriage certificates are signed at the registry.",
    "kindergarten places": "Kindergarten places are given by date of birth.",
}


def parts(count: int) -> list[Document]:
    """Return documents that only a number tells apart."""
    return [
        Document.create(
            uri=f"part/{n}", text=f"The spare part PX-{n}-K is in the warehouse.", divisible=False
        )
        for n in range(100, 100 + count)
    ]


def asked(document: Document, origin: Origin) -> EvalQuestion:
    """Ask for one."""
    passage = Passage.create(document, 0, document.text)
    number = document.uri.rpartition("/")[2]
    return EvalQuestion(
        id=document.uri,
        text=f"Where is the PX-{number}-K?",
        relevant=frozenset({passage.id}),
        documents=frozenset({document.id}),
        origin=origin,
    )


def mined(world: World, two_encoders: TwoEncoders, *, dev: Origin = Origin.LABEL) -> tuple[Release, Dataset]:
    """Make the first encoder live over parts, and a dataset of questions about them."""
    documents = parts(160)
    world.put(*documents)
    live = world.found(two_encoders.first, dense_weight=1.0, context_weight=0.0, threshold=0.3)
    gate = tuple(asked(document, Origin.LABEL) for document in documents[100:])
    dataset = Dataset(
        train=(),
        dev=tuple(asked(document, dev) for document in documents[:100]),
        gate=gate,
        robustness=tuple(
            replace(
                question, id=f"{question.id}-other", text=f"hi, {question.text.lower()}", parent=question.id
            )
            for question in gate
        ),
        manifest={},
    )
    world.retrain.datasets.put(dataset)
    return live, dataset


def half_answered(dataset: Dataset) -> Dataset:
    """Let every third gate question name no part, so that whatever is live is wrong about most of those."""
    gate = tuple(
        replace(question, text=f"Where is the spare part? {number}") if number % 3 == 0 else question
        for number, question in enumerate(dataset.gate)
    )
    return Dataset(train=(), dev=(), gate=gate, manifest={})


def evaluated(world: World, two_encoders: TwoEncoders, *, dev: Origin) -> tuple[Release, Candidate]:
    """Evaluate the second encoder against the first; the dev questions are of that origin."""
    live, dataset = mined(world, two_encoders, dev=dev)
    cycle = world.cycle(settings=RetrainSettings(gate_metric="recall@1"))
    trained = Trained(encoder=two_encoders.second, report=REPORT)
    return live, cycle.evaluate(dataset.digest, trained, progress=lambda *_: None)


def test_the_candidates_release_is_what_was_chosen_and_measured(
    world: World, two_encoders: TwoEncoders
) -> None:
    """The weight chosen on dev, the live threshold and its own calibration are the release's, and it is told."""
    live, candidate = evaluated(world, two_encoders, dev=Origin.LABEL)
    release = world.stores.releases.get(candidate.release)
    notes = candidate.training.settings["tuning"]

    assert (release.encoder, candidate.incumbent) == (two_encoders.second, live.digest)
    assert notes["dev_questions"] == 100
    assert notes["dense_weight"] == release.retrieval.dense_weight
    assert release.retrieval.threshold == live.retrieval.threshold
    assert candidate.training.settings["batch"] == 2
    assert candidate.scorecard.questions == 60
    assert release.support is not None
    assert release.support.passages == 200
    assert release.support.change == world.stores.documents.last_change()
    answers = candidate.scorecard.answers
    assert answers is not None
    assert (answers.questions, answers.incumbent) == (60, Bar(threshold=0.3))
    assert answers.candidate == Bar(threshold=0.3, questions=release.support.questions, passages=200)
    assert world.retrain.candidates.get(candidate.id) == candidate


def test_a_candidate_that_knows_nothing_is_rejected_for_its_answers(
    world: World, two_encoders: TwoEncoders, tmp_path: Path
) -> None:
    """Through the whole cycle: the worse encoder answers fewer from a right passage, and the reason says so."""
    documents = [
        Document.create(uri=name, title=name, text=f"{text} Ask room {number}.", divisible=False)
        for number, (name, text) in enumerate(FACTS.items())
    ]
    world.put(*documents)
    world.found(two_encoders.first, documents=10, dense_weight=1.0, context_weight=0.0, threshold=0.2)
    questions = tuple(
        EvalQuestion(
            id=f"{document.uri} {wording}",
            text=f"{wording} {document.uri}?",
            relevant=frozenset({Passage.create(document, 0, document.text).id}),
            documents=frozenset({document.id}),
            origin=Origin.LABEL,
        )
        for document in documents
        for wording in ("What is said about", "Where do I ask about", "Who knows more about")
    )
    dataset = Dataset(train=(), dev=(), gate=questions, manifest={})
    world.retrain.datasets.put(dataset)
    knowing_nothing = perturbed(two_encoders.store, two_encoders.first, tmp_path / "noise", noise=30.0)
    cycle = world.cycle(settings=RetrainSettings(gate_min_questions=10))

    candidate = cycle.evaluate(
        dataset.digest, Trained(encoder=knowing_nothing, report=REPORT), progress=lambda *_: None
    )

    assert candidate.verdict.outcome is Outcome.REJECT
    assert candidate.verdict.reasons[0].startswith("Questions answered from a right passage fell from")
    worst = candidate.scorecard.worst[0]
    assert worst.answer_before is Answer.RIGHT
    assert worst.answer_after is not Answer.RIGHT
    assert worst.support_before is not None


def test_support_is_calibrated_on_what_was_not_learned(world: World, two_encoders: TwoEncoders) -> None:
    """Documents that were trained on are not asked about while enough others are there; else all are."""
    live, dataset = mined(world, two_encoders)
    corpus = [passage for batch in world.stores.documents.all_passages() for passage in batch]
    learned = {passage.document_id for passage in corpus[:100]}
    loaded = LoadedRelease(release=live, encoder=world.encoders.load(live.encoder))

    def fitted(*, most: int, taught: set[str], dev: tuple[EvalQuestion, ...] = ()) -> Release:
        with pytest.MonkeyPatch.context() as patch, world.present().trial_indexes(corpus) as on:
            patch.setattr(tuning, "MOST", most)
            return calibrated(loaded, on=on, learned=taught, dev=dev, change=7, seed=1).release

    few, other, every = (
        fitted(most=100, taught=learned),
        fitted(most=101, taught=learned),
        fitted(most=100, taught=set()),
    )
    assert few.support is not None
    assert every.support is not None
    assert few.support.questions < every.support.questions
    assert other.support == every.support
    assert (few.support.change, few.support.passages) == (7, 200)
    assert few.retrieval == live.retrieval
    # People's questions of dev take part, those made of documents do not.
    people = fitted(most=100, taught=learned, dev=dataset.dev[:20])
    made = fitted(most=100, taught=learned, dev=tuple(asked(each, Origin.DOCUMENT) for each in parts(20)))
    assert people.support is not None
    assert people.support.questions == few.support.questions + 20
    assert made.support == few.support


def test_without_questions_that_people_asked_the_retrieval_stays(
    world: World, two_encoders: TwoEncoders
) -> None:
    """Only the encoder differs then, and the report says why."""
    live, candidate = evaluated(world, two_encoders, dev=Origin.DOCUMENT)

    assert world.stores.releases.get(candidate.release).retrieval == live.retrieval
    assert "too few" in candidate.training.settings["tuning"]["kept"]


def test_what_the_language_model_cost_is_with_the_candidate(
    world: World, two_encoders: TwoEncoders, capsys: pytest.CaptureFixture[str]
) -> None:
    """What the dataset says of it is in the training report, which JSON holds, and where the candidate is shown."""
    _, dataset = mined(world, two_encoders)
    spent = asdict(Spent(calls=3, tokens=900, questions=Account(kept=5, dropped={"refused": 1})))
    written = replace(
        dataset, train=(), gate=dataset.gate[:40], digest="", manifest={"language_model": spent}
    )
    world.retrain.datasets.put(written)
    cycle = world.cycle(settings=RetrainSettings(gate_metric="recall@1"))

    candidate = cycle.evaluate(
        written.digest, Trained(encoder=two_encoders.second, report=REPORT), progress=lambda *_: None
    )
    show_candidate(candidate)

    assert candidate.training.settings["language_model"] == spent
    assert "1 of 6 written questions was dropped: 1 refused." in capsys.readouterr().out


def test_an_evaluation_counts_as_a_look_once(world: World, two_encoders: TwoEncoders) -> None:
    """The scorecard has costs, slices and the look; the artefact has a card; a repeated comparison is no new look."""
    _, candidate = evaluated(world, two_encoders, dev=Origin.LABEL)
    card = candidate.scorecard
    gate = world.retrain.datasets.get(candidate.dataset).gate_digest

    assert card.look == 1 == world.retrain.gate_looks.count(gate)
    assert card.costs is not None
    assert card.costs.candidate_bytes == card.costs.incumbent_bytes
    assert {"origin=label", "anchors", "robustness"} <= {part.name for part in card.slices}
    assert candidate.dataset in (world.encoders.path(candidate.encoder) / "README.md").read_text()
    both = {"candidate": candidate.release, "incumbent": candidate.incumbent}
    assert world.retrain.gate_looks.look(gate, **both) == 1
    assert world.retrain.gate_looks.look(gate, candidate="another", incumbent=candidate.incumbent) == 2
    assert world.retrain.gate_looks.look("another", **both) == 1


def test_what_can_be_shown_is_foreseen_from_the_live_release(world: World, two_encoders: TwoEncoders) -> None:
    """Effect, questions, clusters and level of the next look are those of the gate questions as it answers them."""
    live, known = mined(world, two_encoders)
    dataset = half_answered(known)
    world.retrain.datasets.put(dataset)
    cycle = world.cycle(settings=RetrainSettings(gate_metric="recall@1"))

    first = cycle.foresee(dataset.digest, progress=lambda *_: None)
    world.retrain.gate_looks.look(dataset.gate_digest, candidate="c", incumbent="i")
    second = cycle.foresee(dataset.digest, progress=lambda *_: None)
    assert first is not None
    assert second is not None

    corpus = [passage for batch in world.stores.documents.all_passages() for passage in batch]
    loaded = LoadedRelease(release=live, encoder=world.encoders.load(live.encoder))
    with trial(loaded, [corpus], tenant="default", cache=world.cache, scratch=world.scratch) as tried:
        got = tried.receive([question.text for question in dataset.gate])
    values = np.array(
        [
            float(each.quoted[:1] != () and each.quoted[0] in question.relevant)
            for each, question in zip(got, dataset.gate, strict=True)
        ]
    )
    assert 0 < values.mean() < 1
    for foreseen, look in ((first, 1), (second, 2)):
        assert (foreseen.metric, foreseen.questions, foreseen.clusters) == (Received.RIGHT, 60, 60)
        assert (foreseen.look, foreseen.alpha, foreseen.power) == (look, level(0.05, look), 0.8)
        assert foreseen.effect == pytest.approx(
            foreseen_effect(values, clusters(dataset.gate), level(0.05, look))
        )
    assert first.effect < second.effect
    assert world.retrain.gate_looks.count(dataset.gate_digest) == 1


def test_what_is_answered_before_training_is_frozen(world: World, two_encoders: TwoEncoders) -> None:
    """What the live release answers is an anchor from then on, beside what an earlier one had answered."""
    dataset = half_answered(mined(world, two_encoders)[1])
    world.retrain.datasets.put(dataset)
    anchors = world.retrain.anchors
    every = [question.fingerprint for question in dataset.gate]
    cycle = world.cycle(settings=RetrainSettings(gate_metric="recall@1"))
    assert not anchors.among(every)

    cycle.foresee(dataset.digest, progress=lambda *_: None)

    answered = anchors.among(every)
    assert 0 < len(answered) < len(every)
    unanswered = next(each for each in every if each not in answered)
    anchors.freeze([unanswered], release="an earlier one")  # what an earlier release had answered
    trained = Trained(encoder=two_encoders.second, report=REPORT)
    card = cycle.evaluate(dataset.digest, trained, progress=lambda *_: None).scorecard
    part = next(each for each in card.slices if each.name == "anchors")
    assert part.questions == len(answered) + 1
    assert part.rows[0].incumbent.value < 1
    # Asked of another passage, it is another question.
    assert replace(dataset.gate[0], relevant=frozenset({"another"})).fingerprint not in anchors.among(every)


def test_nothing_is_foreseen_where_nothing_can_be_answered(world: World, two_encoders: TwoEncoders) -> None:
    """Without an answer in the corpus there is no figure; before anything is live there is nothing to compare with."""
    dataset = Dataset(
        train=(), dev=(), gate=tuple(asked(document, Origin.LABEL) for document in parts(3)), manifest={}
    )
    world.retrain.datasets.put(dataset)
    cycle = world.cycle(settings=RetrainSettings())
    with pytest.raises(NotReady, match="Nothing is live yet"):
        cycle.foresee(dataset.digest, progress=lambda *_: None)
    world.found(two_encoders.first)

    assert cycle.foresee(dataset.digest, progress=lambda *_: None) is None


def test_the_live_release_is_calibrated_as_the_candidate_will_be(
    world: World, two_encoders: TwoEncoders
) -> None:
    """Before training it is fitted with people's dev questions too, and serves like that; the way back stays."""
    live, dataset = mined(world, two_encoders)
    before = world.stores.releases.deployment()
    cycle = world.cycle(settings=RetrainSettings(gate_metric="recall@1"))
    cycle.foresee(dataset.digest, progress=lambda *_: None)
    after = world.stores.releases.deployment()
    assert before is not None and after is not None
    serving = world.stores.releases.get(after.release)
    trained = Trained(encoder=two_encoders.second, report=REPORT)
    candidate = cycle.evaluate(dataset.digest, trained, progress=lambda *_: None)
    made = world.stores.releases.get(candidate.release)

    assert (after.epoch, after.previous) == (before.epoch + 1, before.previous)
    assert serving.is_as(live) and serving.support is not None and made.support is not None
    assert serving.support.questions == made.support.questions > 100
    assert candidate.incumbent == serving.digest
    cycle.foresee(dataset.digest, progress=lambda *_: None)
    assert world.stores.releases.deployment() == after


def test_questions_that_nobody_asked_leave_the_live_release_as_it_is(
    world: World, two_encoders: TwoEncoders
) -> None:
    """Where no person asked, there is nothing that the service had not fitted it with."""
    live, dataset = mined(world, two_encoders, dev=Origin.DOCUMENT)
    world.cycle(settings=RetrainSettings()).foresee(dataset.digest, progress=lambda *_: None)

    deployment = world.stores.releases.deployment()
    assert deployment is not None and deployment.release == live.digest


def test_a_switch_under_way_leaves_the_live_release_as_it_is(world: World, two_encoders: TwoEncoders) -> None:
    """It is judged as it serves."""
    live, dataset = mined(world, two_encoders)
    world.stores.releases.stage(live.digest, expected_epoch=1)
    world.cycle(settings=RetrainSettings()).foresee(dataset.digest, progress=lambda *_: None)

    deployment = world.stores.releases.deployment()
    assert deployment is not None and deployment.release == live.digest
