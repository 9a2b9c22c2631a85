"""Questions that documents ask by themselves: summaries, titles and the ends of titles, and headings."""

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import islice

from rag.domain import Document, Passage, text_of
from rag.text.wording import normal, words
from retrain.dataset.pairs import (
    FEWEST_QUESTION_WORDS,
    MinedPairs,
    PassagesOf,
    counted,
    make_pair,
    order,
    take,
)
from retrain.dataset.wording import one_line
from retrain.domain import Origin, TrainingPair

MOST_DOCUMENTS = 3
"""A heading that stands in more documents than this ("See also") says nothing by itself."""
DOCUMENTS_AT_ONCE = 200

_TITLE_PARTS = re.compile(r"\s+(?:[-–—|>›»]|::)\s+")
"""Between the parts of a title that goes from the whole to the part: the last one says what this page is about."""


def mine_documents(
    documents: Iterable[Document],
    passages_of: PassagesOf,
    *,
    limit: int,
    seed: int,
    first: Collection[str] = (),
) -> MinedPairs:
    """Return summaries, titles and headings as questions for the passages they stand over, `limit` passages at most.

    No language model is needed. Where the question stands word for word in what is embedded of its passage, it is cut
    out of the pair's text. Names of fewer than three words are left out, unless they are titles of two. Documents whose
    ids are in `first` are taken first; for the rest the seed decides the order.
    """
    dropped: Counter[str] = Counter()
    found: dict[tuple[str, str], TrainingPair] = {}
    mined_from: set[str] = set()
    ordered = iter(
        sorted(documents, key=lambda document: (document.id not in first, order(str(seed), document.id)))
    )
    while len(mined_from) < limit and (batch := list(islice(ordered, DOCUMENTS_AT_ONCE))):
        passages = passages_of([document.id for document in batch])
        for document in batch:
            if len(mined_from) >= limit:
                break
            for kind, question, passage in _written_over(document, passages.get(document.id, ()), dropped):
                if pair := make_pair(question, passage, Origin.DOCUMENT, dropped, kind=kind):
                    take(pair, found, dropped)
                    mined_from.add(passage.id)
    spread: dict[str, set[str]] = defaultdict(set)
    for pair in found.values():
        spread[normal(pair.question)].add(pair.document_id)
    kept = [pair for pair in found.values() if len(spread[normal(pair.question)]) <= MOST_DOCUMENTS]
    dropped["stands over several documents"] = len(found) - len(kept)
    return MinedPairs(pairs=tuple(kept), dropped=counted(dropped))


def _written_over(
    document: Document, passages: Sequence[Passage], dropped: Counter[str]
) -> Iterator[tuple[str, str, Passage]]:
    """Yield what says so, what it says a passage is about, and the passage."""
    if not passages:
        dropped["the document has no passage"] += 1
        return
    summary, title = text_of(document.metadata, "summary"), document.title
    last = _TITLE_PARTS.split(title)[-1] if _TITLE_PARTS.search(title) else ""
    for kind, text, fewest in (
        ("summary", summary, FEWEST_QUESTION_WORDS),
        ("title", title, 2),
        ("end of a title", last, FEWEST_QUESTION_WORDS),
    ):
        if not words(text):
            continue
        if len(words(text)) >= fewest:
            yield kind, text, passages[0]
        else:
            dropped["a mere name"] += 1
    for heading, body in _sections(document.text):
        if normal(heading) == normal(title):
            continue
        if len(words(heading)) < FEWEST_QUESTION_WORDS:
            dropped["a mere name"] += 1
        elif (passage := _holding(passages, heading, body)) is None:
            dropped["no passage under the heading"] += 1
        else:
            yield "heading", heading, passage


def _sections(text: str) -> Iterator[tuple[str, str]]:
    """Yield Markdown headings that have text right under them, with its first line."""
    heading, fenced = "", False
    for line in text.splitlines():
        if line.lstrip().startswith(("```", "~~~")):
            fenced = not fenced
        if not fenced and (match := re.match(r"#{1,6}[ \t]+(.+?)[ \t#]*$", line)):
            heading = re.sub(r"[*_`]", "", match[1])
        elif heading and words(line):
            yield heading, line
            heading = ""


def _holding(passages: Sequence[Passage], heading: str, body: str) -> Passage | None:
    """Return the passage that the body's first words stand in, best one that also names the heading."""
    start = one_line(body)[:60].casefold()
    holding = [passage for passage in passages if start in one_line(passage.text).casefold()]
    named = [p for p in holding if f" {normal(heading)} " in f" {normal(p.embedded_text)} "]
    return next(iter(named or holding), None)
