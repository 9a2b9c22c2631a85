"""Whose word counts against the retriever. Pure: what was found and who is how old comes in.

Whoever can give feedback can try to teach the encoder that a passage of theirs answers what it does not (poisoning;
Carlini et al. 2023, "Poisoning Web-Scale Training Datasets is Practical"; Zhong et al. 2023, "Poisoning Retrieval
Corpora by Injecting Adversarial Passages"). A claim that the retriever half agrees with, because the passage is among
what it finds for the question, is plausible by itself. One that it does not is the shape of an attack, and of the most
valuable correction: so it needs several people, none of them new, and none of them in step with another.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from retrain.dataset.near_duplicates import Groups

IN_STEP = 2
"""Two people who make so many of the same contradicting claims count as one."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Claim:
    """What people said: this passage answers this question."""

    wording: str  # of the question, in normal form
    question: str  # which one it is; nearly the same wordings share it
    passage_id: str
    said: Mapping[str, datetime]  # principal -> when they said it first, in this wording


@dataclass(frozen=True, kw_only=True, slots=True)
class Rules:
    """What a contradicting claim needs."""

    people: int  # independent ones
    age: timedelta  # since when each was known before they said it


def doubtful(
    claims: Sequence[Claim],
    found: Mapping[str, Sequence[str]],
    known_since: Mapping[str, datetime],
    rules: Rules,
) -> list[Claim]:
    """Return the claims that contradict the retriever and are confirmed by too few.

    A claim contradicts where its passage is not among what was found for its wording; that another wording finds it is
    no excuse. It is confirmed where enough people said so, in whichever wording of the question, who had been known for
    `rules.age` by then and are independent: those who make `IN_STEP` or more of the same contradicting claims, directly
    or through others, count as one person. So ten keys that together push a passage for several questions are one
    voice, while two colleagues who happen to correct the same question are two.

    Each wording and passage is in the claims once. `found` is wording -> ids of the passages the retriever finds for
    it, as far down as counts as agreeing. Who is not in `known_since`, principal -> when they were first seen, is new.
    """
    contradicting = [claim for claim in claims if claim.passage_id not in found.get(claim.wording, ())]
    voices = _voices(contradicting)
    confirming: dict[tuple[str, str], set[str]] = defaultdict(set)
    for claim in contradicting:
        confirming[claim.question, claim.passage_id] |= {
            voices.of(who)
            for who, when in claim.said.items()
            if who in known_since and known_since[who] + rules.age <= when
        }
    return [
        claim for claim in contradicting if len(confirming[claim.question, claim.passage_id]) < rules.people
    ]


def _voices(contradicting: Sequence[Claim]) -> Groups:
    """Return people in groups that speak in step, counted by question and by wording, whichever shows it."""
    voices = Groups()
    for about in ("question", "wording"):
        mine: dict[str, set[tuple[str, str]]] = defaultdict(set)
        for claim in contradicting:
            for who in claim.said:
                mine[who].add((getattr(claim, about), claim.passage_id))
        # Only who made several claims can be in step with anybody; honest logs have few such people.
        busy = sorted(who for who, made in mine.items() if len(made) >= IN_STEP)
        for place, one in enumerate(busy):
            for other in busy[place + 1 :]:
                if len(mine[one] & mine[other]) >= IN_STEP:
                    voices.join((one, other))
    return voices
