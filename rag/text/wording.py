"""When two questions are the same: in the same words, whatever their case and signs."""

import re

from rag.text.forms import plain

_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")


def words(text: str) -> list[str]:
    """Return the words of a text, case folded, without punctuation."""
    return _WORD.findall(plain(text).casefold())


def normal(question: str) -> str:
    """Return the form under which questions count as the same: words alone, case folded.

    A question without a word (only signs) stays as it is, so that two such are not taken for one.
    """
    return " ".join(words(question)) or question.strip()
