"""Findings and a look -> causes: each planted one is named, and nothing makes it fail."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from doubles.asked_about import NOUNS, Asked, Question, corpus, look, numbered, says

from monitoring.attribution import Found, GoldenLoss, attribute
from monitoring.attribution.searching import WordSearch
from monitoring.domain import Cause, Diagnosis, DriftVerdict, Remedy
from rag.ports import Vectors

USUAL = ("travel", "pay", "desk", "leave")


def told(
    new: Sequence[Question],
    asked: Asked,
    *,
    astray: Sequence[str] = (),
    topics: Sequence[str] = USUAL,
    **more: object,
) -> tuple[Diagnosis, ...]:
    """Diagnose 400 usual questions against 60 more of them with these among them."""
    passages = corpus(asked, topics, astray=astray)
    usual = [topic for topic in USUAL if topic not in astray]
    made, texts = look(asked.mixed(usual, 400), [*asked.mixed(usual, 60), *new], passages)
    search = WordSearch(passages, numbered)
    return attribute([says("topics")], made, texts=texts, stronger=search, **more)  # type: ignore[arg-type]


def test_nothing_is_diagnosed_where_nothing_drifts() -> None:
    """Without a finding that says drift there is no cause, whatever is asked."""
    asked = Asked()
    passages = corpus(asked, USUAL)
    made, texts = look(asked.mixed(USUAL, 100), asked.about("visa", 50), passages)
    calm = [says("topics", DriftVerdict.CALM), says("fit", DriftVerdict.NOT_ENOUGH_DATA)]

    assert attribute(calm, made, texts=texts) == ()


@pytest.mark.parametrize("count", [12, 40, 120])
def test_missing_documents_are_named_with_their_topic(count: int) -> None:
    """Questions far from every passage, whose words stand nowhere, want documents; the topic has their words."""
    asked = Asked()
    found = told(asked.about("visa", count), asked)

    assert [(each.cause, each.remedy) for each in found] == [
        (Cause.DOCUMENTS_MISSING, Remedy.WRITE_DOCUMENTS)
    ]
    topic = found[0].topics[0]
    assert set(topic.words) <= set(NOUNS["visa"].split())
    assert topic.words[0] in found[0].action
    assert count - 2 <= sum(each.count for each in found[0].topics) <= count + 8


def test_two_missing_topics_are_told_apart() -> None:
    """Two subjects that nobody wrote about are two topics of one diagnosis, the larger one first."""
    asked = Asked()
    found = told([*asked.about("visa", 50), *asked.about("garden", 30)], asked)

    assert [each.cause for each in found] == [Cause.DOCUMENTS_MISSING]
    largest = [set(topic.words) for topic in found[0].topics[:2]]
    assert largest[0] <= set(NOUNS["visa"].split())
    assert largest[1] <= set(NOUNS["garden"].split())


def test_documents_that_only_words_find_call_for_retraining() -> None:
    """Passages that a search by words finds and the encoder does not are there: retraining is named, not writing."""
    asked = Asked()
    found = told(asked.about("visa", 50), asked, topics=(*USUAL, "visa"), astray=("visa",))

    assert (found[0].cause, found[0].remedy) == (Cause.NOT_FOUND, Remedy.RETRAIN)
    assert "stronger search" in found[0].reason


def test_half_missing_half_not_found_are_two_diagnoses() -> None:
    """One alarm may have two causes, each with its own topics."""
    asked = Asked()
    new = [*asked.about("garden", 40), *asked.about("visa", 40)]
    found = told(new, asked, topics=(*USUAL, "visa"), astray=("visa",))

    assert {each.cause for each in found[:2]} == {Cause.NOT_FOUND, Cause.DOCUMENTS_MISSING}
    topics = {each.cause: set(each.topics[0].words) for each in found}
    assert topics[Cause.DOCUMENTS_MISSING] <= set(NOUNS["garden"].split())
    assert topics[Cause.NOT_FOUND] <= set(NOUNS["visa"].split())


@pytest.mark.parametrize(
    ("put", "said"),
    [
        ("{0} {1}", "key words"),
        (
            "Good morning, my colleague told me yesterday that I could ask here, so please explain to me in as much "
            "detail as you can what I have to do about the {0} and then about the {1}, thank you very much?",
            "length",
        ),
    ],
)
def test_known_topics_in_another_form_are_asked_otherwise(put: str, said: str) -> None:
    """The same topics as key words or at length are no missing documents, though wording alone moves the vectors."""
    asked = Asked()
    otherwise = [question for topic in USUAL for question in asked.about(topic, 12, put=put)]
    moved = asked.near("another wording")
    otherwise = [replace(each, vector=_unit(each.vector + 0.3 * moved)) for each in otherwise]
    found = told(otherwise, asked)

    assert (found[0].cause, found[0].remedy) == (Cause.ASKED_OTHERWISE, Remedy.RETRAIN)
    assert said in found[0].reason


@pytest.mark.parametrize("unknown", [True, False])
def test_another_language_is_no_missing_document(unknown: bool) -> None:
    """Questions in German want an encoder for German where it is not known; their words stand in no passage."""
    asked = Asked()
    texts = (
        "Wann wird das Gehalt gezahlt?",
        "Wie beantrage ich den Urlaub?",
        "Wer bestellt mir einen Drucker?",
    )
    german = [Question(text=texts[at % 3], topic="", vector=asked.near("german")) for at in range(24)]
    passages = corpus(asked, USUAL)
    made, known = look(asked.mixed(USUAL, 300), [*asked.mixed(USUAL, 60), *german], passages)
    flags = np.array([False] * 60 + [unknown] * 24)
    made = replace(made, recent=replace(made.recent, language_unknown=flags))
    found = attribute([says("topics")], made, texts=known, stronger=WordSearch(passages, numbered))

    assert found[0].cause is Cause.ASKED_OTHERWISE
    assert found[0].remedy is (Remedy.REPLACE_ENCODER if unknown else Remedy.RETRAIN)
    assert "German" in found[0].reason


def test_a_topic_that_was_asked_before_the_reference_returns() -> None:
    """What is new to the reference and near to earlier questions is waited for, where its documents are there."""
    asked = Asked()
    earlier = np.array([each.vector for each in asked.mixed(("visa", *USUAL), 200)])
    found = told(asked.about("visa", 40), asked, topics=(*USUAL, "visa"), before=earlier)

    assert [(each.cause, each.remedy) for each in found] == [(Cause.OLD_TOPIC, Remedy.WAIT)]


def test_a_new_topic_that_documents_answer_is_for_a_person_to_look_at() -> None:
    """Nothing is started where new questions find their passages as well as those before."""
    asked = Asked()
    found = told(asked.about("visa", 40), asked, topics=(*USUAL, "visa"))

    assert [(each.cause, each.remedy) for each in found] == [(Cause.UNKNOWN, Remedy.LOOK)]
    assert set(found[0].topics[0].words) <= set(NOUNS["visa"].split())


@pytest.mark.parametrize(("word", "cause"), [(True, Cause.NOT_FOUND), (False, Cause.DOCUMENTS_MISSING)])
def test_people_know_better(word: bool, cause: Cause) -> None:
    """Where people say that documents answer the new questions, or that none does, that is the cause."""
    asked = Asked()
    passages = corpus(asked, (*USUAL, "visa"))
    made, texts = look(asked.mixed(USUAL, 300), [*asked.mixed(USUAL, 40), *asked.about("visa", 30)], passages)
    said = {f"now-{number}": word for number in range(40, 60)}

    assert attribute([says("topics")], made, texts=texts, said=said)[0].cause is cause


def test_broken_parts_come_first_and_alone() -> None:
    """With a broken encoder or index all else follows from it, so that nothing else is named."""
    asked = Asked()
    passages = corpus(asked, USUAL)
    made, texts = look(asked.mixed(USUAL, 100), asked.about("visa", 50), passages)
    findings = [says(name) for name in ("topics", "golden_recall@10", "index", "canaries")]
    golden = GoldenLoss(asked=50, lost=10, at_switch=True)

    found = attribute(findings, made, texts=texts, golden=golden)
    assert [each.cause for each in found] == [Cause.ENCODER_BROKEN, Cause.INDEX_BROKEN]
    assert [each.remedy for each in found] == [Remedy.REPLACE_ENCODER, Remedy.REBUILD_INDEX]


@pytest.mark.parametrize(
    ("golden", "causes"),
    [
        (GoldenLoss(asked=50, lost=10, changed=4, gone=4), [Cause.DOCUMENTS_CHANGED]),
        (GoldenLoss(asked=50, lost=10, changed=5, gone=5, at_switch=True), [Cause.DOCUMENTS_CHANGED]),
        (GoldenLoss(asked=50, lost=10, at_switch=True), [Cause.RELEASE_WORSE]),
        (GoldenLoss(asked=50, lost=10, changed=2, at_switch=True), [Cause.RELEASE_WORSE]),
        (
            GoldenLoss(asked=50, lost=10, changed=6, at_switch=True),
            [Cause.DOCUMENTS_CHANGED, Cause.RELEASE_WORSE],
        ),
        (GoldenLoss(asked=50, lost=10), [Cause.UNKNOWN]),
        (None, [Cause.UNKNOWN]),
    ],
)
def test_why_golden_questions_are_lost(golden: GoldenLoss | None, causes: list[Cause]) -> None:
    """Changed documents, a release, or neither: no question has to be new for it."""
    asked = Asked()
    made, texts = look(asked.mixed(USUAL, 100), asked.mixed(USUAL, 50), corpus(asked, USUAL))
    findings = [says("golden_recall@10"), says("topics", DriftVerdict.CALM)]

    assert [each.cause for each in attribute(findings, made, texts=texts, golden=golden)] == causes


def test_recall_that_fell_since_a_promotion_is_the_release() -> None:
    """The same questions are found less, and another release serves: go back."""
    asked = Asked()
    passages = corpus(asked, USUAL)
    usual = asked.mixed(USUAL, 200)
    made, texts = look(usual, usual[:40], passages, reset_by="promotion")
    found = attribute([says("live_recall@10"), says("topics", DriftVerdict.CALM)], made, texts=texts)

    assert [(each.cause, each.remedy) for each in found] == [(Cause.RELEASE_WORSE, Remedy.ROLL_BACK)]


@pytest.mark.parametrize("reference", [0, 1, 20, 300])
@pytest.mark.parametrize("recent", [0, 1, 2, 20, 100])
@pytest.mark.parametrize("documents", [True, False])
@pytest.mark.parametrize("texts_known", [True, False])
def test_it_never_fails_for_want_of_evidence(
    reference: int, recent: int, documents: bool, texts_known: bool
) -> None:
    """Few questions, no documents, no texts, one word a question: something is said, and sureness is a chance."""
    asked = Asked()
    passages = corpus(asked, USUAL if documents else ())
    made, texts = look(asked.mixed(USUAL, reference), asked.about("visa", recent, put="{0}"), passages)
    found = attribute(
        [says("topics")],
        made,
        texts=texts if texts_known else {},
        stronger=WordSearch(passages, numbered),
        before=np.zeros((0, 64), np.float32),
    )

    assert len(found) >= 1
    assert all(0.0 <= each.sureness <= 1.0 and each.reason and each.action for each in found)


def test_the_carrying_questions_are_looked_at_where_they_are_named() -> None:
    """What a finding says carries the evidence bounds what is called new."""
    asked = Asked()
    passages = corpus(asked, USUAL)
    made, texts = look(
        asked.mixed(USUAL, 300), [*asked.about("garden", 40), *asked.about("visa", 40)], passages
    )
    carrying = [f"now-{number}" for number in range(40)]
    found = attribute([says("topics", carrying=carrying)], made, texts=texts)

    assert {each for topic in found[0].topics for each in topic.interactions} <= set(carrying)
    assert set(found[0].topics[0].words) <= set(NOUNS["garden"].split())


@pytest.mark.parametrize(
    ("near", "agreed", "cause", "action"),
    [
        (-0.2, 1.0, Cause.DOCUMENTS_MISSING, "Write or import documents about"),
        (0.5, 1.0, Cause.NOT_FOUND, "Retrain the encoder"),
        (0.5, 4.0, Cause.UNKNOWN, "Look whether documents about"),  # words and encoder agree on one
        (-0.2, 4.0, Cause.UNKNOWN, "Look whether documents about"),
    ],
)
def test_missing_is_said_only_where_what_words_find_is_far_too(
    near: float, agreed: float, cause: Cause, action: str
) -> None:
    """Questions far from all passages have documents if those with their words are near; else a person looks."""
    asked = Asked()
    made, texts = look(
        asked.mixed(USUAL, 300),
        [*asked.mixed(USUAL, 40), *asked.about("visa", 60)],
        corpus(asked, USUAL),
    )
    usual = iter(np.linspace(0.3, 0.7, 1_000))
    visa = set(NOUNS["visa"].split())

    def search(questions: Sequence[str], vectors: Vectors) -> list[Found]:
        return [
            Found(words=0.1, encoder=0.1, near=near, agreed=agreed)
            if visa & set(question.strip("?").split())
            else Found(words=(at := float(next(usual))), encoder=at, near=at, agreed=3.0 + at)
            for question in questions
        ]

    found = attribute([says("topics")], made, texts=texts, stronger=search)

    assert len(found) == len({each.cause for each in found})
    assert (found[0].cause, found[0].action[: len(action)]) == (cause, action)
    assert any(word in found[0].action for word in NOUNS["visa"].split())


def test_a_judge_of_support_tells_what_is_there() -> None:
    """Where words say little, what a stronger search finds and a judge accepts is there and not found."""
    asked = Asked()
    passages = corpus(asked, USUAL)
    made, texts = look(asked.mixed(USUAL, 300), [*asked.mixed(USUAL, 40), *asked.about("visa", 40)], passages)
    logged = np.concatenate([np.full(40, 0.8), np.full(40, 0.1)])
    made = replace(
        made,
        reference=replace(made.reference, support=np.full(300, 0.8)),
        recent=replace(made.recent, support=logged),
    )

    def accepted(questions: Sequence[str], vectors: Vectors) -> list[Found]:
        return [Found(words=0.5, encoder=0.5, support=0.85) for _ in questions]

    assert attribute([says("support")], made, texts=texts, stronger=accepted)[0].cause is Cause.NOT_FOUND


def _unit(vector: Vectors) -> Vectors:
    unit: Vectors = (vector / np.linalg.norm(vector)).astype(np.float32)
    return unit
