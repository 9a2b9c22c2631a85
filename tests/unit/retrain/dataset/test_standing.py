"""Whose word counts against the retriever."""

from datetime import UTC, datetime, timedelta

from retrain.dataset.standing import Claim, Rules, doubtful

_NOW = datetime(2026, 6, 1, tzinfo=UTC)
_OLD = {name: _NOW - timedelta(days=60) for name in "abcdefghij"}
_RULES = Rules(people=2, age=timedelta(days=7))


def _claim(question: str, passage: str, *people: str, wording: str = "") -> Claim:
    return Claim(
        wording=wording or question,
        question=question,
        passage_id=passage,
        said=dict.fromkeys(people, _NOW),
    )


def test_what_the_retriever_half_agrees_with_needs_nobody_else() -> None:
    """A passage among those found is plausible, whoever says so."""
    claim = _claim("q", "p", "stranger")
    assert doubtful([claim], {"q": ["other", "p"]}, {}, _RULES) == []


def test_a_contradiction_needs_two_who_are_not_new() -> None:
    """One person is too few, and so is a new one beside an old one; two old ones who agree on it are enough."""
    alone, new, both = _claim("q1", "p", "a"), _claim("q2", "p", "b", "stranger"), _claim("q3", "p", "c", "d")
    assert doubtful([alone, new, both], {}, _OLD, _RULES) == [alone, new]


def test_ten_in_step_are_one_voice() -> None:
    """Keys that push a passage for several questions together count once, old as they may be."""
    claims = [_claim(f"q{n}", "p", *"abcdefghij") for n in range(5)]
    assert doubtful(claims, {}, _OLD, _RULES) == claims


def test_in_step_through_others_is_in_step() -> None:
    """Taking turns, so that no two make all the same claims, does not help."""
    claims = [
        _claim(f"q{n}", "p", *(name for place, name in enumerate("abcdef") if (place + n) % 3))
        for n in range(6)
    ]
    assert doubtful(claims, {}, _OLD, _RULES) == claims


def test_an_honest_correction_survives_an_attack_beside_it() -> None:
    """Two others who correct one question count as two, whatever the ten do."""
    attack = [_claim(f"q{n}", "p", *"abcdefgh") for n in range(5)]
    honest = _claim("honest", "right", "i", "j")
    assert doubtful([*attack, honest], {}, _OLD, _RULES) == attack


def test_people_who_word_it_differently_confirm_each_other() -> None:
    """What counts is the question, not its spelling; but each wording has to be found by itself."""
    one = _claim("q", "p", "a", wording="how do i renew it")
    other = _claim("q", "p", "b", wording="how do i renew it please")
    assert doubtful([one, other], {}, _OLD, _RULES) == []
    alone = [_claim("q", "p", "a", wording=wording) for wording in ("w1", "w2")]
    assert doubtful(alone, {"w2": ["p"]}, _OLD, _RULES) == alone[:1]
