"""Pairs that people confirmed."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from rag.domain import Document, Feedback, Interaction, InteractionStatus, Passage
from retrain.dataset.log import Trust, mine_log
from retrain.domain import Origin

_START = datetime(2026, 1, 1, tzinfo=UTC)


def _passage(uri: str, text: str = "Some text of a few more words here.", tenant: str = "default") -> Passage:
    return Passage.create(Document.create(uri=uri, text=text, tenant=tenant), 0, text)


def _asked(number: int, question: str = "", *, by: str = "ann", cited: tuple[str, ...] = ()) -> Interaction:
    return Interaction(
        id=f"i{number}",
        tenant="default",
        principal=by,
        asked_at=_START + timedelta(minutes=number),
        question=question or f"question number {number}",
        hits=(),
        answer="",
        cited=cited,
        release="r",
        epoch=1,
        generator="",
        status=InteractionStatus.ANSWERED,
    )


def _said(
    on: Interaction,
    *,
    by: str = "",
    rating: int | None = None,
    clicked: str | None = None,
    corrected: str | None = None,
) -> Feedback:
    return Feedback(
        id="f",
        interaction_id=on.id,
        tenant=on.tenant,
        principal=by or on.principal,
        given_at=on.asked_at,
        rating=rating,
        clicked_passage=clicked,
        corrected_passage=corrected,
    )


_PEOPLE = st.lists(st.tuples(st.sampled_from("abcdef"), st.sampled_from("abcdef")), max_size=60)


def test_what_people_confirmed_becomes_pairs() -> None:
    """A correction goes before a click, a click before the first source of a good answer."""
    one, two, three = (_passage(name) for name in "abc")
    by_id = {p.id: p for p in (one, two, three)}
    asked = [_asked(n, cited=(one.id, two.id)) for n in range(3)]
    mined = mine_log(
        asked,
        {
            "i0": [_said(asked[0], rating=-1, clicked=two.id, corrected=three.id)],
            "i1": [_said(asked[1], rating=1, clicked=two.id)],
            "i2": [_said(asked[2], rating=1)],
        },
        by_id,
        trust=Trust(principal_share=1.0),
    )
    assert [pair.passage_id for pair in mined.pairs] == [three.id, two.id, one.id]
    assert {pair.origin for pair in mined.pairs} == {Origin.LOG}
    assert {pair.principal for pair in mined.pairs} == {"ann"}


def test_a_bad_rating_gives_no_pair() -> None:
    """Whoever rates an answer bad confirms none of its passages, opened or cited, and is counted."""
    passage = _passage("a")
    asked = _asked(0, cited=(passage.id,))
    mined = mine_log(
        [asked],
        {"i0": [_said(asked, rating=1, clicked=passage.id), _said(asked, rating=-1)]},
        {passage.id: passage},
        trust=Trust(principal_share=1.0),
    )
    assert mined.pairs == ()
    assert mined.dropped == {"rated bad without saying what is right": 1}


def test_gone_and_foreign_passages_are_left_out() -> None:
    """Only passages that exist now, and belong to the asker's tenant, are positives."""
    foreign = _passage("a", tenant="other")
    asked = [_asked(0), _asked(1)]
    feedback = {"i0": [_said(asked[0], corrected="gone")], "i1": [_said(asked[1], corrected=foreign.id)]}
    mined = mine_log(asked, feedback, {foreign.id: foreign}, trust=Trust(principal_share=1.0))
    assert mined.pairs == ()
    assert mined.dropped == {"the passage is another tenant's": 1, "the passage is gone": 1}


def test_a_front_ends_own_prompts_teach_nothing() -> None:
    """What a chat front end asked on its own gives no pair, however it was judged."""
    right = _passage("a")
    asked = [replace(_asked(n), auxiliary=n == 0) for n in range(2)]

    mined = mine_log(
        asked,
        {i.id: [_said(i, corrected=right.id)] for i in asked},
        {right.id: right},
        trust=Trust(principal_share=1.0),
    )

    assert [pair.question for pair in mined.pairs] == [asked[1].question]
    assert mined.dropped["a chat front end's own prompt"] == 1


def test_a_follow_up_is_learned_as_it_was_searched_for() -> None:
    """Words that mean nothing without the turns before them are no question to train on."""
    right = _passage("a")
    asked = replace(_asked(0, "And by post?"), rewritten="Can I renew a passport by post?")

    (pair,) = mine_log(
        [asked],
        {"i0": [_said(asked, corrected=right.id)]},
        {right.id: right},
        trust=Trust(principal_share=1.0),
    ).pairs

    assert pair.question == "Can I renew a passport by post?"


def test_the_same_question_and_passage_count_once() -> None:
    """Asking again, in another spelling, adds nothing."""
    passage = _passage("a")
    asked = [_asked(0, "What is it?"), _asked(1, "what  is it")]
    feedback = {i.id: [_said(i, clicked=passage.id)] for i in asked}
    mined = mine_log(asked, feedback, {passage.id: passage}, trust=Trust(principal_share=1.0))
    assert [pair.question for pair in mined.pairs] == ["What is it?"]
    assert mined.dropped == {"the same question and passage": 1}


@given(_PEOPLE, st.floats(0.05, 1.0))
def test_nobody_gives_more_than_the_share(people: list[tuple[str, str]], share: float) -> None:
    """Whoever asks and whoever judges: nobody has more than the share of the pairs, and nothing is lost for no reason.

    With fewer people than the share needs, equal parts are the limit.
    """
    passage = _passage("a")
    asked = [_asked(n, by=asker) for n, (asker, _) in enumerate(people)]
    feedback = {
        i.id: [_said(i, by=judge, clicked=passage.id)] for i, (_, judge) in zip(asked, people, strict=True)
    }
    mined = mine_log(asked, feedback, {passage.id: passage}, trust=Trust(principal_share=share))
    judges = {i.question: judge for i, (_, judge) in zip(asked, people, strict=True)}
    for counts in (
        Counter(pair.principal for pair in mined.pairs),
        Counter(judges[pair.question] for pair in mined.pairs),
    ):
        if counts:
            limit = max(share, 1 / len(counts)) * counts.total()
            assert max(counts.values()) <= limit + 1e-6
    assert bool(mined.pairs) == bool(people)
    assert mined == mine_log(asked, feedback, {passage.id: passage}, trust=Trust(principal_share=share))


def test_the_share_is_of_what_is_kept() -> None:
    """One who asks a hundred times cannot outvote four who asked five times each."""
    passage = _passage("a")
    askers = ["loud"] * 100 + [name for name in "bcde" for _ in range(5)]
    asked = [_asked(n, by=by) for n, by in enumerate(askers)]
    feedback = {i.id: [_said(i, clicked=passage.id)] for i in asked}
    mined = mine_log(asked, feedback, {passage.id: passage}, trust=Trust(principal_share=0.25))
    assert Counter(p.principal for p in mined.pairs) == {"loud": 6, "b": 5, "c": 5, "d": 5, "e": 5}
