"""What happens on a question's way, as its asker sees it, and what the asker may wish for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from rag.domain import Citation, Hit, Interaction, Message, ModelOptions, Support, Unsupported
from rag.ports import Where
from rag.questions.writing.citing import Mention


@dataclass(frozen=True, kw_only=True, slots=True)
class Started:
    """The question was accepted and its passages found."""

    interaction_id: str
    release: str  # digest
    epoch: int
    encoder: str  # digest
    hits: tuple[Hit, ...]
    rewritten: str = ""  # what was searched for, where that is not the question
    timings: Mapping[str, float] = field(default_factory=dict)  # milliseconds of each part that has ended


@dataclass(frozen=True, kw_only=True, slots=True)
class Delta:
    """The next piece of the answer."""

    text: str
    refused: bool = False  # it says that there is no answer, where that was to be JSON


@dataclass(frozen=True, kw_only=True, slots=True)
class Written:
    """What is told of an answer that a language model wrote."""

    unsupported: tuple[Unsupported, ...] = ()  # sentences that the passages cited do not bear out
    asked_again: bool = False  # the model, as its first answer cited nothing
    as_json: bool = False  # the answer is a JSON object; an abstention is none


@dataclass(frozen=True, kw_only=True, slots=True)
class Finished:
    """The answer is complete, and in the log."""

    interaction: Interaction
    hits: tuple[Hit, ...]
    citations: tuple[Citation, ...]  # one for each number
    mentions: tuple[Mention, ...]  # one for each number in each mark
    encoder: str  # digest
    support: Support | None = None  # that the hits answer; None: it was not judged
    threshold: float = 0.0  # the release's: support below it is none
    cut: bool = False  # the answer ended at the limit on tokens
    written: Written = field(default_factory=Written)
    timings: Mapping[str, float] = field(default_factory=dict)  # milliseconds of each part


Event = Started | Delta | Finished
"""One `Started`, any number of `Delta`, one `Finished`."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Wishes:
    """How a question is to be answered, as far as its asker may say."""

    history: Sequence[Message] = ()  # earlier turns of user and assistant, oldest first
    instructions: Sequence[str] = ()  # the asker's system messages: wishes about the answer's form
    where: Where | None = None  # confines the passages by their documents' metadata
    limit: int | None = None  # most passages; None: as the release says
    max_tokens: int | None = None
    temperature: float | None = None
    stop: tuple[str, ...] = ()  # what the answer ends before
    options: ModelOptions = field(default_factory=ModelOptions)  # what the language model is told besides
    patient: bool = False  # the answer is wanted whole: nothing of it is waited for
