"""Questions that a passage's own words make, with no language model: its first sentence, spans of it, its key phrases.

They are not what people ask, but they name what a passage is about, and there is one for every passage. A span is cut
out of the passage it is asked of most of the time, so that an encoder learns what belongs together rather than to
match strings: the inverse cloze task (Lee, Chang, Toutanova 2019, "Latent Retrieval for Weakly Supervised Open Domain
Question Answering"). Key phrases are runs of topic words, as RAKE has them (Rose et al. 2010), weighed by
how rare their words are in the corpus instead of by how they neighbour each other within one text.
"""

import math
import random
import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence

from rag.domain import Passage
from rag.text.sentences import sentences
from rag.text.wording import words
from retrain.dataset.pairs import MinedPairs, counted, make_pair, order, take
from retrain.dataset.wording import STOP_WORDS, one_line
from retrain.domain import Excerpt, Origin, TrainingPair

KEPT_SHARE = 0.1
"""How often a span stays in its passage: what people ask does stand word for word in a passage now and then."""
FEWEST_SPAN_WORDS, MOST_SPAN_WORDS = 4, 24
LONGEST_PHRASE = 5
"""Words; a longer run of topic words is taken for a list."""
PHRASES = 3
"""Key phrases in one question."""

_BREAK = re.compile(r"[.,;:!?()\[\]{}\"“”|/•*\n\r\t]+|\s[-–—]+\s")


def mine_excerpts(
    passages: Sequence[Passage],
    *,
    limit: int,
    kinds: Collection[Excerpt],
    spans: int,
    seed: int,
    first: Collection[str] = (),
) -> MinedPairs:
    """Return for each passage its first sentence, its key phrases, and up to `spans` other sentences, as questions.

    How rare a word is, is counted over all passages; questions are made of `limit` of them at most, those of documents
    in `first` and then by a hash of the seed, and only those `kinds`.
    """
    rarity = _rarity(passages)
    chosen = sorted(
        passages, key=lambda passage: (passage.document_id not in first, order(str(seed), passage.id))
    )[:limit]
    dropped: Counter[str] = Counter()
    found: dict[tuple[str, str], TrainingPair] = {}
    for passage in chosen:
        for kind, question, cut in _questions(passage, rarity, spans=spans, seed=seed):
            if kind in kinds and (
                pair := make_pair(question, passage, Origin.DOCUMENT, dropped, kind=kind.value, cut=cut)
            ):
                take(pair, found, dropped)
    return MinedPairs(pairs=tuple(found.values()), dropped=counted(dropped))


def _questions(
    passage: Passage, rarity: Mapping[str, float], *, spans: int, seed: int
) -> Iterator[tuple[Excerpt, str, bool]]:
    """Yield kind, question, and whether it is to be cut out of the passage."""
    chance = random.Random(order(str(seed), passage.id))
    if phrases := key_phrases(passage.embedded_text, rarity):
        # Words that are spread over the passage cannot be cut out of it without leaving nothing to learn from.
        yield Excerpt.KEY_PHRASES, " ".join(phrases[:PHRASES]), False
    found = [
        sentence
        for sentence in sentences(passage.text)
        if len(words(sentence)) >= FEWEST_SPAN_WORDS
        and any(word not in STOP_WORDS for word in words(sentence))
    ]
    if len(found) < 2:
        return
    first, rest = found[0], found[1:]
    taken = chance.sample(rest, min(spans, len(rest)))
    for kind, sentence in [
        (Excerpt.FIRST_SENTENCE, first),
        *((Excerpt.SPAN, sentence) for sentence in taken),
    ]:
        yield kind, _shortened(sentence, chance), chance.random() >= KEPT_SHARE


def _shortened(sentence: str, chance: random.Random) -> str:
    """Return a sentence, or a run of its words where it is longer than a question would be."""
    parts = one_line(sentence).split(" ")
    start = chance.randrange(max(1, len(parts) - MOST_SPAN_WORDS + 1))
    return " ".join(parts[start : start + MOST_SPAN_WORDS])


def key_phrases(text: str, rarity: Mapping[str, float]) -> list[str]:
    """Return the phrases that tell a text from others, the most telling first, none within another.

    A phrase is a run of topic words between stop words and punctuation. Its weight is the sum of its words' rarity,
    times one and the logarithm of how often it stands in the text.
    """
    seen: Counter[tuple[str, ...]] = Counter()
    for part in _BREAK.split(text):
        run: list[str] = []
        for word in [*words(part), ""]:
            if word and word not in STOP_WORDS:
                run.append(word)
            elif run:
                if len(run) <= LONGEST_PHRASE:
                    seen[tuple(run)] += 1
                run = []
    weight = {
        phrase: sum(rarity.get(word, 0.0) for word in set(phrase)) * (1 + math.log(count))
        for phrase, count in seen.items()
    }
    chosen: list[tuple[str, ...]] = []
    for phrase in sorted(weight, key=lambda phrase: (-weight[phrase], phrase)):
        if not any(set(phrase) <= set(other) for other in chosen):
            chosen.append(phrase)
    return [" ".join(phrase) for phrase in chosen]


def _rarity(passages: Sequence[Passage]) -> dict[str, float]:
    """Return word -> inverse document frequency, ln(passages / passages with the word); 0 for a word of them all."""
    frequency: Counter[str] = Counter()
    for passage in passages:
        frequency.update(set(words(passage.embedded_text)))
    return {word: math.log(len(passages) / count) for word, count in frequency.items()}
