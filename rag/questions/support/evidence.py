"""Question and hits -> what the hits say that has most to do with the question, with vectors: read once a question."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rag.domain import Evidence, Hit, Said
from rag.ports import Encoder, Vectors
from rag.text.clauses import clauses
from rag.text.codes import Code, codes
from rag.text.expected import Kind, expected, stands_in
from rag.text.forms import plain, readable
from rag.text.overlap import content, shares, words
from rag.text.statements import Statement, statements

TYPED = 0.5
"""Worth of a code of the question that stands in a statement; half of it where it stands in the passage alone."""
_FOREIGN = 0.75
"""Tokens a letter from which on the encoder spells a language out and cannot read it; English has 0.25."""
_MAX_CANDIDATES = 120
_MOST_READ = 16
"""Statements that the encoder reads: those that answer best by all that costs less."""
_LONGEST_TITLE = 80  # characters that are read with a statement

# Weights of a conditional logit (McFadden, 1974) over a question's statements, rounded.
_SHARED = 2.3  # share of the question's words in the statement and what it stands below
_AROUND = 3.0  # the same with the sentence before it
_WHOLE = 1.9  # in its passage with the title
_NEAR = 1.2  # the passage's cosine
_FIRST = 1.8  # one over the passage's rank
_NAMED = 1.8  # share of the question's names and numbers that the passage has as typed
_CODE = 20.0  # `TYPED`
_KINDS = {Kind.NUMBER: 2.4, Kind.TIME: 1.3, Kind.NAME: 0.5, Kind.PLACE: 1.0}
"""Having what the question word asks for."""

_NAME = re.compile(r"(?<=\s)[^\W\d_]*(?:[A-ZÀ-ÞΑ-ΩА-Я]|\d)[\w-]*")
_LEANS = re.compile(
    r"\W*(?:it|its|this|these|those|that|he|she|they|his|her|their|such|there|here|both|er|sie|es|dies\w{0,2}|dort"
    r"|il|elle|ils|elles|cela|ce|cette|ces|él|ella|ellos|esto|este|esta|он|она|оно|они|это|этот|эта)\b",
    re.IGNORECASE,
)


def read_evidence(
    question: str, hits: Sequence[Hit], *, encoder: Encoder, vector: NDArray[np.float32] | None = None
) -> Evidence:
    """Return the question's vector and at most 16 of the hits' statements with theirs.

    `vector` is the question's, shape (dimension,), where it is known already. Statements about other codes than those
    asked for are left out.
    """
    if vector is None:
        vector = encoder.encode_queries([question])[0]
    found = _statements(question, hits)
    shared, worth = _worth(question, hits, found)
    read = np.sort(np.argsort(-worth, kind="stable")[:_MOST_READ])
    chosen = tuple(found[at].said for at in read)
    vectors: Vectors = np.empty((0, len(vector)), dtype=np.float32)
    if chosen:
        vectors = encoder.encode_passages([each.seen for each in chosen])
    return Evidence(
        question=question,
        vector=vector,
        hits=tuple(hits),
        said=chosen,
        vectors=vectors,
        shared=shared[read],
        worth=worth[read],
        foreign=is_foreign(question, encoder),
    )


def is_foreign(question: str, encoder: Encoder) -> bool:
    """Tell whether the encoder does not know the question's letters; for known letters see `languages`."""
    question = plain(question)
    letters = sum(map(str.isalpha, question))
    return not question.isascii() and encoder.count_tokens([question])[0] >= _FOREIGN * max(letters, 1)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Found:
    """A statement, and the words that it is weighed by."""

    said: Said
    words: frozenset[str]  # its own, and of what it stands below
    before: frozenset[str]  # of the sentence before it
    hit: int  # place of its hit, from 0


