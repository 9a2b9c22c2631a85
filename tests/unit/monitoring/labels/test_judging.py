"""The step of a check that draws live questions and has them judged."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest
from doubles.live_questions import NOON, asked, document

from monitoring.adapters.sql import SqlSamples
from monitoring.domain import Judgement, Sampled, Shown
from monitoring.labels.judging import FAILURES, Judged, Sources, right_passage, sample_and_judge, show
from monitoring.settings import DriftSettings
from rag.adapters.sql.stores import Stores
from rag.domain import Feedback, Passage, new_id

SETTINGS = DriftSettings(_env_file=None)


@dataclass
class Told:
    """A judge that says what it is told to, and notes what it saw."""

    says: Callable[[Shown], float | None] = lambda _shown: 0.5
    seen: list[str] = field(default_factory=list)
    known: list[Sampled] = field(default_factory=list)
    name: str = "told"

    def learn(self, known: Sequence[Sampled]) -> None:
        """Note them."""
        self.known = list(known)

    def judge(self, shown: Sequence[Shown]) -> list[Judgement]:
        """Say it."""
        self.seen += [each.asked.id for each in shown]
        return [Judgement(probability=self.says(each), tokens=10, signs=(1.0,)) for each in shown]


@pytest.fixture
def passages(stores: Stores) -> list[Passage]:
    """Three documents of one passage, and one of another tenant."""
    made = [document(f"{name}.md", f"Lunch at {name}.") for name in ("noon", "one", "two")]
    made.append(document("theirs.md", "Dinner.", tenant="other"))
    for each, passage in made:
        stores.documents.put(each, [passage], chunking="c")
    return [passage for _, passage in made]


@pytest.fixture
def sources(stores: Stores) -> Sources:
    """The real stores."""
    return Sources(
        samples=SqlSamples(stores.engine),
        interactions=stores.interactions,
        feedback=stores.feedback,
        documents=stores.documents,
    )


def ask(stores: Stores, passages: Sequence[Passage], *names: str) -> list[str]:
    """Log questions answered from the first three passages; return their ids."""
    stores.interactions.add_all(
        [asked(name, passages[:3], asked_at=NOON + timedelta(seconds=at)) for at, name in enumerate(names)]
    )
    return list(names)


def check(new: Sequence[str], sources: Sources, judge: Told | None, **values: object) -> Judged:
    """Make the step of a check at noon, of little traffic."""
    given = {
        "tenant": "default",
        "per_day": 1.0,
        "k": 5,
        "settings": SETTINGS,
        "at": NOON + timedelta(hours=1),
        "progress": lambda _done, _total, _what: None,
    }
    return sample_and_judge(new, sources, judge, **{**given, **values})  # type: ignore[arg-type]


def kept(sources: Sources) -> list[Sampled]:
    """Return all that were drawn."""
    return sources.samples.since(tenant="default", since=NOON)


def test_new_questions_are_drawn_and_judged(
    stores: Stores, passages: list[Passage], sources: Sources
) -> None:
    """In the order in which they were asked, with what the judge said of each and what that cost."""
    names = ask(stores, passages, "a", "b", "c")
    judge = Told(says=lambda shown: {"a": 0.1, "b": 0.2, "c": 0.3}[shown.asked.id])
    done = check(names, sources, judge)

    assert done == Judged(drawn=3, judged=3, failed=0, tokens=30)
    assert [(each.judged, each.judge, each.signs) for each in kept(sources)] == [
        (0.1, "told", (1.0,)),
        (0.2, "told", (1.0,)),
        (0.3, "told", (1.0,)),
    ]
    assert judge.seen == ["a", "b", "c"]


def test_a_check_that_is_repeated_draws_and_judges_nothing_twice(
    stores: Stores, passages: list[Passage], sources: Sources
) -> None:
    """Whatever happened to the one before."""
    names = ask(stores, passages, "a", "b")
    check(names, sources, Told())
    before, judge = kept(sources), Told()

    assert check(names, sources, judge, at=NOON + timedelta(hours=2)) == Judged()
    assert kept(sources) == before
    assert judge.seen == []


def test_a_check_that_was_stopped_goes_on_where_it_was(
    stores: Stores, passages: list[Passage], sources: Sources, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was judged until then stays judged."""
    monkeypatch.setattr("monitoring.labels.judging.AT_ONCE", 2)
    names = ask(stores, passages, *"abcde")

    def stop(done: int, _total: int, _what: str) -> None:
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        check(names, sources, Told(), progress=stop)
    assert [each.judged is None for each in kept(sources)] == [False, False, True, True, True]

    judge = Told()
    assert check([], sources, judge).judged == 3
    assert judge.seen == ["c", "d", "e"]


