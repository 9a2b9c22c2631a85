"""What is wrong with what a language model writes, and what of it can be put right."""

from enum import StrEnum


class Fault(StrEnum):
    """Why something written was left out; what is said after "5 of 300 were dropped: 5"."""

    REFUSED = "refused"
    EMPTY = "empty"
    THINKING = "cut off while thinking"
    CUT = "cut off"
    PROMPT = "repeated the prompt"
    UNREADABLE = "without a question"
    TWICE = "said twice"
    SAME = "the question itself"
    TOO_LONG = "too long"
    TOO_SHORT = "too short"
    LANGUAGE = "in another language"
    COPIED = "repeated the passage"
    NAMES_TEXT = "named the text"
    STATEMENT = "no questions"


class Repair(StrEnum):
    """What was taken away to get at the questions."""

    THOUGHTS = "thoughts"
    FENCE = "fences"
    WORDS_AROUND = "words around them"
    MARKERS = "list markers"
    PROMPT = "the repeated prompt"
    DOUBLED = "doubled questions"
