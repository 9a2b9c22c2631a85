"""What a question may be: text, of a bounded length, with an answer of bounded length."""

from dataclasses import dataclass

from rag.errors import InvalidInput, QuestionTooLong

_AUXILIARY_CHARS = 8
"""A front end's own prompt quotes a conversation: it may be this many times as long as a question."""

_AUXILIARY_TOKENS = 400
"""Longest answer to one, in tokens."""


@dataclass(frozen=True, kw_only=True, slots=True)
class QuestionLimits:
    """How long questions and answers may be."""

    question_chars: int
    answer_tokens: int | None  # None: the language model's own limit alone

    def checked(self, question: str, *, auxiliary: bool = False) -> str:
        """Return the question without blanks around it; a front end's own prompt may be eight times as long.

        Raises:
            QuestionTooLong: it is longer than the service accepts.
            InvalidInput: it is blank or no proper text.
        """
        longest = self.question_chars * (_AUXILIARY_CHARS if auxiliary else 1)
        if len(question) > longest:
            raise QuestionTooLong(
                f"The question has {len(question)} characters; at most {longest} are "
                "accepted. Shorten it, or raise WHETSTONE_MAX_QUESTION_CHARS."
            )
        question = question.strip()
        if not question:
            raise InvalidInput("The question is blank; write one.")
        # NUL and lone surrogates are valid JSON, but no database stores them as text.
        if not is_text(question):
            raise InvalidInput("The question holds characters that are not text; send proper Unicode.")
        return question

    def tokens(self, wished: int | None, *, auxiliary: bool = False) -> int | None:
        """Return the most tokens of an answer whose asker wished for so many; None: nobody sets a limit."""
        limits = (wished, self.answer_tokens, _AUXILIARY_TOKENS if auxiliary else None)
        return min((limit for limit in limits if limit is not None), default=None)


def is_text(text: str) -> bool:
    """Tell whether it is what databases and tokenizers take for text: no NUL, no lone surrogates."""
    try:
        return b"\0" not in text.encode()
    except UnicodeEncodeError:
        return False
