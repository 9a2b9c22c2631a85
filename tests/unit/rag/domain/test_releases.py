"""Releases: which share an index, and which differ by their calibration alone."""

from dataclasses import replace

import pytest

from rag.domain import Calibration, Chunking, Release, Retrieval

CALIBRATION = Calibration(signs=("nearest",), weights=(9.0,), bias=-3.0, passages=100, questions=60, change=7)
AGAIN = replace(CALIBRATION, bias=-2.0, change=9)


def made(encoder: str = "e" * 64, *, passages: str | None = None, beside: Release | None = None) -> Release:
    """Make a release."""
    return Release.create(
        encoder=encoder,
        dimension=8,
        chunking=Chunking(),
        retrieval=Retrieval(),
        passages=passages,
        beside=beside,
    )


def test_a_calibration_is_part_of_the_digest_and_leaves_the_index() -> None:
    """However often it is fitted, what is searched stays."""
    first = made()
    second = first.calibrated(CALIBRATION)
    third = second.calibrated(AGAIN)

    assert len({first.digest, second.digest, third.digest}) == 3
    assert {first.index_name, second.index_name, third.index_name} == {first.index_name}
    assert second.calibrated(CALIBRATION).digest == second.digest
    assert first.calibrated(None).digest == first.digest


def test_releases_alike_but_for_their_calibrations() -> None:
    """Before and after any number of fits, and without one again."""
    first = made()
    second = first.calibrated(CALIBRATION)
    for other in (second, second.calibrated(AGAIN), second.calibrated(None)):
        assert first.is_as(other)
        assert other.is_as(first)
        assert first.uncalibrated == other.uncalibrated


@pytest.mark.parametrize(
    "other",
    [
        made("f" * 64),
        made().answering_from(0.6),
        made().retrieving(Retrieval(top_k=9)),
        made().retrieving(Retrieval(context_weight=0.0)),
        made("f" * 64, passages="e" * 64, beside=made()),
    ],
    ids=["encoder", "threshold", "hits", "vectors", "adapter"],
)
def test_releases_that_differ_by_more(other: Release) -> None:
    """Calibrated or not."""
    for one in (made(), made().calibrated(CALIBRATION)):
        assert not one.is_as(other)
        assert not one.is_as(other.calibrated(CALIBRATION))


def test_a_release_kept_from_before_thresholds_were_probabilities() -> None:
    """Its digest is of what it was; it is still the same as what is fitted of it."""
    old = replace(made(), digest="0" * 64)
    assert old.is_as(old.calibrated(CALIBRATION))
    assert old.calibrated(CALIBRATION).index_name == old.index_name


def test_an_adapter_beside_a_calibrated_release() -> None:
    """It searches the index that there is, whose name is that of the release it was made for first."""
    first = made()
    calibrated = first.calibrated(CALIBRATION)
    adapter = made("f" * 64, passages="e" * 64, beside=calibrated)

    assert (adapter.shares, adapter.index_name) == (first.digest, first.index_name)
    assert adapter.calibrated(AGAIN).index_name == first.index_name
    assert adapter.is_as(adapter.calibrated(AGAIN))


def test_another_threshold_keeps_index_and_calibration() -> None:
    """The same threshold is the same release."""
    calibrated = made().calibrated(CALIBRATION)
    other = calibrated.answering_from(0.8)

    assert (other.retrieval.threshold, other.support) == (0.8, CALIBRATION)
    assert (other.index_name, other.digest != calibrated.digest) == (calibrated.index_name, True)
    assert calibrated.answering_from(calibrated.retrieval.threshold) is calibrated