def _statements(question: str, hits: Sequence[Hit]) -> list[_Found]:
    asked = codes(question)
    found: dict[str, _Found] = {}
    for place, hit in enumerate(hits):
        passage = hit.passage
        stated = _pieces(passage.text)
        # In a passage about the code alone, what does not name it is about it too.
        whole = plain(passage.embedded_text) if asked else ""
        about = any(code.stands_in(whole) and not code.is_rivalled_in(whole) for code in asked)
        before: frozenset[str] = frozenset()
        for at, (each, text, joins) in enumerate(stated):
            inside = f"{each.context}\n{text}" if each.context else text
            bag = frozenset(words(inside))
            leans = _LEANS.match(text) is not None
            earlier, before = (before if joins is not None or leans else frozenset()), bag
            title = passage.title[:_LONGEST_TITLE]
            if len(stated) > 1 and words(text) == words(title):
                continue  # a title in the text, as the first line of a plain file: it answers nothing
            typed = _typed(f"{title}\n{inside}" if each.short else inside, asked) if asked else 0.0
            if typed < 0:
                continue
            said = Said(
                text=text,
                seen=f"{title}\n{inside}" if title else inside,
                rank=hit.rank,
                passage=hit.score,
                beside=len(stated) > 1,
                titled=bool(passage.title),
                typed=typed or about * TYPED / 2,
                at=at,
                joins=joins,
                leans=leans,
            )
            # The same sentence in overlapping passages counts once, for the better passage.
            key = plain(said.seen if each.short else text).casefold()
            found.setdefault(key, _Found(said=said, words=bag, before=earlier, hit=place))
    return list(found.values())[:_MAX_CANDIDATES]


def _pieces(text: str) -> list[tuple[Statement, str, str | None]]:
    """Return (statement, its words as quoted, what stands between them and those before); long ones by clauses."""
    pieces: list[tuple[Statement, str, str | None]] = []
    until = 0
    for each in statements(text):
        between = text[until : each.start]
        joins = None if between.strip(" \t") or not pieces else " " * bool(between)
        until = each.end
        said = readable(each.text)
        at = 0
        for part in clauses(said) if "\n" not in said else [said]:
            start = said.index(part, at)
            if at:
                joins = " " * (start > at)
            at = start + len(part)
            if any(map(str.isalnum, part)):
                pieces.append((each, part, joins))
    return pieces


def _worth(
    question: str, hits: Sequence[Hit], found: Sequence[_Found]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return for each statement the share of the question's words that it has, and how well it answers, both (n,)."""
    asked = content(question)
    shared = np.array(shares(asked, [each.words for each in found]), dtype=np.float64)
    around = np.array(shares(asked, [each.words | each.before for each in found]), dtype=np.float64)
    bags = [set(words(hit.passage.title)) for hit in hits]
    for each in found:
        bags[each.hit] |= each.words
    whole = np.array(shares(asked, bags), dtype=np.float64)
    named = np.array(_named(question, hits), dtype=np.float64)
    passages = np.array([hit.score for hit in hits], dtype=np.float64)
    by_hit = _WHOLE * whole + _NAMED * named + _NEAR * passages + _FIRST / np.arange(1, len(hits) + 1)
    worth = _SHARED * shared + _AROUND * around
    worth += np.array([by_hit[each.hit] + _CODE * each.said.typed for each in found], dtype=np.float64)
    if (kind := expected(question)) is not None:
        has = [stands_in(kind, each.said.text, question) for each in found]
        worth += _KINDS[kind] * np.array(has, dtype=np.float64)
    return shared, worth


def _named(question: str, hits: Sequence[Hit]) -> list[float]:
    """Return for each hit the share of the question's names and numbers that it has as typed."""
    names = {name.casefold() for name in _NAME.findall(plain(question))}
    if not names:
        return [0.0] * len(hits)
    texts = [plain(hit.passage.embedded_text).casefold() for hit in hits]
    return [sum(name in text for name in names) / len(names) for text in texts]


def _typed(text: str, asked: Sequence[Code]) -> float:
    """Return what the codes asked for are worth to a text; below 0 where it is about others of their sort."""
    text = plain(text)
    if any(code.stands_in(text) for code in asked):
        return TYPED
    return -1.0 if any(code.is_rivalled_in(text) for code in asked) else 0.0
