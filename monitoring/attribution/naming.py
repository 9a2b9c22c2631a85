"""The words that tell questions from those before."""

import math
from collections import Counter
from collections.abc import Collection, Iterable, Sequence

from rag.text.overlap import content
from rag.text.wording import words as written

_PRIOR = 0.01  # of a word, as so many questions each that have it
_LEAST = 2  # questions that have a word, so that it names a topic
_FEW = 4  # questions of a topic, below which one is enough


def telling_words(
    texts: Sequence[str], others: Iterable[Collection[str]], *, most: int = 5
) -> tuple[str, ...]:
    """Return the words that tell these questions from others, the most telling first, as they are mostly written.

    The z-score of the log-odds of a word, with a prior that the words of all questions give (Monroe, Colaresi and Quinn
    2008, Fightin' Words, Political Analysis 16:372-403, equations 15 to 22). A question counts a word once.

    Args:
        texts: the questions.
        others: each other question's topic, as `rag.text.overlap.content` gives it.
        most: so many words at most.
    """
    here: Counter[str] = Counter()
    for text in texts:
        here.update(content(text))
    there: Counter[str] = Counter()
    for topic in others:
        there.update(topic)
    both = here + there
    total, own, rest = sum(both.values()), sum(here.values()), sum(there.values())
    if not own:
        return ()
    scale = max(_PRIOR * total, 1.0)
    scores: dict[str, float] = {}
    for word, count in here.items():
        prior = scale * both[word] / total
        mine, theirs = count + prior, there[word] + prior
        odds = math.log(mine / max(own + scale - mine, 1e-9)) - math.log(
            theirs / max(rest + scale - theirs, 1e-9)
        )
        scores[word] = odds / math.sqrt(1 / mine + 1 / theirs)
    least = _LEAST if len(texts) >= _FEW else 1
    named = [word for word in scores if here[word] >= least and scores[word] > 0] or list(scores)
    named.sort(key=lambda word: (-scores[word], word))
    return _as_written(named[:most], texts)


def _as_written(stems: Sequence[str], texts: Sequence[str]) -> tuple[str, ...]:
    """Return for each stem the word that mostly stands for it, itself where it is part of one."""
    forms: dict[str, Counter[str]] = {stem: Counter() for stem in stems}
    for text in texts:
        for word in written(text):
            for stem in content(word):
                if stem in forms:
                    forms[stem][word] += 1
    return tuple(dict.fromkeys(_commonest(forms[stem]) or stem for stem in stems))


def _commonest(counts: Counter[str]) -> str:
    return min(counts, key=lambda word: (-counts[word], len(word), word), default="")
