"""Questions from the log: what people confirmed, and what they said is wrong."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from rag.domain import Feedback, Interaction, Passage
from rag.text.wording import normal
from retrain.dataset.near_duplicates import cluster_questions
from retrain.dataset.pairs import Find, MinedPairs, counted, make_pair
from retrain.dataset.shares import capped
from retrain.dataset.standing import Claim, Rules, doubtful
from retrain.domain import Origin, TrainingPair

ALWAYS = 3
"""So many pairs a passage, and a question, may always have, however small the log."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Trust:
    """What the log's pairs have to stand up to."""

    principal_share: float  # largest share of the pairs that one asker, and one judge, may give
    passage_share: float = 1.0  # likewise of one passage, and of one question in nearly the same wordings
    find: Find | None = None  # the incumbent's retrieval; None: nothing to contradict
    agrees_within: int = 20  # ranks down to which the retriever agrees
    people: int = 2  # independent ones that a pair needs that contradicts it
    age: timedelta = timedelta(days=7)  # since when each of them has to be known


@dataclass(frozen=True, kw_only=True, slots=True)
class _Said:
    pair: TrainingPair
    judges: Mapping[str, datetime]  # who confirmed it -> when first


def mine_log(
    interactions: Sequence[Interaction],
    feedback: Mapping[str, Sequence[Feedback]],
    passages: Mapping[str, Passage],
    *,
    trust: Trust,
) -> MinedPairs:
    """Return pairs that people confirmed, and passages that they said are wrong.

    Each person's newest word on an interaction counts: the passage they said is right; else, where they did not rate
    the answer bad, the one they opened; else, where they rated it good, the first one cited. A bad rating makes no
    pair, and neither does a chat front end's own prompt. A follow-up counts as it was searched for: made to stand
    alone.

    A bad rating makes the first passage cited a negative of the question, unless somebody confirmed it. Negatives are
    nothing but that: they teach only beside a positive of the same question.

    A pair that contradicts the retriever needs several independent people (`retrain.dataset.standing`). Of what is
    left, no principal gives more than their share, neither as the one who asked nor as the one who judged, and neither
    does one passage or one question have more than its share, so that many keys together reach no further than one.

    The log may be of several tenants. `feedback` is interaction id -> its feedback, oldest first; `passages` are those
    that exist now, by id.
    """
    dropped: Counter[str] = Counter()
    said: dict[tuple[str, str], _Said] = {}
    wrong: dict[str, dict[str, Passage]] = defaultdict(dict)
    for interaction in interactions:
        by_judge: dict[str, list[Feedback]] = defaultdict(list)
        for given in feedback.get(interaction.id, ()):
            by_judge[given.principal].append(given)
        for judge, words in by_judge.items():
            if interaction.auxiliary:
                dropped["a chat front end's own prompt"] += 1
                continue
            _note_wrong(interaction, words, passages, wrong)
            if pair := _confirmed(interaction, words, passages, dropped):
                pair = replace(pair, judge=judge)
                key = (normal(pair.question), pair.passage_id)
                before = said.get(key)
                dropped["the same question and passage"] += before is not None
                when = {judge: words[-1].given_at} | dict(before.judges if before else {})
                said[key] = _Said(pair=before.pair if before else pair, judges=when)
    kept = _capped(_trusted(said, interactions, trust, dropped), trust, dropped)
    negatives = {
        question: tuple(passage for name, passage in some.items() if (question, name) not in said)
        for question, some in wrong.items()
    }
    return MinedPairs(
        pairs=tuple(each.pair for each in kept),
        dropped=counted(dropped),
        negatives={question: some for question, some in negatives.items() if some},
    )


