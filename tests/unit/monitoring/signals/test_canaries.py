"""Canaries: an encoder that gives known texts other vectors is broken; one in another runtime is not."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from monitoring.adapters.sql import SqlCanaries
from monitoring.domain import DriftVerdict
from monitoring.signals.canaries import PASSAGES, QUESTIONS, TEXTS, finding, watch_canaries
from rag.adapters.sql.stores import Stores
from rag.ports import Encoder

Rows = NDArray[np.float32]


class Serving:
    """A serving process around a real encoder, which something may have happened to."""

    def __init__(self, encoder: Encoder, broken: Any = lambda rows: rows) -> None:
        self._encoder = encoder
        self._broken = broken

    def embed(self, texts: Any) -> Rows:
        """Embed questions."""
        return np.asarray(self._broken(self._encoder.encode_queries(list(texts))), np.float32)

    def embed_passages(self, texts: Any) -> Rows:
        """Embed passages."""
        return np.asarray(self._broken(self._encoder.encode_passages(list(texts))), np.float32)


def bfloat16(rows: Rows) -> Rows:
    """Return rows as an export keeps them: 8 bits of each number."""
    bits = rows.view(np.uint32) & np.uint32(0xFFFF0000)
    kept: Rows = np.array(np.frombuffer(bits.tobytes(), np.float32).reshape(rows.shape), np.float32)
    return kept


def shifted(rows: Rows) -> Rows:
    """Return each text's vector under the text after it."""
    return np.roll(rows, 1, axis=0)


def noisy(size: float) -> Any:
    """Return what adds noise of so many times the vectors' length."""

    def add(rows: Rows) -> Rows:
        noise = np.random.default_rng(3).normal(size=rows.shape)
        noise /= np.linalg.norm(noise, axis=1, keepdims=True)
        return np.asarray(rows + size * noise, np.float32)

    return add


def watched(stores: Stores, encoder: Encoder, broken: Any = lambda rows: rows, digest: str = "e") -> Any:
    """Return what one check says."""
    live: Any = Serving(encoder, broken)
    return watch_canaries(live, SqlCanaries(stores.engine), encoder=digest)


def test_the_first_look_keeps_and_later_ones_compare(stores: Stores, static_encoder: Encoder) -> None:
    """The same process, and another encoder, which has vectors of its own."""
    first = watched(stores, static_encoder)
    assert (first.name, first.verdict, first.statistic) == ("canaries", DriftVerdict.CALM, None)
    again = watched(stores, static_encoder)
    assert again.verdict is DriftVerdict.CALM
    assert again.statistic == pytest.approx(1.0)
    assert watched(stores, static_encoder, shifted, digest="f").statistic is None


@pytest.mark.parametrize(
    ("what", "drift"),
    [
        (bfloat16, False),
        (lambda rows: rows * 3, False),
        (noisy(0.01), False),
        (noisy(0.07), False),
        (noisy(0.15), True),
        (shifted, True),
        (lambda rows: -rows, True),
        (lambda rows: rows[:, ::-1], True),
        (lambda rows: rows * np.nan, True),
        (lambda rows: rows * 0, True),
        (lambda rows: rows[:, :-1], True),
    ],
    ids=["bf16", "longer", "digits", "runtime", "noise", "shifted", "turned", "mixed", "nan", "zero", "cut"],
)
@pytest.mark.parametrize("lane", ["static", "minilm"])
def test_what_may_happen_to_an_encoder(
    what: Any, drift: bool, lane: str, stores: Stores, request: pytest.FixtureRequest
) -> None:
    """Rounding as an export does is no fault; anything that moves vectors further is, and so is what is no vector."""
    encoder: Encoder = request.getfixturevalue(f"{lane}_encoder")
    watched(stores, encoder)
    assert (watched(stores, encoder, what).verdict is DriftVerdict.DRIFT) == drift


def test_vectors_that_are_none_are_not_kept(stores: Stores, static_encoder: Encoder) -> None:
    """An encoder that is broken from the first is told, and does not become what later ones are held against."""
    assert watched(stores, static_encoder, lambda rows: rows * np.nan).verdict is DriftVerdict.DRIFT
    assert SqlCanaries(stores.engine).get("e", TEXTS) is None
    assert watched(stores, static_encoder).statistic is None


def test_one_text_is_enough(static_encoder: Encoder) -> None:
    """A tokeniser that has lost one script embeds the others as before."""
    then = np.concatenate(
        [static_encoder.encode_queries(QUESTIONS), static_encoder.encode_passages(PASSAGES)]
    )
    now = then.copy()
    now[6] = then[0]
    found = finding(now, then)
    assert found.verdict is DriftVerdict.DRIFT
    assert f"1 of {len(now)} known texts" in found.reason
    assert finding(then, then).verdict is DriftVerdict.CALM
