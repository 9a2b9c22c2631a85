"""The log, split into what was asked before and what is asked now."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from monitoring.domain import Window
from rag.domain import Interaction
from rag.errors import InvalidInput

REPEAT = timedelta(hours=1)
"""A question asked again by the same principal within this time is a retry, not another question."""

OLD_CHORE = "### Task:"
"""How a chat front end's own prompts begin in rows from before these were marked as auxiliary when logged."""


def questions_of(interactions: Sequence[Interaction]) -> list[Interaction]:
    """Return the interactions that stand for a question somebody had, oldest first.

    How a question ended does not matter: answered, abstained, retrieved, failed or cancelled, somebody asked
    it. Leaving out those that failed would hide exactly the topics the service cannot cope with. Blank texts
    and a chat client's own chores are left out.

    Of a question that one principal repeats within an hour (case and blanks aside) the first is kept. A page
    reloaded fifty times is one question, and fifty copies would break the independence that the tests rely
    on. The same question on another day, or from somebody else, counts again: how often it is asked is part
    of what people ask. The rule compares neighbours in time only, so it thins both windows alike.
    """
    kept: list[Interaction] = []
    last: dict[tuple[str, str, str], datetime] = {}
    for interaction in sorted(interactions, key=lambda i: (i.asked_at, i.id)):
        text = " ".join((interaction.rewritten or interaction.question).casefold().split())
        key = (interaction.tenant, interaction.principal, text)
        before = last.get(key)
        if (
            not text
            or interaction.auxiliary
            or text.startswith(OLD_CHORE.casefold())
            or (before is not None and interaction.asked_at - before < REPEAT)
        ):
            continue
        last[key] = interaction.asked_at
        kept.append(interaction)
    return kept


def split_windows(
    interactions: Sequence[Interaction], *, current: int, reference: int
) -> tuple[Window, Window]:
    """Return (reference, current): the newest `current` questions, and up to `reference` right before them.

    What counts as a question is said at `questions_of`. Either window may come out shorter, or empty.

    Raises:
        InvalidInput: a size is below one.
    """
    if current < 1 or reference < 1:
        raise InvalidInput(f"A window holds one question or more; asked for {reference} against {current}.")
    questions = questions_of(interactions)
    return _window("reference", questions[:-current][-reference:]), _window("current", questions[-current:])


def _window(name: str, questions: Sequence[Interaction]) -> Window:
    return Window(
        name=name,
        since=questions[0].asked_at if questions else None,
        # Half-open, so one tick beyond the newest.
        until=questions[-1].asked_at + timedelta(microseconds=1) if questions else None,
        interactions=tuple(questions),
    )
