"""A language model asked within a budget, with what it said remembered."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from doubles.scripted_llm import Reply, ScriptedLLM
from doubles.vices import Vice, Vices
from doubles.waiting import until

from rag.adapters.openai import Endpoint
from rag.domain import Document, Passage
from rag.errors import UpstreamFailed, UpstreamTimeout
from retrain.adapters.openai import OpenAIQuestionWriter
from retrain.adapters.writing_cache import SqliteWritingCache
from retrain.dataset.writing import Budget, BudgetReached, Writing
from retrain.domain import QuestionStyle, Written

NATURAL = QuestionStyle.NATURAL


def _passage(n: int) -> Passage:
    text = f"Text number {n} with a few more words."
    return Passage.create(Document.create(uri=f"d{n}", text=text), 0, text)


class _Writer:
    """Writes one question at a known price."""

    def __init__(self, fingerprint: str = "one", tokens: int = 100) -> None:
        self.fingerprint = fingerprint
        self.asked = 0
        self._tokens = tokens

    def questions(self, passage: Passage, count: int, style: QuestionStyle) -> Written:
        self.asked += 1
        return Written(texts=(f"What does {passage.uri} say?",), tokens=self._tokens)

    def paraphrases(self, question: str, count: int) -> Written:
        self.asked += 1
        return Written(texts=(f"in other words: {question}",), tokens=self._tokens)


@pytest.fixture
def cache(tmp_path: Path) -> SqliteWritingCache:
    """Remembers what was written."""
    return SqliteWritingCache(tmp_path / "written.sqlite")


def test_what_was_answered_once_is_not_asked_again(cache: SqliteWritingCache) -> None:
    """The same passage, style and count cost nothing in a later run; another style, count or model is another call."""
    first, again, other = _Writer(), _Writer(), _Writer("two")
    asked = Writing(first, cache, Budget()).questions(_passage(1), 1, NATURAL)
    writing = Writing(again, cache, Budget(calls=0))
    assert writing.questions(_passage(1), 1, NATURAL) == asked
    assert (again.asked, writing.spent.remembered, writing.spent.calls) == (0, 1, 0)
    for count, style in ((2, NATURAL), (1, QuestionStyle.KEYWORD)):
        with pytest.raises(BudgetReached):
            writing.questions(_passage(1), count, style)
    Writing(other, cache, Budget()).questions(_passage(1), 1, NATURAL)
    assert other.asked == 1


def test_tokens_are_a_hard_limit(cache: SqliteWritingCache) -> None:
    """A call that might go beyond is not made, though others are under way whose price is not known yet."""
    writing = Writing(_Writer(tokens=250), cache, Budget(tokens=1_000))
    stopped = Counter[bool]()

    def ask(n: int) -> None:
        try:
            writing.questions(_passage(n), 1, NATURAL)
            stopped[False] += 1
        except BudgetReached:
            stopped[True] += 1

    threads = [threading.Thread(target=ask, args=(n,)) for n in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert writing.spent.tokens <= 1_000
    assert 2 <= stopped[False] <= 4
    assert "1000 tokens" in writing.spent.stopped


def test_minutes_are_a_limit(cache: SqliteWritingCache) -> None:
    """Once the time is up nothing more is asked."""
    now = [0.0]
    writing = Writing(_Writer(), cache, Budget(minutes=1), clock=lambda: now[0])
    writing.questions(_passage(1), 1, NATURAL)
    now[0] = 61.0
    with pytest.raises(BudgetReached, match="1 minutes had passed"):
        writing.questions(_passage(2), 1, NATURAL)
    assert writing.questions(_passage(1), 1, NATURAL) == ("What does d1 say?",)


def test_a_call_that_hangs_is_given_up(cache: SqliteWritingCache) -> None:
    """Whatever its connection does: after its own time it has failed, and the next one is asked."""
    never = threading.Event()

    class Hanging(_Writer):
        def questions(self, passage: Passage, count: int, style: QuestionStyle) -> Written:
            if passage.uri == "d1":
                never.wait(30)
            return super().questions(passage, count, style)

    writing = Writing(Hanging(), cache, Budget(), patience_s=0.2)
    began = time.monotonic()
    with pytest.raises(UpstreamTimeout, match="gave nothing"):
        writing.questions(_passage(1), 1, NATURAL)
    assert time.monotonic() - began < 10
    assert writing.questions(_passage(2), 1, NATURAL) == ("What does d2 say?",)
    assert (writing.spent.failures, writing.spent.calls) == (1, 2)
    never.set()


def test_a_failed_call_is_not_remembered(cache: SqliteWritingCache) -> None:
    """It is asked again the next time."""

    class Failing(_Writer):
        def questions(self, passage: Passage, count: int, style: QuestionStyle) -> Written:
            raise UpstreamFailed("away")

    with pytest.raises(UpstreamFailed):
        Writing(Failing(), cache, Budget()).questions(_passage(1), 1, NATURAL)
    assert Writing(_Writer(), cache, Budget()).questions(_passage(1), 1, NATURAL)


def test_a_forecast_counts_what_is_not_known_yet(cache: SqliteWritingCache) -> None:
    """It makes no call, and what is remembered costs nothing."""
    writer = _Writer()
    Writing(writer, cache, Budget()).questions(_passage(0), 1, NATURAL)
    passages = [_passage(n) for n in range(5)]
    forecast = Writing(writer, cache, Budget()).forecast(passages, 1, tuple(QuestionStyle))
    assert (forecast.passages, forecast.calls, forecast.remembered) == (5, 14, 1)
    assert forecast.tokens > 14 * 100
    assert writer.asked == 1


_RUN = """
import sys
from pathlib import Path
from rag.adapters.openai import Endpoint
from rag.domain import Document, Passage
from retrain.adapters.openai import OpenAIQuestionWriter
from retrain.adapters.writing_cache import SqliteWritingCache
from retrain.dataset.sources.language_model import mine_llm
from retrain.dataset.writing import Budget, Writing
from retrain.domain import QuestionStyle

