"""A follow-up and the turns before it -> a question that can be searched for by itself.

The rules know English; of other languages they only know that a very short question leans on the one before it.
"""

import asyncio
import logging
import re
from collections.abc import Sequence
from contextlib import aclosing

from typing_extensions import override

from rag.domain import Message, Prompt
from rag.errors import Unavailable, UpstreamFailed
from rag.ports import Encoder, Generator, Rewriter
from rag.questions.conversation.follow_ups import (
    Topic,
    is_courtesy,
    is_english,
    is_follow_up,
    likely_language,
    names,
    proper_names,
)
from rag.text.codes import codes
from rag.text.forms import plain

logger = logging.getLogger(__name__)

_MAX_TURNS = 20
"""Earlier turns that are looked at, the newest ones."""
_LONGEST_TURN = 2_000  # characters of an earlier turn that are looked at
_LONGEST = 2_000  # characters of a question that a model wrote
_SHORT = 4  # words of a question that cannot stand alone in a language the rules do not know
_SHORT_UNSPACED = 8  # the same in characters, for scripts without blanks
_UNSPACED = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\u0e00-\u0e7f]")

_INSTRUCTIONS = """\
You get a conversation and its last question. Write that question anew so that it can be understood without the \
conversation: put the things meant in place of words like "it" or "there", and add what is left unsaid.
Keep its language and meaning. Do not answer it. If it stands alone already, repeat it as it is.
Reply with the question and nothing else."""


class TurnRewriter(Rewriter):
    """Puts what the conversation is about before a follow-up, by rules."""

    @override
    async def rewrite(self, question: str, history: Sequence[Message], *, encoder: Encoder) -> str:
        return standalone(question, history)


class ModelRewriter(Rewriter):
    """Asks a language model for the question, where the rules say that it is a follow-up.

    A question that stands alone is not kept waiting; where the model fails or takes too long, the rules' form is taken.
    """

    def __init__(self, generator: Generator, *, timeout_s: float = 10.0) -> None:
        self._generator = generator
        self._timeout_s = timeout_s

    @override
    async def rewrite(self, question: str, history: Sequence[Message], *, encoder: Encoder) -> str:
        by_rules = standalone(question, history)
        if by_rules == question:
            return question
        try:
            async with asyncio.timeout(self._timeout_s):
                written = await self._written(question, history, encoder)
        except (UpstreamFailed, Unavailable, TimeoutError) as error:
            logger.warning("a follow-up is rewritten by rules: %s", str(error) or type(error).__name__)
            return by_rules
        return written or by_rules

    async def _written(self, question: str, history: Sequence[Message], encoder: Encoder) -> str:
        speakers = {"user": "User", "assistant": "Assistant"}
        turns = "\n".join(
            f"{speakers[each.role]}: {each.content[:_LONGEST_TURN]}"
            for each in history[-6:]
            if each.role in speakers
        )
        prompt = Prompt(
            question=question,
            hits=(),
            messages=(
                Message(role="system", content=_INSTRUCTIONS),
                Message(role="user", content=f"{turns}\n\nLast question: {question}"),
            ),
            max_tokens=120,
            temperature=0.0,
        )
        pieces: list[str] = []
        async with aclosing(self._generator.stream(prompt, encoder=encoder)) as stream:
            async for piece in stream:
                if isinstance(piece, str):
                    pieces.append(piece)
        # Some models go on to answer; the question is the first line.
        first = next(iter("".join(pieces).strip().splitlines()), "")
        written = re.sub(r"^(?:last |standalone )?question:\s*", "", first, flags=re.IGNORECASE)
        written = written.strip().strip("\"“”'").strip()
        return written if len(written) <= _LONGEST else ""


def standalone(question: str, history: Sequence[Message]) -> str:
    """Return the question as it can be searched for by itself.

    A follow-up gets the topic before it: the content words of the last question that stood alone, and of the
    follow-up in between where this one goes on from there. A follow-up without content words of its own ("why?") is
    searched for as the question before it. The `history` holds the earlier turns of user and assistant, oldest first.
    """
    before = _asked(history)
    if not before or is_courtesy(question):
        return question
    language = likely_language(question)
    if language not in ("", "english") or not any(map(is_english, (question, *before))):
        # Nobody goes on from English in another language; near languages are easily taken for one another.
        kin = [text for text in before if not language or not is_english(text)]
        return _joined(_chain(kin), question) if kin and _leans(question) else question
    if not is_follow_up(question):
        return question
    topic = Topic()
    for text in before:
        topic = topic.after(text)
    answers = [turn.content for turn in history if turn.role == "assistant"]
    return topic.completed(question, named=proper_names(answers[-1][:_LONGEST_TURN]) if answers else ())


def carried_names(searched: str, history: Sequence[Message]) -> tuple[str, ...]:
    """Return the names of earlier questions that a follow-up, as it is searched for, is about too."""
    low = searched.casefold()
    found = dict.fromkeys(name for text in _asked(history) for name in names(text))
    return tuple(name for name in found if re.search(rf"(?<!\w){re.escape(name.casefold())}(?!\w)", low))


def _asked(history: Sequence[Message]) -> list[str]:
    """Return the user's earlier questions, oldest first; thanks and greetings are none."""
    texts = [turn.content[:_LONGEST_TURN].strip() for turn in history[-_MAX_TURNS:] if turn.role == "user"]
    return [text for text in texts if text and not is_courtesy(text)]


def _chain(before: Sequence[str]) -> list[str]:
    """Return the last question that stands alone, in a language the rules do not know, and the last one of all."""
    root = max((at for at, text in enumerate(before) if not _leans(text)), default=0)
    return list(dict.fromkeys((before[root], before[-1])))


def _joined(before: Sequence[str], question: str) -> str:
    """Put questions before one that leans on them, without codes of the sort that it asks for itself."""
    asked = codes(question)
    kept = (
        word
        for text in before
        for word in text.split()
        if not any(code.is_rivalled_in(plain(word)) for code in asked)
    )
    return " ".join([*kept, question])


def _leans(question: str) -> bool:
    """Tell whether a question in a language the rules do not know is too short to stand alone."""
    words = question.split()
    if _UNSPACED.search(question):
        return len(question) <= _SHORT_UNSPACED
    if len(words) > 2 and codes(question):
        return False  # "Was bedeutet E-1042?" says all there is to say
    # One word without a question mark is a keyword.
    return len(words) <= _SHORT and (len(words) > 1 or question.endswith("?"))
