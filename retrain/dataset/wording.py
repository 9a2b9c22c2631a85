"""Words of questions that carry no topic, and questions cut out of texts."""

import re

from rag.text.stop_words import stop_words
from rag.text.wording import words

# Retrieval's list, but for a few words: training data is reproducible, so the differences stay.
_BESIDES = {"get", "more", "most", "much", "only", "other", "over", "tell", "under", "until", "up"}
_TOPICAL = {"all", "also", "done", "hers", "him", "itself", "nor", "ours", "shall", "theirs", "very", "yours"}
# Before an apostrophe, which is a letter of the word here.
_CUT = "aren couldn didn doesn don hadn hasn haven isn shouldn wasn weren wouldn"
STOP_WORDS = (stop_words("english") | _BESIDES) - _TOPICAL - set(_CUT.split())
"""English words that carry no topic."""


def content_words(text: str) -> list[str]:
    """Return the words that carry the topic."""
    return [word for word in words(text) if word not in STOP_WORDS]


def one_line(text: str) -> str:
    """Return the text on one line, single blanks between words."""
    return " ".join(text.split())


def without(text: str, question: str) -> str:
    """Return the text with the question cut out wherever it stands in it word for word.

    Case, punctuation at its ends and the width of blanks do not matter. A pair whose passage holds its
    own question teaches an encoder to match strings.
    """
    core = one_line(question).strip(" ?!.:;#*")
    if not core:
        return text
    pattern = r"(?<!\w)" + r"\s+".join(map(re.escape, core.split())) + r"(?!\w)[?!.:;]*"
    cut = re.sub(pattern, " ", text, flags=re.IGNORECASE)
    if cut == text:
        return text
    lines = (re.sub(r"[ \t]+", " ", line).strip() for line in cut.splitlines())
    # What is left of a line that was the question: heading marks, dashes.
    return "\n".join(line for line in lines if words(line))
