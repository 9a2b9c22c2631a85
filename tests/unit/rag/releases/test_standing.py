"""What people see of a calibration."""

from dataclasses import replace

from doubles.promotion_world import TwoEncoders, World, document

from rag.questions.support.judging import PRIOR
from rag.releases.deployed import live_release
from rag.releases.renewing import answer_from, renew
from rag.releases.standing import standing


def test_before_and_after_it_was_fitted(world: World, two_encoders: TwoEncoders) -> None:
    """Passages, questions, when, and what changed since; another threshold does not make it younger."""
    first = world.found(two_encoders.first)
    releases, documents, leases = world.stores.releases, world.stores.documents, world.stores.leases
    before = standing(releases, documents)
    assert (before.threshold, before.passages, before.calibrated_at) == (first.retrieval.threshold, 0, None)
    assert before.sentence().startswith("not yet (40 documents)")

    fitted = first.calibrated(replace(PRIOR, passages=40, questions=60, change=40))
    renew(releases, leases, fitted, replaces=first, principal="system", action="calibrate", detail={})
    world.put(document(50), document(51))
    answer_from(releases, leases, 0.6, principal="ann")

    after = standing(releases, documents)
    assert (after.threshold, after.passages, after.questions) == (0.6, 40, 60)
    assert after.calibrated_at == releases.get(fitted.digest).created_at < live_release(releases).created_at
    assert after.sentence() == (
        f"on 40 passages by 60 questions, {after.calibrated_at:%Y-%m-%d %H:%M}; 2 of 42 documents changed since"
    )