passages = []
for n in range(12):
    text = f"Text number {n} with a few more words."
    passages.append(Passage.create(Document.create(uri=f"d{n}", text=text), 0, text))
writer = OpenAIQuestionWriter(Endpoint(base_url=sys.argv[1], model="scripted"), timeout_s=60, retries=0)
writing = Writing(writer, SqliteWritingCache(Path(sys.argv[2])), Budget())
mined = mine_llm(
    passages, writing, styles=(QuestionStyle.NATURAL,), count=1, limit=12, progress=lambda *_: None, workers=2
)
print(len(mined.pairs), writing.spent.calls, writing.spent.remembered)
"""


def test_a_run_that_was_killed_makes_no_call_twice(scripted_llm: ScriptedLLM, tmp_path: Path) -> None:
    """Killed while two calls are under way, a second run asks for what had no answer yet, and for nothing else."""
    answer = json.dumps({"questions": ["Which words does it have besides?"]})
    scripted_llm.default = answer
    scripted_llm.script(*[answer] * 5, *[Reply(text=answer, delay_s=60.0)] * 2)
    command = [sys.executable, "-c", _RUN, scripted_llm.url, str(tmp_path / "written.sqlite")]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    run = subprocess.Popen(command, env=environment)
    # Each of the two workers keeps an answer before it asks for the next.
    until(lambda: len(scripted_llm.requests) == 7, seconds=120)
    run.send_signal(signal.SIGKILL)
    run.wait()
    answered = [body["messages"][1]["content"] for body in scripted_llm.requests[:5]]
    assert len(scripted_llm.requests) == 7

    again = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=240, check=True)

    asked = [body["messages"][1]["content"] for body in scripted_llm.requests[7:]]
    assert not set(asked) & set(answered)
    assert len(asked) == len(set(asked)) == 7
    assert again.stdout.split() == ["12", "7", "5"]


def test_an_endpoint_that_drips_stalls_nothing(scripted_llm: ScriptedLLM, cache: SqliteWritingCache) -> None:
    """A real connection that stays open without an answer is left at the call's own limit."""
    scripted_llm.script(Reply(text="{}", delay_s=5.0))
    writer = OpenAIQuestionWriter(
        Endpoint(base_url=scripted_llm.url, model="scripted"), timeout_s=60, retries=0
    )
    writing = Writing(writer, cache, Budget(), patience_s=0.5)
    with pytest.raises(UpstreamTimeout):
        writing.questions(_passage(1), 1, NATURAL)
    writer.close()


VICIOUS = {
    Vice.NUMBERED: {},
    Vice.THOUGHTS: {},
    Vice.FENCED: {},
    Vice.REFUSAL: {"refused": 1},
    Vice.OTHER_LANGUAGE: {"in another language": 1},
    Vice.EMPTY: {"empty": 1},
    Vice.STATEMENTS: {"no questions": 1},
    Vice.NAMES_THE_TEXT: {"named the text": 1},
    Vice.UNCLOSED_THOUGHTS: {"cut off while thinking": 1},
}
"""A vice of the scripted model, and what is dropped for it where one question is asked for."""


