"""What people say of drawn questions."""

from dataclasses import replace
from datetime import timedelta

import pytest
from doubles.live_questions import NOON, asked, document, sampled

from monitoring.adapters.sql import SqlSamples
from monitoring.labels.judging import Sources
from monitoring.labels.labelling import Label, Labelling
from monitoring.settings import DriftSettings
from rag.adapters.sql.stores import Stores
from rag.domain import Passage
from rag.errors import Conflict, InvalidInput, NotFound

SOON = NOON + timedelta(hours=1)


@pytest.fixture
def passages(stores: Stores) -> list[Passage]:
    """Four documents of one passage, and one of another tenant."""
    made = [document(f"{name}.md", f"Lunch at {name}.") for name in ("noon", "one", "two", "three")]
    made.append(document("theirs.md", "Dinner.", tenant="other"))
    for each, passage in made:
        stores.documents.put(each, [passage], chunking="c")
    return [passage for _, passage in made]


@pytest.fixture
def labelling(stores: Stores, passages: list[Passage]) -> Labelling:
    """Two questions wait, of which three passages were found; a third was not drawn for people."""
    stores.interactions.add_all([asked(name, passages[:3]) for name in "abc"])
    samples = SqlSamples(stores.engine)
    samples.add([sampled("a", 0, queued=True), sampled("b", 1, queued=True, judged=0.9), sampled("c", 2)])
    return Labelling(
        Sources(
            samples=samples,
            interactions=stores.interactions,
            feedback=stores.feedback,
            documents=stores.documents,
        ),
        stores.audit,
        DriftSettings(_env_file=None),
    )


def say(labelling: Labelling, name: str, label: Label, **values: object) -> tuple[object, ...]:
    """Label a question as bo; return what is kept of it."""
    given = {"tenant": "default", "principal": "bo", "at": SOON, **values}
    said = labelling.label(f"s-{name}", label, **given)  # type: ignore[arg-type]
    return said.found, said.answerable, said.labelled_by, said.labelled_at


def waiting(labelling: Labelling, **values: object) -> str:
    """Return the names of the questions that wait."""
    given = {"tenant": "default", "limit": 9, "at": SOON, **values}
    return "".join(each.asked.id for each in labelling.queue(**given))  # type: ignore[arg-type]


def test_the_queue_is_taken_in_its_order(labelling: Labelling, passages: list[Passage]) -> None:
    """With the passages that were found, best first; what was labelled leaves it, and what waited too long."""
    (first,) = labelling.queue(tenant="default", limit=1, at=SOON)
    assert first.question == "When is lunch served?"
    assert list(first.passages) == passages[:3]
    assert waiting(labelling) == "ab"

    say(labelling, "a", Label())
    assert waiting(labelling) == "b"
    assert waiting(labelling, at=NOON + timedelta(days=8)) == ""
    assert waiting(labelling, tenant="other") == ""


def test_a_passage_that_answers_is_found_and_teaches(
    labelling: Labelling, stores: Stores, passages: list[Passage]
) -> None:
    """The best of those named becomes a correction by whoever labelled."""
    label = Label(found=(passages[2].id, passages[1].id))

    assert say(labelling, "a", label) == (1.0, True, "bo", SOON)
    (given,) = stores.feedback.of(["a"])["a"]
    assert (given.corrected_passage, given.principal, given.rating) == (passages[1].id, "bo", None)


def test_none_of_them(labelling: Labelling, stores: Stores) -> None:
    """It was not found; nothing is learned from it, and it is no bad rating of the answer."""
    assert say(labelling, "a", Label()) == (0.0, None, "bo", SOON)
    assert say(labelling, "b", Label(answerable=False)) == (0.0, False, "bo", SOON)
    assert stores.feedback.of(["a", "b"]) == {}


def test_the_right_passage_may_be_one_that_was_not_found(
    labelling: Labelling, stores: Stores, passages: list[Passage]
) -> None:
    """Then it was not found, and it is known what should have been."""
    assert say(labelling, "a", Label(right=passages[3].id)) == (0.0, True, "bo", SOON)
    assert stores.feedback.of(["a"])["a"][0].corrected_passage == passages[3].id


def test_a_question_can_be_skipped(labelling: Labelling, stores: Stores) -> None:
    """That is written too, so that it does not come again."""
    assert say(labelling, "a", Label(skip=True)) == (None, None, "bo", SOON)
    assert waiting(labelling) == "b"
    assert stores.feedback.of(["a"]) == {}


def test_a_label_can_be_changed(labelling: Labelling, passages: list[Passage]) -> None:
    """By whomever; when it was first given stays, because the order rests on it."""
    say(labelling, "a", Label())
    changed = say(
        labelling, "a", Label(found=(passages[0].id,)), principal="cy", at=NOON + timedelta(days=20)
    )

    assert changed == (1.0, True, "cy", SOON)


def test_who_labelled_what_is_in_the_audit_trail(
    labelling: Labelling, stores: Stores, passages: list[Passage]
) -> None:
    """With what they said."""
    say(labelling, "a", Label(found=(passages[0].id,)))
    (entry,) = stores.audit.newest()

    assert (entry.principal, entry.action, entry.subject) == ("bo", "label", "s-a")
    assert entry.detail["interaction"] == "a"
    assert entry.detail["found"] == [passages[0].id]


def test_only_questions_that_were_drawn_are_labelled(labelling: Labelling) -> None:
    """Neither those that somebody chose nor those that wait no longer nor another tenant's."""
    with pytest.raises(Conflict, match="was not drawn for people"):
        say(labelling, "c", Label())
    with pytest.raises(Conflict, match="waits no longer"):
        say(labelling, "a", Label(), at=NOON + timedelta(days=7))
    with pytest.raises(NotFound):
        say(labelling, "a", Label(), tenant="other")
    with pytest.raises(NotFound):
        say(labelling, "nothing", Label())


def test_a_label_that_contradicts_itself_is_refused(
    labelling: Labelling, stores: Stores, passages: list[Passage]
) -> None:
    """And one that names a passage that was not shown, or is not there; nothing of it is kept."""
    first = passages[0].id
    for wrong in (
        Label(skip=True, found=(first,)),
        Label(skip=True, answerable=False),
        Label(answerable=False, found=(first,)),
        Label(answerable=False, right=passages[3].id),
        Label(found=(passages[3].id,)),
        Label(found=("nothing",)),
    ):
        with pytest.raises(InvalidInput):
            say(labelling, "a", wrong)
    for missing in ("nothing", passages[4].id):
        with pytest.raises(NotFound, match="no passage"):
            say(labelling, "a", replace(Label(), right=missing))
    assert waiting(labelling) == "ab"
    assert stores.audit.newest() == []
