"""Whether what was found may be answered from: by the nearest passage's cosine, and by what is asked for as typed."""

import re
from collections.abc import Sequence

from rag.domain import Hit
from rag.ports import Encoder
from rag.questions.packing import CountTokens
from rag.text.codes import codes
from rag.text.forms import plain
from rag.text.overlap import content, shares, words
from rag.text.statements import statements

_TYPED = re.compile(r"[^\W_]+(?:[-_./:+][^\W_]+)*")
_AROUND = " \t\n?!.:"
"""What may stand around a code that is all of a question."""
_RARE = 4
"""Tokens of a word that the encoder has hardly seen: it knows common words whole."""
_LONG_NUMBER = 4  # digits
_COVERED = 0.8
"""Share of the question's content, in tokens, that one passage must hold beside its rare word."""
_NEARER = 0.2
"""How much nearer than a passage one of its sentences has to be: a short text is near to more by chance."""
_MOSTLY = 0.6
"""Share of the question's words that a sentence has which needs to be no nearer than a passage."""
_MOST_READ = 8
"""Sentences whose vectors are computed: those that share most words with the question, and some."""
_MOST_WORDS = 30  # of a question; a longer one says enough for a vector


def supported(question: str, hits: Sequence[Hit], threshold: float, *, encoder: Encoder) -> bool:
    """Tell whether the hits may answer the question.

    They may where the nearest one's cosine reaches the threshold. What is typed exactly weighs more than that, as
    vectors hardly tell E-1042 from E-1043:

    - a code that is asked for and stands in a hit is support;
    - a code that stands in none of them, where others of its sort do or a text on the matter would have it, is evidence
      against: what was found is about something else. Of several codes one is enough;
    - a word that the encoder hardly knows (a name) is support where a passage has it as typed and nearly all else that
      the question is about;
    - a sentence that is nearer by far than the threshold, or reaches it and has most words of the question, is support:
      a passage of many small matters, as a list of questions and answers, is near to none of them.
    """
    if not hits:
        return False
    near = max(hit.score for hit in hits) >= threshold
    asked = codes(question)
    if near and not asked:
        return True
    texts = [plain(hit.passage.embedded_text) for hit in hits]
    if asked:
        whole = plain(question).strip(_AROUND)
        telling = [code for code in asked if code.telling or code.typed == whole]
        if any(code.stands_in(text) for code in telling for text in texts):
            return True
        if all(code.is_missed_in(texts) for code in asked):
            return False
    return (
        near
        or _is_named(question, texts, encoder.count_tokens)
        or _is_said(question, hits, threshold, encoder)
    )


def _is_said(question: str, hits: Sequence[Hit], threshold: float, encoder: Encoder) -> bool:
    """Tell whether one of the sentences that stand beside others says what the question is about."""
    stated = [statements(hit.passage.text) for hit in hits]
    said = [each.seen for beside in stated if len(beside) > 1 for each in beside]
    if not said or threshold > 1:
        return False
    about = content(question)
    bags = [words(each) for each in said]
    shared = shares(about, bags)
    read = [at for at in sorted(range(len(said)), key=lambda at: -shared[at])[:_MOST_READ] if shared[at]]
    if not read:
        return False
    asked = encoder.encode_queries([question])[0]  # (dimension,)
    near = encoder.encode_passages([said[at] for at in read]) @ asked  # (n,)
    return any(
        cosine >= threshold + _NEARER * (sum(word in bags[at] for word in about) < _MOSTLY * len(about))
        for at, cosine in zip(read, near.tolist(), strict=True)
    )


def _is_named(question: str, texts: Sequence[str], count_tokens: CountTokens) -> bool:
    """Tell whether a text has a rare word of the question as typed, and nearly all of what else it is about."""
    typed = [each.casefold() for each in _TYPED.findall(plain(question))[:_MOST_WORDS]]
    about = sorted(content(question))[:_MOST_WORDS]
    costs = count_tokens([*typed, *about])
    rare = [
        each
        for each, cost in zip(typed, costs, strict=False)
        if cost >= _RARE or (each.isdecimal() and len(each) >= _LONG_NUMBER)
    ]
    if not rare:
        return False
    weight = dict(zip(about, costs[len(typed) :], strict=True))
    for text in texts:
        low = text.casefold()
        if not any(re.search(rf"(?<![^\W_]){re.escape(each)}(?![^\W_])", low) for each in rare):
            continue
        there = words(text)
        if sum(cost for word, cost in weight.items() if word in there) >= _COVERED * sum(weight.values()):
            return True
    return False
