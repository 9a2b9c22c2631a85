"""A dataset from everything a company has, with the live release as the judge of what was mined."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from doubles.promotion_world import TwoEncoders, World
from doubles.scripted_llm import ScriptedLLM
from doubles.vices import OF_FORM, Vice, Vices

from rag.adapters.openai import Endpoint
from rag.domain import Document, Feedback, Interaction, InteractionStatus, new_id, utcnow
from retrain.adapters.openai import OpenAIQuestionWriter
from retrain.adapters.writing_cache import SqliteWritingCache
from retrain.cycle import RetrainCycle
from retrain.dataset.writing import Budget, Writing
from retrain.domain import Dataset, Focus, Origin
from retrain.settings import RetrainSettings

_SUBJECTS = (
    "holiday leave", "parental leave", "travel receipts", "laptop replacement", "password reset", "lost badge",
    "weekend overtime", "pension plan", "sick note", "car park", "canteen menu", "fire drill", "meeting rooms",
    "printer paper", "language course", "bicycle racks", "company car", "home office", "first aid", "shift swap",
)  # fmt: skip


def _documents() -> list[Document]:
    return [
        Document.create(
            uri=f"file:///rules/{n}",
            title=f"Rules about {subject} at work",
            text=f"Whoever needs {subject} asks room {n} first. A form number {n * 7} is filled in for {subject}. "
            f"The office answers within {n + 2} days about {subject}.",
            divisible=False,
        )
        for n, subject in enumerate(_SUBJECTS)
    ]


@pytest.fixture
def cycle_of(world: World, two_encoders: TwoEncoders) -> Callable[..., RetrainCycle]:
    """Make the cycle of a company whose rules are live."""
    world.put(*_documents())
    world.found(two_encoders.first, documents=0, dense_weight=0.5, context_weight=0.0, threshold=0.3)

    def make(writer: Writing | None = None, **settings: Any) -> RetrainCycle:
        cycle: RetrainCycle = world.cycle(writer=writer, settings=RetrainSettings(_env_file=None, **settings))
        return cycle

    return make


def _say(world: World, question: str, passage: str, *, by: str = "ann", days_ago: int = 1) -> None:
    asked = Interaction(
        id=new_id(),
        tenant="default",
        principal=by,
        asked_at=utcnow() - timedelta(days=days_ago),
        question=question,
        hits=(),
        answer="",
        cited=(),
        release="r",
        epoch=1,
        generator="",
        status=InteractionStatus.ANSWERED,
    )
    world.stores.interactions.add_all([asked])
    world.stores.feedback.add(
        Feedback(
            id=new_id(),
            interaction_id=asked.id,
            tenant="default",
            principal=by,
            given_at=asked.asked_at,
            corrected_passage=passage,
        )
    )


def _built(cycle: RetrainCycle) -> Dataset:
    return cycle.build_dataset(progress=lambda *_: None)


def test_without_a_language_model_the_documents_ask(world: World, cycle_of: Any) -> None:
    """Titles and passages' own words give the pairs, the manifest says of which kind, and what it continues."""
    first = _built(cycle_of())
    kinds = first.manifest["kinds"]["train"]
    assert {kind for kind in kinds if kind.startswith("document")} == {
        "document: title",
        "document: first sentence",
    }
    assert {question.kind for question in first.gate} == {"title"}
    assert {question.parent for question in first.robustness} <= {question.id for question in first.gate}
    assert first.manifest["tenant"] == "default"
    assert first.manifest["continues"]["dataset"] is None
    again = _built(cycle_of())
    assert again.digest == first.digest
    assert again.manifest["continues"]["dataset"] == first.digest
    assert again.manifest["continues"]["kept"] == len(first.gate)
    assert world.retrain.datasets.get(first.digest).robustness == first.robustness


def test_enough_questions_make_excerpts_unneeded(cycle_of: Any) -> None:
    """Below the setting passages' own words train; at 0 never."""
    dataset = _built(cycle_of(excerpts_below=0))
    assert set(dataset.manifest["kinds"]["train"]) == {"document: title", "paraphrase: title"}
    assert "excerpt" not in dataset.manifest["mined_left_out"]


def test_a_correction_against_the_live_release_needs_others(world: World, cycle_of: Any) -> None:
    """What the live release finds for a question counts at once; what it does not needs people who have been there."""
    right = {passage.uri: passage.id for batch in world.stores.documents.all_passages() for passage in batch}
    pension, printer = right["file:///rules/7"], right["file:///rules/13"]
    for by in ("ann", "bob"):
        _say(world, "anything to do with rooms", right["file:///rules/12"], by=by, days_ago=30)
    _say(world, "how does the pension plan work", pension)
    _say(world, "zyx qwv offers this week", printer, by="eve")
    settings = {
        "agrees_within": 3,
        "principal_share": 1.0,
        "passage_share": 1.0,
        "gate_share": 0,
        "dev_share": 0,
    }

    def logged() -> set[str]:
        return {pair.passage_id for pair in _built(cycle_of(**settings)).train if pair.origin is Origin.LOG}

    assert pension in logged()
    assert printer not in logged()
    for by in ("ann", "bob"):
        _say(world, "zyx qwv offers this week", printer, by=by)
    assert printer in logged()