def _confirmed(
    interaction: Interaction, said: Sequence[Feedback], passages: Mapping[str, Passage], dropped: Counter[str]
) -> TrainingPair | None:
    """Return the pair that one person confirmed, or count why there is none."""
    passage_id, kind = _named(interaction, said)
    if passage_id is None:
        dropped[kind] += 1
        return None
    passage = passages.get(passage_id)
    if passage is None:
        dropped["the passage is gone"] += 1
        return None
    if passage.tenant != interaction.tenant:
        dropped["the passage is another tenant's"] += 1
        return None
    question = interaction.rewritten or interaction.question
    pair = make_pair(question, passage, Origin.LOG, dropped, kind=kind)
    return pair and replace(
        pair, principal=interaction.principal, interaction=interaction.id, asked_at=interaction.asked_at
    )


def _named(interaction: Interaction, said: Sequence[Feedback]) -> tuple[str | None, str]:
    """Return the passage one person confirmed and how, or None and why not."""
    rating = _rating(said)
    corrected = next((given.corrected_passage for given in reversed(said) if given.corrected_passage), None)
    clicked = next((given.clicked_passage for given in reversed(said) if given.clicked_passage), None)
    if corrected:
        return corrected, "correction"
    if rating is not None and rating < 0:
        return None, "rated bad without saying what is right"
    if clicked:
        return clicked, "opened"
    if rating is not None and rating > 0 and interaction.cited:
        return interaction.cited[0], "citation rated good"
    return None, "no passage was confirmed"


def _rating(said: Sequence[Feedback]) -> int | None:
    return next((given.rating for given in reversed(said) if given.rating is not None), None)


def _note_wrong(
    interaction: Interaction,
    said: Sequence[Feedback],
    passages: Mapping[str, Passage],
    wrong: dict[str, dict[str, Passage]],
) -> None:
    """Take down the passage that an answer rated bad rested on."""
    rating = _rating(said)
    if rating is None or rating >= 0 or not interaction.cited:
        return
    passage = passages.get(interaction.cited[0])
    if passage is not None and passage.tenant == interaction.tenant:
        wrong[normal(interaction.rewritten or interaction.question)][passage.id] = passage


def _trusted(
    said: Mapping[tuple[str, str], _Said],
    interactions: Sequence[Interaction],
    trust: Trust,
    dropped: Counter[str],
) -> list[_Said]:
    """Return what was said without what contradicts the retriever and too few people confirm."""
    if trust.find is None or not said:
        return list(said.values())
    groups = cluster_questions(question for question, _ in said)
    wordings = sorted({question for question, _ in said})
    found = dict(zip(wordings, trust.find(wordings, trust.agrees_within), strict=True))
    doubts = {
        (claim.wording, claim.passage_id)
        for claim in doubtful(
            [
                Claim(wording=wording, question=groups.of(wording), passage_id=passage_id, said=each.judges)
                for (wording, passage_id), each in said.items()
            ],
            found,
            _first_seen(interactions),
            Rules(people=trust.people, age=trust.age),
        )
    }
    kept = [each for key, each in said.items() if key not in doubts]
    dropped["contradicts the retriever, and too few people confirm it"] = len(said) - len(kept)
    return kept


def _first_seen(interactions: Sequence[Interaction]) -> dict[str, datetime]:
    seen: dict[str, datetime] = {}
    for interaction in sorted(interactions, key=lambda each: each.asked_at):
        seen.setdefault(interaction.principal, interaction.asked_at)
    return seen


def _capped(said: Sequence[_Said], trust: Trust, dropped: Counter[str]) -> list[_Said]:
    def key(each: _Said) -> str:
        return f"{each.pair.question}\0{each.pair.passage_id}"

    groups = cluster_questions(normal(each.pair.question) for each in said)
    persons = (lambda each: each.pair.principal, lambda each: each.pair.judge)
    subjects = (lambda each: each.pair.passage_id, lambda each: groups.of(normal(each.pair.question)))
    kept = list(said)
    # One limit may make the other one tighter: what is kept gets less.
    while True:
        before = len(kept)
        kept = capped(kept, persons, key, trust.principal_share)
        dropped["beyond a principal's share"] += before - len(kept)
        after_persons = len(kept)
        kept = capped(kept, subjects, key, trust.passage_share, floor=ALWAYS)
        dropped["beyond a passage's or a question's share"] += after_persons - len(kept)
        if len(kept) == before:
            return kept
