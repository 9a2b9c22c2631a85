"""What a scripted language model says, and how."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Vice(StrEnum):
    """A habit of real language models: not what was asked for, or in another form."""

    # What was asked for is in the reply.
    PREAMBLE = "preamble"
    CLOSING = "closing words"
    NUMBERED = "numbered list"
    BULLETED = "bulleted list"
    THOUGHTS = "thoughts in tags"
    UNOPENED_THOUGHTS = "thoughts in tags, only the closing one written"
    REASONING = "thoughts in a field of their own"
    FENCED = "JSON in a fence"
    DOUBLED = "said twice"
    # It is not, or not all of it.
    UNCLOSED_THOUGHTS = "thoughts in tags that are never closed"
    ONLY_REASONING = "thoughts in a field of their own, and no answer"
    REFUSAL = "refusal"
    OTHER_LANGUAGE = "another language"
    PROMPT = "the prompt repeated"
    EMPTY = "nothing"
    CUT = "cut off"
    # Of an answer: how it cites.
    MARKS_LISTED = "cites as [1, 2]"
    MARKS_ROUND = "cites as (1)"
    MARKS_FOOTNOTES = "cites as [^1]"
    MARKS_LENTICULAR = "cites as 【1】"
    MARKS_RANGE = "cites as [1-3]"
    MARKS_WORDED = "cites as [Passage 2]"
    MARKS_UNKNOWN = "cites a passage that is not there"
    MARKS_MISSING = "cites nothing"
    # Of a question that is written about a passage.
    STATEMENTS = "statements"
    COPIED = "the passage's own sentences"
    NAMES_THE_TEXT = "questions that name the text"


@dataclass(frozen=True, kw_only=True)
class Reply:
    """One scripted answer."""

    text: str | None = ""  # None: the message has no content
    vice: Vice | None = None  # what is done to the text before it is said
    in_form: bool | None = None  # a vice in the JSON asked for, or beside it; None: by chance
    status: int = 200  # anything else is answered with an error in OpenAI's shape
    delay_s: float = 0.0  # before the first byte
    first_s: float = 0.0  # between a stream's head and its first piece
    pause_s: float = 0.0  # between two pieces of a stream
    break_after: int | None = None  # pieces after which the connection is cut
    piece: int | None = None  # characters of a stream's piece; None: a word
    raw: bytes | None = None  # sent as the body of a stream instead of all that
    whole: dict[str, Any] | None = None  # sent as the body instead of a completion
    headers: dict[str, str] = field(default_factory=dict)  # of an error
    finish: str = "stop"  # why the answer ended
    thoughts: int = 0  # chunks of reasoning before the first piece, with a pause after each
    reasoning: str = ""  # said in `reasoning_content`
    refusal: str = ""  # said in `refusal`