def test_written_questions_are_checked_and_counted(
    world: World, cycle_of: Any, scripted_llm: ScriptedLLM, tmp_path: Any
) -> None:
    """A question that finds another passage is dropped; the manifest says what it cost; nothing is paid twice."""

    def answer(body: dict[str, Any]) -> str:
        given = json.loads(body["messages"][1]["content"])
        if "question" in given:
            return json.dumps({"questions": [f"in other words {given['question']}"]})
        subject = next(subject for subject in _SUBJECTS if subject in given["passage"])
        wrong = _SUBJECTS[(_SUBJECTS.index(subject) + 1) % len(_SUBJECTS)]
        asked = wrong if _SUBJECTS.index(subject) % 2 else subject
        return json.dumps({"questions": [f"which form do i need for {asked}?"]})

    scripted_llm.default = answer

    def writing(**limits: Any) -> Writing:
        writer = OpenAIQuestionWriter(Endpoint(base_url=scripted_llm.url, model="scripted"), retries=0)
        return Writing(writer, SqliteWritingCache(tmp_path / "written.sqlite"), Budget(**limits))

    settings = {"round_trip": 1, "llm_styles": ("natural",), "excerpts_below": 0, "paraphrases": 0}
    forecast = cycle_of(writing(), **settings).forecast()
    assert (forecast.passages, forecast.calls) == (20, 20)
    dataset = _built(cycle_of(writing(), **settings))
    assert dataset.manifest["mined_left_out"]["llm"] == {"does not find its passage: natural": 10}
    spent = dataset.manifest["language_model"]
    assert (spent["calls"], spent["stopped"]) == (20 + len(dataset.gate), "")
    made = len(scripted_llm.requests)
    again = _built(cycle_of(writing(calls=0), **settings))
    assert again.digest == dataset.digest
    assert len(scripted_llm.requests) == made


def test_a_vicious_model_s_dataset_says_what_was_dropped(
    world: World, cycle_of: Any, scripted_llm: ScriptedLLM, tmp_path: Any
) -> None:
    """Every pair of the language model's is an honest question; the manifest has the rest by what was wrong."""

    def answer(body: dict[str, Any]) -> str:
        given = json.loads(body["messages"][1]["content"])
        if "question" in given:
            return json.dumps({"questions": [f"tell me: {given['question']}"]})
        subject = next(subject for subject in _SUBJECTS if subject in given["passage"])
        return json.dumps({"questions": [f"Which form do I need for {subject}?"]})

    scripted_llm.default = answer
    scripted_llm.vices = Vices(share=0.5)
    writer = OpenAIQuestionWriter(Endpoint(base_url=scripted_llm.url, model="scripted"), retries=0)
    writing = Writing(writer, SqliteWritingCache(tmp_path / "written.sqlite"), Budget())
    dataset = _built(cycle_of(writing, round_trip=0, excerpts_below=0, paraphrases=1, test_paraphrases=0))

    written = {pair.question for pair in dataset.train if pair.origin is Origin.LLM}
    assert written <= {f"Which form do I need for {subject}?" for subject in _SUBJECTS}
    spent = dataset.manifest["language_model"]
    vices = [(reply.vice, "passage" in body["messages"][1]["content"]) for body, reply in scripted_llm.said]
    for what, of_passages in (("questions", True), ("paraphrases", False)):
        useless = sum(vice not in OF_FORM | {None} for vice, mined in vices if mined == of_passages)
        partly = sum(vice in (Vice.PROMPT, Vice.CUT) for vice, mined in vices if mined == of_passages)
        assert useless - partly <= sum(spent[what]["dropped"].values()) <= 2 * useless
        assert spent[what]["repaired"]
    assert world.retrain.datasets.get(dataset.digest).manifest["language_model"] == spent


def test_changed_documents_are_written_about_first(
    world: World, cycle_of: Any, scripted_llm: ScriptedLLM, tmp_path: Any
) -> None:
    """With calls for two passages alone, those of the documents that changed since the last dataset are taken."""
    _built(cycle_of())
    changed = [replace(d, text=d.text + " It was changed.", updated_at=utcnow()) for d in _documents()[3:5]]
    world.put(*(Document.create(uri=d.uri, title=d.title, text=d.text, divisible=False) for d in changed))
    scripted_llm.default = json.dumps({"questions": ["what was changed about it lately?"]})
    writer = OpenAIQuestionWriter(Endpoint(base_url=scripted_llm.url, model="scripted"), retries=0)
    writing = Writing(writer, SqliteWritingCache(tmp_path / "written.sqlite"), Budget(calls=2))
    dataset = _built(
        cycle_of(writing, llm_styles=("natural",), llm_workers=1, paraphrases=0, test_paraphrases=0)
    )
    asked = [json.loads(request["messages"][1]["content"])["passage"] for request in scripted_llm.requests]
    assert len(asked) == 2
    assert ["It was changed." in passage for passage in asked] == [True, True], asked
    assert dataset.manifest["language_model"]["stopped"] == "2 calls were made"


def test_what_is_to_be_cured_is_mined_first_and_named(cycle_of: Any) -> None:
    """Of a few passages those are mined that are to be cured, and the dataset says what it was made for."""
    wanted = frozenset(document.id for document in _documents()[5:17])
    cycle = cycle_of(mine_passages=12, excerpts_below=0)
    focus = Focus(reason="passwords are not found", documents=wanted)
    dataset = _built(replace(cycle, mining=replace(cycle.mining, focus=focus)))

    held_back = {each for question in (*dataset.dev, *dataset.gate) for each in question.documents}
    assert wanted == {pair.document_id for pair in dataset.train} | held_back
    assert {"reason": "passwords are not found", "questions": 0, "documents": 12} == dataset.manifest["focus"]
