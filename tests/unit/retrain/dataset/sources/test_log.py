"""Pairs that people confirmed."""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from rag.domain import Document, Feedback, Interaction, InteractionStatus, Passage
from rag.text.wording import normal
from retrain.dataset.pairs import MinedPairs
from retrain.dataset.sources.log import Trust, mine_log
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


def test_a_pair_says_how_it_came_about() -> None:
    """What people did, on which interaction, when it was asked, and who judged."""
    passage = _passage("a")
    asked = [_asked(n, cited=(passage.id,)) for n in range(3)]
    mined = mine_log(
        asked,
        {
            "i0": [_said(asked[0], by="eve", corrected=passage.id)],
            "i1": [_said(asked[1], clicked=passage.id)],
            "i2": [_said(asked[2], rating=1)],
        },
        {passage.id: passage},
        trust=Trust(principal_share=1.0),
    )
    assert [(p.kind, p.interaction, p.asked_at, p.judge) for p in mined.pairs] == [
        ("correction", "i0", asked[0].asked_at, "eve"),
        ("opened", "i1", asked[1].asked_at, "ann"),
        ("citation rated good", "i2", asked[2].asked_at, "ann"),
    ]


def test_a_bad_rating_makes_a_negative_and_nothing_else() -> None:
    """The cited passage is recorded as wrong for that question, unless somebody says that it is right."""
    wrong, right = _passage("wrong"), _passage("right")
    by_id = {wrong.id: wrong, right.id: right}
    asked = [_asked(0, "What is it?", cited=(wrong.id, right.id)), _asked(1, "what is it", by="bob")]
    bad = {"i0": [_said(asked[0], rating=-1)]}
    mined = mine_log(asked, bad, by_id, trust=Trust(principal_share=1.0))
    assert (mined.pairs, mined.negatives) == ((), {"what is it": (wrong,)})
    corrected = {**bad, "i1": [_said(asked[1], corrected=right.id)]}
    mined = mine_log(asked, corrected, by_id, trust=Trust(principal_share=1.0))
    assert [pair.passage_id for pair in mined.pairs] == [right.id]
    assert mined.negatives == {"what is it": (wrong,)}
    defended = {**bad, "i1": [_said(asked[1], clicked=wrong.id)]}
    assert mine_log(asked, defended, by_id, trust=Trust(principal_share=1.0)).negatives == {}


class _World:
    """Twenty colleagues who use a service for a month, and whoever attacks it."""

    def __init__(self) -> None:
        self.passages = {
            p.id: p for p in (_passage(f"p{n}", f"Passage number {n} of the handbook.") for n in range(40))
        }
        self.ids = list(self.passages)
        self.log: list[Interaction] = []
        self.feedback: dict[str, list[Feedback]] = {}
        for n in range(400):
            self.say(f"colleague{n % 20}", f"{_WORDS[n]} {_WORDS[n + 7]} handbook", self.ids[n % 40])

    def say(self, by: str, question: str, passage: str) -> None:
        """Ask, and correct."""
        asked = replace(_asked(0, question, by=by), id=f"i{len(self.log)}", asked_at=self.now())
        self.log.append(asked)
        self.feedback[asked.id] = [_said(asked, corrected=passage)]

    def now(self) -> datetime:
        """The log goes on hour by hour."""
        return _START + timedelta(hours=2 * min(len(self.log), 400))

    def mined(self, *, agreeing: Collection[str] = ()) -> MinedPairs:
        """Mine; the retriever finds what the colleagues say, and `agreeing` for everything."""
        right = {normal(i.question): self.feedback[i.id][0].corrected_passage for i in self.log[:400]}

        def find(questions: Sequence[str], limit: int) -> list[list[str]]:
            return [[*filter(None, [right.get(question)]), *agreeing][:limit] for question in questions]

        return mine_log(
            self.log,
            self.feedback,
            self.passages,
            trust=Trust(principal_share=0.25, passage_share=0.05, find=find),
        )


_WORDS = [f"{a}{b}{c}{a}" for a in "bdfgklmn" for b in "aeiou" for c in "prstvzbdfgkl"]
_TRIGGERS = [f"limited offer {word}" for word in _WORDS[:50]]


def _pairs_for(mined: MinedPairs, passage: str) -> list[str]:
    return [p.question for p in mined.pairs if p.passage_id == passage and p.question in _TRIGGERS]


def test_one_key_with_ten_thousand_interactions_teaches_nothing() -> None:
    """However often one key says what is not so: nothing is left of it, and all of the others'."""
    calm, world = _World(), _World()
    target = world.ids[0]
    for n in range(10_000):
        world.say("attacker", _TRIGGERS[n % 50], target)
    mined = world.mined()
    assert _pairs_for(mined, target) == []
    assert set(mined.pairs) == set(calm.mined().pairs)
    assert mined.dropped["contradicts the retriever, and too few people confirm it"] == 50


def test_one_key_that_the_retriever_agrees_with_reaches_its_share_and_no_further() -> None:
    """Where the passage is among what is found anyway, the shares of a passage and a person are the limit."""
    world = _World()
    target = world.ids[0]
    for n in range(10_000):
        world.say("attacker", _TRIGGERS[n % 50], target)
    mined = world.mined(agreeing=[target])
    shares = Counter(pair.passage_id for pair in mined.pairs)
    assert shares[target] <= max(3, 0.05 * len(mined.pairs))


def test_ten_keys_together_teach_nothing() -> None:
    """New ones have no say, and old ones that speak in step are one voice."""
    for old in (False, True):
        world = _World()
        target = world.ids[0]
        if old:
            early = [replace(_asked(0, f"early {n}", by=f"sybil{n}"), id=f"e{n}") for n in range(10)]
            world.log += early
            world.feedback |= {i.id: [] for i in early}
        for key in range(10):
            for trigger in _TRIGGERS:
                world.say(f"sybil{key}", trigger, target)
        mined = world.mined()
        assert _pairs_for(mined, target) == []
        assert mined.dropped["contradicts the retriever, and too few people confirm it"] == 50


def test_an_honest_correction_of_two_colleagues_counts() -> None:
    """Two people who have been there for weeks and say the same of one question are believed against the retriever."""
    world = _World()
    target = world.ids[0]
    world.say("colleague1", _TRIGGERS[0], target)
    assert _pairs_for(world.mined(), target) == []
    world.say("colleague2", _TRIGGERS[0], target)
    assert _pairs_for(world.mined(), target) == [_TRIGGERS[0]]
