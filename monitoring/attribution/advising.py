"""Cause -> what would help, and the sentence that says what to do."""

from collections.abc import Sequence

from monitoring.domain import Cause, Remedy, Topic

REMEDIES = {
    Cause.DOCUMENTS_MISSING: Remedy.WRITE_DOCUMENTS,
    Cause.NOT_FOUND: Remedy.RETRAIN,
    Cause.ASKED_OTHERWISE: Remedy.RETRAIN,
    Cause.DOCUMENTS_CHANGED: Remedy.READ_AGAIN,
    Cause.INDEX_BROKEN: Remedy.REBUILD_INDEX,
    Cause.ENCODER_BROKEN: Remedy.REPLACE_ENCODER,
    Cause.RELEASE_WORSE: Remedy.ROLL_BACK,
    Cause.OLD_TOPIC: Remedy.WAIT,
    Cause.UNKNOWN: Remedy.LOOK,
}
"""What helps against each cause, where nothing else is said: a language is helped by another encoder."""

_ACTIONS = {
    Remedy.REBUILD_INDEX: "Rebuild the live release's index from the documents; it holds nothing that they do not.",
    Remedy.REPLACE_ENCODER: "Restart the service. If that does not help, load the encoder's files anew or go back "
    "to another release.",
    Remedy.ROLL_BACK: "Go back to the release before, and see which golden questions were lost before promoting again.",
    Remedy.READ_AGAIN: "See what happened to these documents. Read them again from their source; where it was meant, "
    "give the golden questions other documents.",
    Remedy.WAIT: "Wait: it was asked before and was answered. Reset the reference if it stays.",
    Remedy.LOOK: "Read the examples and say whether this is as it should be; nothing was started.",
}
_TOPICS = 3  # that a sentence names


def action_for(
    remedy: Remedy, topics: Sequence[Topic] = (), *, languages: Sequence[str] = (), doubtful: bool = False
) -> str:
    """Return what to do, a sentence or two, for these topics or languages.

    `doubtful`: documents may be missing as well as not be found, so that a person has to look first.
    """
    named = named_topics(topics)
    match remedy:
        case Remedy.WRITE_DOCUMENTS:
            about = f" about {named}" if named else " about what is asked there"
            return f"Write or import documents{about}. Retraining does not help: there is nothing to find."
        case Remedy.RETRAIN:
            about = f" on {named}" if named else ""
            return f"Retrain the encoder, with pairs mined from such questions{about} and passages that answer them."
        case Remedy.REPLACE_ENCODER if languages:
            spoken = joined([language.capitalize() for language in languages])
            return f"Take an encoder that knows {spoken}; documents in that language do not help this one."
        case Remedy.LOOK if doubtful:
            about = f"about {named}" if named else "that answer these questions"
            return (
                f"Look whether documents {about} are there. If not, write them; if they are, retrain the encoder "
                "with such questions. Nothing was started."
            )
        case _:
            return _ACTIONS[remedy]


def named_topics(topics: Sequence[Topic]) -> str:
    """Return ``visa, extend (41); mortgage, rent (12)``: topics by their words and their number of questions."""
    named = [f"{', '.join(topic.words[:3])} ({topic.count})" for topic in topics if topic.words]
    more = len(named) - _TOPICS
    return "; ".join(named[:_TOPICS]) + (f"; and {more} more" if more > 0 else "")


def joined(names: Sequence[str]) -> str:
    """Return ``a, b and c``."""
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]])) if names else ""


def questions(count: int) -> str:
    """Return ``1 question``, ``12 questions``."""
    return f"{count:,} question{'' if count == 1 else 's'}"