@pytest.fixture
def vicious(scripted_llm: ScriptedLLM, cache: SqliteWritingCache) -> Iterator[Callable[[], Writing]]:
    """Ask the scripted model."""
    writer = OpenAIQuestionWriter(Endpoint(base_url=scripted_llm.url, model="scripted"), retries=0)
    yield lambda: Writing(writer, cache, Budget())
    writer.close()


def _about_offices(n: int) -> Passage:
    text = f"Office {n} is open on Mondays. Whoever needs a passport goes there with a photograph and the old one."
    return Passage.create(Document.create(uri=f"d{n}", title="Offices", text=text), 0, text)


HONEST = json.dumps({"questions": ["When is the office open for people who need a passport?"]})


@pytest.mark.parametrize("vice", VICIOUS)
def test_what_is_no_question_is_counted(
    scripted_llm: ScriptedLLM, vicious: Callable[[], Writing], vice: Vice
) -> None:
    """For questions and for paraphrases apart, by what was wrong; what can be put right is, and its repair counted."""
    writing = vicious()
    scripted_llm.script(Reply(text=HONEST, vice=vice), Reply(text=HONEST))
    asked = [writing.questions(_about_offices(n), 1, NATURAL) for n in range(2)]
    account = writing.spent.questions
    assert account.dropped == VICIOUS[vice]
    assert account.kept == sum(map(len, asked)) == 2 - len(VICIOUS[vice])
    assert bool(account.repaired) == (not VICIOUS[vice])
    if vice is Vice.NAMES_THE_TEXT:
        return
    scripted_llm.script(Reply(text=HONEST, vice=vice))
    reworded = writing.paraphrases("What are the office's hours?", 1, about=_about_offices(1).embedded_text)
    assert writing.spent.paraphrases.dropped == VICIOUS[vice]
    assert writing.spent.paraphrases.kept == len(reworded) == 1 - len(VICIOUS[vice])
    assert writing.spent.questions == account


def test_what_was_dropped_is_remembered_and_checked_anew(
    scripted_llm: ScriptedLLM, vicious: Callable[[], Writing]
) -> None:
    """A later run counts the same without a call; a reply without any question is asked for again."""
    mixed = json.dumps(
        {"questions": ["Sure!", "When is the office open?", "Le bureau est dans la mairie de la ville."]}
    )
    scripted_llm.script(mixed, Reply(text=HONEST, vice=Vice.REFUSAL))
    first, again = vicious(), vicious()
    for writing in (first, again):
        writing.questions(_about_offices(1), 2, NATURAL)
    assert (first.spent.calls, again.spent.calls, again.spent.remembered) == (1, 0, 1)
    assert again.spent.questions == first.spent.questions
    assert again.spent.questions.dropped == {"in another language": 1}
    assert again.spent.questions.repaired == {"words around them": 1}
    scripted_llm.default = HONEST
    assert again.questions(_about_offices(2), 1, NATURAL) == ()
    assert again.questions(_about_offices(2), 1, NATURAL) != ()
    assert len(scripted_llm.requests) == 3


def test_a_model_that_gives_nothing_is_asked_no_more(
    scripted_llm: ScriptedLLM, vicious: Callable[[], Writing]
) -> None:
    """Thirty replies in a row of which nothing could be used end the asking, and the reason is kept."""
    scripted_llm.default = HONEST
    scripted_llm.vices = Vices(share=1.0, among={Vice.REFUSAL, Vice.OTHER_LANGUAGE})
    writing = vicious()
    for n in range(30):
        assert writing.questions(_about_offices(n), 1, NATURAL) == ()
    with pytest.raises(BudgetReached, match="30 replies in a row"):
        writing.questions(_about_offices(30), 1, NATURAL)
    assert sum(writing.spent.questions.dropped.values()) == 30


def test_a_file_of_before_is_read(tmp_path: Path) -> None:
    """Answers that were kept before faults were are still worth their price."""
    file = tmp_path / "written.sqlite"
    with closing(sqlite3.connect(file)) as before, before:
        before.execute(
            "CREATE TABLE written (key TEXT PRIMARY KEY, texts TEXT NOT NULL, tokens INTEGER NOT NULL)"
        )
        before.execute("INSERT INTO written VALUES ('k', '[\"Where?\"]', 7)")
    cache = SqliteWritingCache(file)
    assert cache.get("k") == Written(texts=("Where?",), tokens=7)
    known = Written(texts=("Why?",), tokens=8, dropped={"refused": 1}, repaired=("fences",))
    cache.put("l", known)
    assert cache.get("l") == known
