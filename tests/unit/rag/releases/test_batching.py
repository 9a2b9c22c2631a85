"""Questions asked at once are embedded together, and an idle question is not delayed."""

import threading
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial

import numpy as np
import pytest
from doubles.waiting import until

from rag.errors import InvalidInput
from rag.ports import Encoder, Vectors
from rag.releases.batching import MicroBatching


class Gated:
    """An encoder that waits at a gate when it is told to, and keeps what it was asked for and where."""

    digest = "gated"
    passages_digest = "adapted"
    dimension = 1

    def __init__(self) -> None:
        self.calls: list[list[str]] = []
        self.threads: list[int] = []
        self.inside = threading.Semaphore(0)
        self.gate = threading.Event()
        self.gate.set()

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        """Return each text's length."""
        self.calls.append(list(texts))
        self.threads.append(threading.get_ident())
        self.inside.release()
        assert self.gate.wait(10)
        if "interrupt" in texts:
            raise KeyboardInterrupt
        if "bad" in texts:
            raise InvalidInput("bad is not to be embedded")
        return np.array([[len(text)] for text in texts], dtype=np.float32).reshape(-1, 1)

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        """Return zeros."""
        return np.zeros((len(texts), 1), dtype=np.float32)

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Count words."""
        return [len(text.split()) for text in texts]


def during_the_first(
    encoder: Gated, batching: MicroBatching, *later: Sequence[str], first: Sequence[str] = ("first",)
) -> list[Future[Vectors]]:
    """Ask `first`, and all of `later`, in this order, while it is being computed; wait for all."""
    encoder.gate.clear()
    with ThreadPoolExecutor(1 + len(later)) as pool:
        asked = [pool.submit(batching.encode_queries, first)]
        assert encoder.inside.acquire(timeout=10)
        for waiting, texts in enumerate(later, 1):
            asked.append(pool.submit(batching.encode_queries, texts))
            until(partial(waits, batching, waiting))
        encoder.gate.set()
    return asked


def waits(batching: MicroBatching, count: int) -> bool:
    """Tell whether so many calls wait."""
    return len(batching._waiting) == count


def test_an_idle_question_is_embedded_in_its_own_thread() -> None:
    """No hop to another thread, no company."""
    encoder = Gated()

    assert [[5.0]] == MicroBatching(encoder).encode_queries(["alone"]).tolist()
    assert [threading.get_ident()] == encoder.threads


def test_who_comes_meanwhile_is_embedded_together() -> None:
    """The second call holds all that came during the first; each caller gets its own rows, in order."""
    encoder = Gated()

    asked = during_the_first(encoder, MicroBatching(encoder), ["aa", "b"], ["cccc"], [], ["ddd"])

    assert [["first"], ["aa", "b", "cccc", "ddd"]] == encoder.calls
    assert [[[5.0]], [[2.0], [1.0]], [[4.0]], [], [[3.0]]] == [each.result().tolist() for each in asked]


def test_a_batch_is_bounded() -> None:
    """What does not fit waits for the next batch; what one caller asks at once is never parted."""
    encoder = Gated()

    asked = during_the_first(
        encoder, MicroBatching(encoder, most=3), ["a"], ["bb", "cc"], ["d"], list("12345"), ["e"]
    )

    assert [["first"], ["a", "bb", "cc"], ["d"], list("12345"), ["e"]] == encoder.calls
    assert [1, 1, 2, 1, 5, 1] == [len(each.result()) for each in asked]


def test_a_failing_text_fails_its_own_caller_alone() -> None:
    """The others of its batch are embedded all the same, and the next question too."""
    encoder = Gated()
    batching = MicroBatching(encoder)

    asked = during_the_first(encoder, batching, ["good"], ["bad"], ["fine"])

    assert [[4.0]] == asked[1].result().tolist()
    with pytest.raises(InvalidInput, match="bad is not"):
        asked[2].result()
    assert [[4.0]] == asked[3].result().tolist()
    assert [[4.0]] == batching.encode_queries(["next"]).tolist()


def test_every_caller_hears_of_an_error() -> None:
    """Nobody waits for ever where each of them fails, and each gets an error of its own."""
    encoder = Gated()

    asked = during_the_first(encoder, MicroBatching(encoder), ["bad"], ["bad"], first=["bad"])

    errors = [each.exception() for each in asked]
    assert ["InvalidInput"] * 3 == [type(error).__name__ for error in errors]
    assert 3 == len({id(error) for error in errors})


def test_an_interrupted_caller_leaves_the_others_to_be_embedded() -> None:
    """A KeyboardInterrupt ends the thread it reaches; who was in its batch is taken up by the next."""
    encoder = Gated()

    asked = during_the_first(encoder, MicroBatching(encoder), ["a"], ["bb"], first=["interrupt"])

    assert isinstance(asked[0].exception(), KeyboardInterrupt)
    assert [[1.0]] == asked[1].result().tolist()
    assert [[2.0]] == asked[2].result().tolist()


def test_companions_of_an_interrupted_leader_are_taken_up_by_the_next() -> None:
    """Interrupted in the midst of a batch, the leader alone is lost."""
    encoder = Gated()
    batching = MicroBatching(encoder)

    asked = during_the_first(encoder, batching, ["interrupt"], ["a"], ["bb"])

    assert isinstance(asked[1].exception(), KeyboardInterrupt)
    assert [[[1.0]], [[2.0]]] == [each.result().tolist() for each in asked[2:]]
    assert [[5.0]] == batching.encode_queries(["later"]).tolist()


def test_many_threads_get_their_own_vectors(minilm_encoder: Encoder) -> None:
    """With a real encoder under load, each gets what it would have got alone, in far fewer calls."""
    batching = MicroBatching(minilm_encoder)
    texts = [f"What does the warranty of part {i} cover?" for i in range(96)]
    alone = minilm_encoder.encode_queries(texts)

    with ThreadPoolExecutor(16) as pool:
        together = np.concatenate(list(pool.map(lambda text: batching.encode_queries([text]), texts)))

    assert ((alone * together).sum(axis=1) > 0.9999).all()


def test_everything_else_goes_through(static_encoder: Encoder) -> None:
    """A wrapped encoder has the same digests, embeds passages and counts tokens as the one within."""
    encoder = MicroBatching(static_encoder)

    assert (static_encoder.digest, static_encoder.passages_digest) == (
        encoder.digest,
        encoder.passages_digest,
    )
    assert encoder.dimension == 384
    assert (
        static_encoder.encode_passages(["A whetstone."]) == encoder.encode_passages(["A whetstone."])
    ).all()
    assert [5] == encoder.count_tokens(["A whetstone."])