def test_what_failed_is_tried_at_the_next_check(
    stores: Stores, passages: list[Passage], sources: Sources
) -> None:
    """It stays without a judgement, and costs what it cost."""
    names = ask(stores, passages, "a", "b", "c")
    done = check(names, sources, Told(says=lambda shown: None if shown.asked.id == "b" else 0.5))

    assert (done.judged, done.failed, done.tokens) == (2, 1, 30)
    judge = Told()
    check([], sources, judge)
    assert judge.seen == ["b"]


def test_a_judge_that_is_out_of_order_is_left_alone(
    stores: Stores, passages: list[Passage], sources: Sources, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not every question costs a timeout."""
    monkeypatch.setattr("monitoring.labels.judging.AT_ONCE", 1)
    judge = Told(says=lambda _shown: None)
    done = check(ask(stores, passages, *"abcdefgh"), sources, judge)

    assert (done.judged, done.failed) == (0, FAILURES)
    assert len(judge.seen) == FAILURES


def test_no_more_are_judged_than_wanted_a_day(
    stores: Stores, passages: list[Passage], sources: Sources
) -> None:
    """The rest at the next check, the oldest first; what waited too long is given up."""
    names = ask(stores, passages, *"abcde")
    two = SETTINGS.model_copy(update={"judged_a_day": 2})
    judge = Told()
    check(names, sources, judge, settings=two)
    check([], sources, judge, settings=two)
    assert judge.seen == ["a", "b", "c", "d"]
    check([], sources, judge, at=NOON + timedelta(days=8))
    assert judge.seen == ["a", "b", "c", "d"]


def test_without_a_judge_questions_are_drawn_nevertheless(
    stores: Stores, passages: list[Passage], sources: Sources
) -> None:
    """The labels stand alone then."""
    assert check(ask(stores, passages, "a"), sources, None) == Judged(drawn=1)
    assert kept(sources)[0].judged is None


def test_questions_of_others_and_unknown_ones_are_left_out(
    stores: Stores, passages: list[Passage], sources: Sources
) -> None:
    """An interaction that was erased in between, or is another tenant's."""
    stores.interactions.add_all([asked("x", passages, tenant="other")])

    assert check(["x", "nothing"], sources, Told()) == Judged()


def test_a_judge_sees_the_hits_that_count_and_are_there(
    stores: Stores, passages: list[Passage], sources: Sources
) -> None:
    """Best first, as many as count; none of another tenant, whatever the log says."""
    stores.interactions.add_all([asked("a", [passages[1], passages[3], passages[0], passages[2]])])
    check(["a"], sources, None, k=3)
    (one,) = show(kept(sources), sources, tenant="default")

    assert [each.uri for each in one.passages] == ["one.md", "noon.md"]


def test_a_judge_learns_from_labels_and_from_feedback(
    stores: Stores, passages: list[Passage], sources: Sources
) -> None:
    """Of questions drawn before those that it judges now; a passage that was not found counts as a miss."""
    check(ask(stores, passages, *"abcd"), sources, Told())
    first = {each.interaction_id: each for each in kept(sources)}
    sources.samples.label(replace(first["a"], found=0.0, labelled_by="bo", labelled_at=NOON))
    for name, right in (("a", passages[0]), ("b", passages[2]), ("c", passages[3])):
        stores.feedback.add(
            Feedback(
                id=new_id(),
                interaction_id=name,
                tenant="default",
                principal="bo",
                given_at=NOON,
                corrected_passage=right.id,
            )
        )
    stores.interactions.add_all([asked("e", passages[:3])])
    judge = Told()
    check(["e"], sources, judge, at=NOON + timedelta(days=1))

    assert {each.interaction_id: each.found for each in judge.known} == {"a": 0.0, "b": 1.0, "c": 0.0}
    # The estimate rests on labels alone.
    assert [each.found for each in kept(sources) if each.interaction_id in "bc"] == [None, None]


def test_the_passage_that_people_say_is_right() -> None:
    """The newest correction, else what was opened, unless the answer was rated bad."""

    def given(minute: int, **values: object) -> Feedback:
        return Feedback(
            id=new_id(),
            interaction_id="a",
            tenant="default",
            principal="bo",
            given_at=NOON + timedelta(minutes=minute),
            **values,  # type: ignore[arg-type]
        )

    opened, corrected = given(1, clicked_passage="p"), given(2, corrected_passage="q")
    assert right_passage([opened]) == "p"
    assert right_passage([corrected, opened, given(3, clicked_passage="r")]) == "q"
    assert right_passage([opened, given(0, rating=-1)]) is None
    assert right_passage([given(0, rating=-1), corrected]) == "q"
    assert right_passage([]) is None
