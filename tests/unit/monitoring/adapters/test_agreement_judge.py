"""Agreement of a search by words, over a real index."""

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from doubles.live_questions import asked, document, sampled

from monitoring.adapters.agreement import AgreementJudge
from monitoring.domain import Judgement, Sampled, Shown
from monitoring.labels.agreement import NAMES
from rag.adapters.qdrant import QdrantFolders
from rag.adapters.sql.stores import Stores
from rag.domain import Chunking, Passage, Release, Retrieval
from rag.errors import Unavailable
from rag.ports import Encoder, PassageIndex

TEXTS = {
    "lunch.md": "Lunch is served at noon in the canteen.",
    "dinner.md": "Dinner is served at seven in the hall.",
    "parking.md": "Cars are parked behind the house.",
    "passports.md": "Passports are renewed at the town hall.",
}


@dataclass
class Words:
    """The words of an index."""

    index: PassageIndex
    encoder: Encoder

    def by_words(self, questions: Sequence[str], *, tenant: str, k: int) -> list[list[str]]:
        """Return the best by words."""
        vectors = self.encoder.encode_queries(list(questions))
        return [
            self.index.order(vector, tenant=tenant, limit=k, text=question, dense_weight=0.0)
            for question, vector in zip(questions, vectors, strict=True)
        ]


class Away:
    """An index that does not answer."""

    def by_words(self, questions: Sequence[str], *, tenant: str, k: int) -> list[list[str]]:
        """Say so."""
        raise Unavailable("the index is away")


@pytest.fixture
def passages(stores: Stores) -> dict[str, Passage]:
    """The documents, each of one passage, in SQL."""
    made = {}
    for uri, text in TEXTS.items():
        whole, made[uri] = document(uri, text)
        stores.documents.put(whole, [made[uri]], chunking="c")
    return made


@pytest.fixture
def words(tmp_path: Path, passages: dict[str, Passage], static_encoder: Encoder) -> Iterator[Words]:
    """An index of them."""
    release = Release.create(
        encoder=static_encoder.digest,
        dimension=static_encoder.dimension,
        chunking=Chunking(),
        retrieval=Retrieval(),
    )
    with closing(QdrantFolders(tmp_path / "indexes").open(release, create=True)) as index:
        some = list(passages.values())
        index.upsert(some, static_encoder.encode_passages([each.embedded_text for each in some]))
        yield Words(index, static_encoder)


def question(text: str, *served: Passage) -> Shown:
    """Return a question of which these were served."""
    return Shown(sampled=sampled("i"), asked=asked("i", served, question=text), passages=served)


def test_it_tells_what_was_found_from_what_was_not(
    stores: Stores, passages: dict[str, Passage], words: Words
) -> None:
    """The same question, answered from the right passage and from others."""
    judge = AgreementJudge(words, stores.documents)
    right, wrong = judge.judge(
        [
            question("When is lunch served?", passages["lunch.md"], passages["parking.md"]),
            question("When is lunch served?", passages["parking.md"], passages["passports.md"]),
        ]
    )

    assert right.probability is not None
    assert wrong.probability is not None
    assert right.probability > wrong.probability + 0.2
    assert (len(right.signs), right.tokens) == (len(NAMES), 0)


def test_it_learns_from_its_own_judgements(
    stores: Stores, passages: dict[str, Passage], words: Words
) -> None:
    """What people said of questions that another machine judged has other signs, and is passed over."""
    judge = AgreementJudge(words, stores.documents)
    asked_for = [question("When is lunch served?", passages["lunch.md"])]
    (before,) = judge.judge(asked_for)
    mine: Sampled = sampled("a", judge=judge.name, signs=before.signs, found=0.0)
    judge.learn([replace(mine, judge="another", signs=(1.0,))] * 50)
    assert judge.judge(asked_for) == [before]
    judge.learn([mine] * 50)
    (after,) = judge.judge(asked_for)

    assert after.probability is not None
    assert before.probability is not None
    assert after.probability < before.probability - 0.2


def test_an_index_that_is_away_is_asked_later(stores: Stores, passages: dict[str, Passage]) -> None:
    """Nothing is said of any question then."""
    judge = AgreementJudge(Away(), stores.documents)

    assert judge.judge([question("When?", passages["lunch.md"])] * 2) == [Judgement(probability=None)] * 2
    assert judge.judge([]) == []


def test_where_nothing_was_found_nothing_right_was(
    stores: Stores, passages: dict[str, Passage], words: Words
) -> None:
    """Also where the passages were deleted since."""
    judge = AgreementJudge(words, stores.documents)

    assert judge.judge([question("When is lunch served?")]) == [Judgement(probability=0.0)]
