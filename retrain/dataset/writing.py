"""A language model asked within a budget, with what it said remembered.

What was answered once is never paid for again: it is kept by everything that was asked (model, instructions, style,
count, passage), so a run that was killed goes on where it was when it is started again. A reply without any question is
not kept: the next run asks again. What is no question about the passage is left out and counted.
"""

import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from copy import deepcopy
from dataclasses import dataclass, field

from rag.domain import Passage, digest_of
from rag.errors import UpstreamTimeout
from retrain.dataset.replies.checking import fault_of_question, fault_of_wording
from retrain.dataset.replies.faults import Fault
from retrain.domain import QuestionStyle, Written
from retrain.ports import QuestionWriter, WritingCache

CHARS_PER_TOKEN = 4
"""Of English, about; for estimates alone."""
TOKENS_AROUND = 250
"""Of the instructions and the form of the answer, about."""
TOKENS_PER_QUESTION = 30
"""Of a question in the answer, about."""
FAILURES_IN_A_ROW = 10
"""After so many failed calls in a row the language model is taken to be down, and is asked no more."""
USELESS_IN_A_ROW = 30
"""After so many replies in a row of which nothing could be used it is not worth its price, and is asked no more."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Budget:
    """What asking may cost in one run; None is without limit."""

    calls: int | None = None
    tokens: int | None = None  # of prompts and answers together
    minutes: float | None = None  # from the first question


@dataclass(frozen=True, kw_only=True, slots=True)
class Forecast:
    """What asking would cost."""

    passages: int
    calls: int  # to be made
    remembered: int  # calls whose answers are known already
    tokens: int  # of the calls to be made, about


@dataclass(kw_only=True, slots=True)
class Account:
    """What came of what was written."""

    kept: int = 0
    dropped: dict[str, int] = field(
        default_factory=dict
    )  # fault -> how many; a reply without a question is one
    repaired: dict[str, int] = field(default_factory=dict)  # what was taken away -> of how many replies

    def add(self, kept: int, dropped: Counter[str], repaired: Sequence[str]) -> None:
        """Count one reply."""
        self.kept += kept
        self.dropped = dict(sorted((Counter(self.dropped) + dropped).items()))
        self.repaired = dict(sorted((Counter(self.repaired) + Counter(repaired)).items()))


@dataclass(kw_only=True, slots=True)
class Spent:
    """What asking has cost, and what came of it."""

    calls: int = 0
    remembered: int = 0  # answers that were known already
    failures: int = 0  # calls that gave nothing
    tokens: int = 0
    seconds: float = 0.0
    stopped: str = ""  # which limit was reached; empty: none
    questions: Account = field(default_factory=Account)  # about passages
    paraphrases: Account = field(default_factory=Account)


class BudgetReached(Exception):  # nothing went wrong
    """A limit was reached; nothing more is asked in this run."""


class Writing:
    """Asks a `QuestionWriter`. May be shared by threads."""

    def __init__(
        self,
        writer: QuestionWriter,
        cache: WritingCache,
        budget: Budget,
        *,
        patience_s: float = 120.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Ask within `budget`.

        A call that has given nothing after `patience_s` seconds counts as failed, whatever its connection does.
        """
        self._writer = writer
        self._cache = cache
        self._budget = budget
        self._patience_s = patience_s
        self._clock = clock
        self._lock = threading.Lock()
        self._began: float | None = None
        self._spent = Spent()
        self._reserved = self._in_a_row = self._useless = (
            0  # tokens of calls under way; failed calls; replies
        )

    def questions(self, passage: Passage, count: int, style: QuestionStyle) -> tuple[str, ...]:
        """Return up to `count` questions of a style about a passage.

        Raises:
            BudgetReached: a limit is reached, or the model keeps failing; what is remembered is given all the same.
            UpstreamFailed: this call failed.
        """
        written = self._asked(
            self._passage_key(passage, count, style),
            _tokens(passage.embedded_text, count),
            lambda: self._writer.questions(passage, count, style),
        )
        text = passage.embedded_text
        return self._checked(
            written,
            count,
            self._spent.questions,
            lambda question: fault_of_question(question, passage=text, style=style),
        )

    def paraphrases(self, question: str, count: int, *, about: str = "") -> tuple[str, ...]:
        """Return up to `count` other wordings of a question, `about` a passage where it is known; errors as above."""
        key = digest_of({"writer": self._writer.fingerprint, "reword": question, "count": count})
        written = self._asked(
            key, _tokens(question, count), lambda: self._writer.paraphrases(question, count)
        )
        return self._checked(
            written,
            count,
            self._spent.paraphrases,
            lambda wording: fault_of_wording(wording, question=question, about=about),
        )

    def forecast(self, passages: Sequence[Passage], count: int, styles: Sequence[QuestionStyle]) -> Forecast:
        """Return what asking for `count` questions of each style about each passage would cost; asks nothing."""
        calls = remembered = tokens = 0
        for passage in passages:
            for style in styles:
                if self._cache.get(self._passage_key(passage, count, style)):
                    remembered += 1
                else:
                    calls += 1
                    tokens += _tokens(passage.embedded_text, count)
        return Forecast(passages=len(passages), calls=calls, remembered=remembered, tokens=tokens)

    @property
    def spent(self) -> Spent:
        """What asking has cost so far."""
        with self._lock:
            seconds = 0.0 if self._began is None else self._clock() - self._began
            spent = deepcopy(self._spent)
        spent.seconds = seconds
        return spent

    def _passage_key(self, passage: Passage, count: int, style: QuestionStyle) -> str:
        writer, text = self._writer.fingerprint, passage.text_hash
        return digest_of({"writer": writer, "passage": text, "count": count, "style": str(style)})

    def _asked(self, key: str, estimate: int, call: Callable[[], Written]) -> Written:
        known = self._cache.get(key)
        if known is not None:
            with self._lock:
                self._spent.remembered += 1
            return known
        patience = self._reserve(estimate)
        try:
            written = _within(patience, call)
            if written.texts:
                # Kept before it is counted: a run that is killed here has lost nothing.
                self._cache.put(key, written)
        except BaseException:
            # What a failed call has cost nobody says; that it was paid for is the safe guess.
            self._settle(estimate, estimate, failed=True)
            raise
        self._settle(estimate, written.tokens, failed=False)
        return written

    def _checked(
        self, written: Written, count: int, account: Account, fault_of: Callable[[str], Fault | None]
    ) -> tuple[str, ...]:
        """Return what is a question, and count the rest."""
        kept: list[str] = []
        dropped = Counter(written.dropped)
        for text in written.texts:
            if fault := fault_of(text):
                dropped[fault] += 1
            else:
                kept.append(text)
        with self._lock:
            account.add(len(kept[:count]), dropped, written.repaired)
            self._useless = 0 if kept else self._useless + 1
            if self._useless >= USELESS_IN_A_ROW and not self._spent.stopped:
                self._spent.stopped = f"of {USELESS_IN_A_ROW} replies in a row nothing could be used"
        return tuple(kept[:count])

    def _reserve(self, estimate: int) -> float:
        """Set aside what a call may cost, and return how long it may take, in seconds."""
        limits, spent = self._budget, self._spent
        with self._lock:
            now = self._clock()
            self._began = now if self._began is None else self._began
            left = float("inf") if limits.minutes is None else 60 * limits.minutes - (now - self._began)
            if not spent.stopped:
                if limits.calls is not None and spent.calls >= limits.calls:
                    spent.stopped = f"{limits.calls} calls were made"
                elif limits.tokens is not None and spent.tokens + self._reserved + estimate > limits.tokens:
                    spent.stopped = f"another call might go beyond {limits.tokens} tokens"
                elif left <= 0:
                    spent.stopped = f"{limits.minutes:g} minutes had passed"
            if spent.stopped:
                raise BudgetReached(spent.stopped)
            spent.calls += 1
            self._reserved += estimate
            return min(self._patience_s, left)

    def _settle(self, estimate: int, tokens: int, *, failed: bool) -> None:
        spent = self._spent
        with self._lock:
            self._reserved -= estimate
            spent.tokens += tokens
            spent.failures += failed
            self._in_a_row = self._in_a_row + 1 if failed else 0
            if self._in_a_row >= FAILURES_IN_A_ROW and not spent.stopped:
                spent.stopped = "the language model kept failing"


def _within(seconds: float, call: Callable[[], Written]) -> Written:
    """Call, but wait no longer than that.

    A client's own limits are on each read: an endpoint that sends a byte now and then would hold it for ever. The
    thread left behind ends when its connection does, and keeps no process alive.
    """
    answer: Future[Written] = Future()

    def run() -> None:
        try:
            answer.set_result(call())
        except BaseException as error:  # noqa: BLE001  # raised again by whoever waits
            answer.set_exception(error)

    threading.Thread(target=run, name="question-writer", daemon=True).start()
    try:
        return answer.result(seconds)
    except TimeoutError as error:
        raise UpstreamTimeout(f"The language model gave nothing within {seconds:.0f} s.") from error


def _tokens(text: str, count: int) -> int:
    return TOKENS_AROUND + len(text) // CHARS_PER_TOKEN + TOKENS_PER_QUESTION * count
