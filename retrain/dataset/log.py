"""Questions from the log: what people confirmed, and what they said is wrong."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

from rag.domain import Feedback, Interaction, Passage
from retrain.dataset.pairs import MinedPairs, counted, make_pair, order
from retrain.dataset.wording import normal
from retrain.domain import Origin, TrainingPair


def mine_log(
    interactions: Sequence[Interaction],
    feedback: Mapping[str, Sequence[Feedback]],
    passages: Mapping[str, Passage],
    *,
    principal_share: float,
) -> MinedPairs:
    """Give pairs that people confirmed.

    Each person's newest word on an interaction counts: the passage they said is right; else, where they
    did not rate the answer bad, the one they opened; else, where they rated it good, the first one cited.
    A bad rating alone gives no pair, and neither does a chat front end's own prompt. A follow-up counts as it was
    searched for: made to stand alone.

    No principal gives more than `principal_share` of the pairs, neither as the one who asked nor as the
    one who judged. With fewer principals than that allows for (three at a share of 0.25), they give equal
    parts at most; a single one gives all.

    Args:
        interactions: the log, of one tenant or several.
        feedback: interaction id -> its feedback, oldest first.
        passages: id -> passage of those that exist now.
        principal_share: 0 to 1.
    """
    dropped: Counter[str] = Counter()
    found: dict[tuple[str, str], tuple[TrainingPair, str]] = {}
    for interaction in interactions:
        by_judge: dict[str, list[Feedback]] = defaultdict(list)
        for given in feedback.get(interaction.id, ()):
            by_judge[given.principal].append(given)
        for judge, said in by_judge.items():
            if interaction.auxiliary:
                dropped["a chat front end's own prompt"] += 1
                continue
            passage_id, origin_of_doubt = _confirmed(interaction, said)
            if passage_id is None:
                dropped[origin_of_doubt] += 1
                continue
            passage = passages.get(passage_id)
            if passage is None:
                dropped["the passage is gone"] += 1
            elif passage.tenant != interaction.tenant:
                dropped["the passage is another tenant's"] += 1
            elif pair := make_pair(
                interaction.rewritten or interaction.question,
                passage,
                Origin.LOG,
                dropped,
                interaction.principal,
            ):
                key = (normal(pair.question), passage.id)
                dropped["the same question and passage"] += key in found
                found.setdefault(key, (pair, judge))
    kept = _capped(list(found.values()), principal_share)
    dropped["beyond a principal's share"] = len(found) - len(kept)
    return MinedPairs(pairs=tuple(pair for pair, _ in kept), dropped=counted(dropped))


def _confirmed(interaction: Interaction, said: Sequence[Feedback]) -> tuple[str | None, str]:
    """Give the passage one person confirmed, or None and why."""
    rating = next((given.rating for given in reversed(said) if given.rating is not None), None)
    corrected = next((given.corrected_passage for given in reversed(said) if given.corrected_passage), None)
    clicked = next((given.clicked_passage for given in reversed(said) if given.clicked_passage), None)
    if corrected:
        return corrected, ""
    if rating is not None and rating < 0:
        return None, "rated bad without saying what is right"
    if clicked:
        return clicked, ""
    if rating is not None and rating > 0 and interaction.cited:
        return interaction.cited[0], ""
    return None, "no passage was confirmed"


def _capped(found: list[tuple[TrainingPair, str]], share: float) -> list[tuple[TrainingPair, str]]:
    """Leave out pairs, by a hash, until no asker and no judge gives more than the share."""
    while True:
        before = len(found)
        found = _cap(found, [pair.principal for pair, _ in found], share)
        found = _cap(found, [judge for _, judge in found], share)
        if len(found) == before:
            return found


def _cap(
    found: list[tuple[TrainingPair, str]], owners: Sequence[str], share: float
) -> list[tuple[TrainingPair, str]]:
    counts = Counter(owners)
    if not counts:
        return found
    share = max(share, 1 / len(counts))
    most = max(counts.values())
    # One pair in hand for rounding: 3 * (1 / 3) is 1 only by luck.
    while most and most > share * sum(min(count, most) for count in counts.values()) + 1e-9:
        most -= 1
    places: dict[str, list[int]] = defaultdict(list)
    for place, owner in enumerate(owners):
        places[owner].append(place)
    kept = {
        place
        for mine in places.values()
        for place in sorted(mine, key=lambda p: order(found[p][0].question, found[p][0].passage_id))[:most]
    }
    return [item for place, item in enumerate(found) if place in kept]
