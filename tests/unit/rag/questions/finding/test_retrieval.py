"""A question finds passages: from the release's index, as the database has them now."""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from rag.adapters.qdrant import QdrantFolders
from rag.adapters.sql.documents import SqlDocuments
from rag.adapters.sql.stores import Stores
from rag.domain import Chunking, Document, Hit, Passage, Release, Retrieval, range_of
from rag.errors import Unavailable
from rag.ports import Encoder
from rag.questions.finding.copies import MOST_SOURCES
from rag.questions.finding.retrieval import Pinned, Retrieved, Retriever

CHUNKING = Chunking()
QUESTION = "How much leave do I have?"


class Sometimes(SqlDocuments):
    """The real store of documents, that can be away."""

    away = False

    def passages(self, passage_ids: Any) -> dict[str, Passage]:
        """Read, or fail."""
        if self.away:
            raise Unavailable("The database is away.")
        return super().passages(passage_ids)

    def existing(self, passage_ids: Any) -> frozenset[str]:
        """Read, or fail."""
        if self.away:
            raise Unavailable("The database is away.")
        return super().existing(passage_ids)


@dataclass
class LongestFirst:
    """A cross-encoder that likes long passages."""

    digest: str = "r" * 64
    read: list[int] = field(default_factory=list)  # passages in each call

    def scores(self, question: str, passages: Sequence[str]) -> NDArray[np.float32]:
        """Judge by length."""
        self.read.append(len(passages))
        return np.array([len(passage) for passage in passages], dtype=np.float32)


class Handbook:
    """Documents in SQLite and in a real index."""

    def __init__(self, stores: Stores, folder: Path, encoder: Encoder) -> None:
        self.documents = Sometimes(stores.engine)
        self.encoder = encoder
        release = Release.create(
            encoder=encoder.digest,
            dimension=encoder.dimension,
            chunking=CHUNKING,
            retrieval=Retrieval(top_k=3, dense_weight=1.0, context_weight=0.0),
        )
        self.index = QdrantFolders(folder).open(release, create=True)
        self.pinned = Pinned(epoch=1, release=release, encoder=encoder, index=self.index)
        self.retriever = Retriever(self.documents)

    def put(self, uri: str, *texts: str, tenant: str = "default", **metadata: Any) -> list[Passage]:
        """Write a document of these passages, to the index too."""
        document = Document.create(uri=uri, text="\n".join(texts), tenant=tenant, metadata=metadata)
        passages = [Passage.create(document, at, text) for at, text in enumerate(texts)]
        self.documents.put(document, passages, CHUNKING.digest)
        self.index.upsert(passages, self.encoder.encode_passages([p.embedded_text for p in passages]))
        return passages

    def ask(
        self, question: str = QUESTION, *, reranker: Any = None, tenant: str = "default", **more: Any
    ) -> Retrieved:
        """Retrieve; fields of `Retrieval` change the release's, the rest goes to the call."""
        names = set(Retrieval.__slots__)
        fields = {name: more.pop(name) for name in list(more) if name in names}
        release = replace(self.pinned.release, retrieval=replace(self.pinned.release.retrieval, **fields))
        pinned = replace(self.pinned, release=release, reranker=reranker)
        return self.retriever.retrieve(pinned, question, tenant=tenant, **more)


@pytest.fixture
def handbook(stores: Stores, tmp_path: Path, static_encoder: Encoder) -> Iterator[Handbook]:
    """An empty handbook."""
    made = Handbook(stores, tmp_path / "indexes", static_encoder)
    yield made
    made.index.close()


def test_the_nearest_passages_come_ranked_and_timed(handbook: Handbook) -> None:
    """Ranks count from 1, cosines fall, and it is known how long the parts took."""
    (leave,) = handbook.put("a", "You have thirty days of leave a year.")
    for number in range(5):
        handbook.put(f"b{number}", f"The canteen serves soup number {number}.")

    found = handbook.ask()

    assert [hit.rank for hit in found.hits] == [1, 2, 3]
    assert found.hits[0].passage == leave
    assert [hit.score for hit in found.hits] == sorted((hit.score for hit in found.hits), reverse=True)
    assert found.nearest == found.hits[0].score
    assert found.embed_ms > 0
    assert found.search_ms > 0
    assert len(handbook.ask(limit=1).hits) == 1


def test_a_deleted_passage_is_never_given(handbook: Handbook) -> None:
    """What the database has not is not found, though the index still has it; others fill up."""
    (gone,) = handbook.put("a", "You have thirty days of leave a year.")
    (kept,) = handbook.put("b", "The canteen serves soup.")
    handbook.documents.delete(gone.document_id, tenant="default")

    assert [hit.passage for hit in handbook.ask(limit=1).hits] == [kept]


def test_tenants_do_not_find_each_others_passages(handbook: Handbook) -> None:
    """Nor does an empty tenant find anything."""
    handbook.put("a", "You have thirty days of leave a year.", tenant="theirs")
    (ours,) = handbook.put("a", "Ours is another text on leave.", tenant="ours")

    assert [hit.passage for hit in handbook.ask(tenant="ours").hits] == [ours]
    assert handbook.ask(tenant="").hits == ()


def test_a_filter_holds_as_the_database_has_it_now(handbook: Handbook) -> None:
    """A passage whose metadata changed since it was indexed is judged by the new one."""
    (old,) = handbook.put("a", "You have thirty days of leave a year.", team="sales")
    (kept,) = handbook.put("b", "Leave is for everybody.", team="sales", year="2026")
    handbook.put("c", "Nobody knows how much leave.", team="tech")
    moved = Document.create(uri="a", text=old.text, metadata={"team": "tech"})
    handbook.documents.put(moved, [Passage.create(moved, 0, old.text)], CHUNKING.digest)

    found = handbook.ask(where={"team": {"sales", "legal"}, "year": ["2026"]})

    assert [hit.passage for hit in found.hits] == [kept]


def test_a_range_holds_as_the_database_has_it_now(handbook: Handbook) -> None:
    """A number or a date that changed since it was indexed is judged by the new one, and away from it by the old."""
    (old,) = handbook.put("a", "You have thirty days of leave a year.", price=4, created="2024-05-01")
    (kept,) = handbook.put("b", "Leave is for everybody.", price="4.5", created="2024-05-01T10:00:00Z")
    handbook.put("c", "Nobody knows how much leave.", price=5, created="2024-05-02")
    dearer = Document.create(uri="a", text=old.text, metadata={"price": 40, "created": "2024-05-01"})
    handbook.documents.put(dearer, [Passage.create(dearer, 0, old.text)], CHUNKING.digest)
    where = {"price": range_of({"lt": 5}), "created": range_of({"lte": "2024-05-01"})}

    found = handbook.ask(where=where)
    handbook.documents.away = True
    away = handbook.ask(where=where)

    assert [hit.passage for hit in found.hits] == [kept]
    assert {hit.passage.uri for hit in away.hits} == {"a", "b"}


def test_a_cross_encoder_orders_the_best_candidates_anew(handbook: Handbook) -> None:
    """It reads so many as the release says; the order is its own, the scores stay cosines."""
    texts = [
        "Leave.",
        "How much leave do I have here?",
        "How much leave do I have? Thirty days of it.",
        "Soup.",
    ]
    for uri, text in enumerate(texts):
        handbook.put(str(uri), text)
    reranker = LongestFirst()

    plain = handbook.ask(limit=4)
    found = handbook.ask(limit=4, rerank_depth=3, reranker=reranker)

    assert reranker.read == [3]
    assert [hit.passage.text for hit in found.hits[:3]] == sorted(
        (hit.passage.text for hit in plain.hits[:3]), key=len, reverse=True
    )
    assert found.hits[3].passage == plain.hits[3].passage
    assert [hit.rank for hit in found.hits] == [1, 2, 3, 4]
    assert {hit.passage.id: hit.score for hit in found.hits} == {
        hit.passage.id: hit.score for hit in plain.hits
    }
    assert found.nearest == plain.nearest > found.hits[3].score


def test_a_cross_encoder_may_bring_up_what_lies_beyond_the_limit(handbook: Handbook) -> None:
    """The candidates are as many as it reads, however few are given in the end."""
    for number in range(30):
        handbook.put(f"b{number}", f"How much leave do I have {number}?")
    (last,) = handbook.put(
        "a", "The canteen serves soup, which has nothing to do with it, and bread besides."
    )

    found = handbook.ask(limit=1, rerank_depth=40, reranker=LongestFirst())

    assert [hit.passage for hit in found.hits] == [last]


def test_neighbours_come_with_a_hit(handbook: Handbook) -> None:
    """So many as the release says, and none where it says so."""
    parts = handbook.put("a", "Soup.", "Bread.", "You have thirty days of leave a year.", "Cake.")

    (hit,) = handbook.ask(limit=1, neighbours=1).hits
    (plain,) = handbook.ask(limit=1).hits

    assert hit.passage == parts[2]
    assert hit.neighbours == (parts[1], parts[3])
    assert plain.neighbours == ()


def test_questions_are_answered_while_the_database_is_away(
    handbook: Handbook, caplog: pytest.LogCaptureFixture
) -> None:
    """The index's own copies stand in; that they do is said once, and that they do not any more too."""
    caplog.set_level(logging.INFO, logger="rag.questions.finding.retrieval")
    (leave, _) = handbook.put("a", "You have thirty days of leave a year.", "Cake.", team="sales")
    handbook.put("b", "No leave here.", tenant="theirs")
    before = handbook.ask(limit=1)

    handbook.documents.away = True
    during = [handbook.ask(limit=1, neighbours=1) for _ in range(3)]
    nothing = handbook.ask(where={"team": ["tech"]})
    handbook.documents.away = False
    after = handbook.ask(limit=1)

    assert before.hits[0].passage == leave
    assert [each.hits for each in (*during, after)] == [before.hits] * 4
    assert nothing.hits == ()
    assert [record.levelname for record in caplog.records] == ["WARNING", "INFO"]


def test_the_nearest_hit_is_known_whatever_its_rank() -> None:
    """The order may be another one than by cosine; without hits it is the smallest cosine there is."""
    passage = Passage.create(Document.create(uri="a", text="x"), 0, "x")
    hits = tuple(
        Hit(passage=passage, rank=rank, score=score) for rank, score in enumerate((0.2, 0.5, 0.1), start=1)
    )

    assert Retrieved(hits=hits).nearest == 0.5
    assert Retrieved(hits=()).nearest == -1.0


def test_a_text_in_several_documents_is_one_hit(handbook: Handbook) -> None:
    """Copies differ in blanks and in how letters are written; the hits are filled up, and the others are named."""
    text = "You have thirty days of leave a year, and your office files them on the first floor."
    same = [
        text,
        text.replace("files", "ﬁles"),
        text.replace(" your", "\n\nyour"),
        text.replace("office", "of\u00adfice"),
    ]
    for number in range(24):
        handbook.put(f"a{number:02}", same[number % len(same)])
    (soup,) = handbook.put("soup", "The canteen serves soup.")
    (cake,) = handbook.put("cake", "And cake.")
    (theirs,) = handbook.put("theirs", text, tenant="theirs")

    found = handbook.ask(limit=3)

    assert [len(found.hits), found.hits[0].rank, found.hits[2].rank] == [3, 1, 3]
    assert {hit.passage.uri for hit in found.hits[1:]} == {soup.uri, cake.uri}
    first = found.hits[0]
    named = {first.passage.uri, *first.also_in}
    assert len(named) == 1 + MOST_SOURCES
    assert named <= {f"a{number:02}" for number in range(24)}
    assert all(hit.also_in == () for hit in found.hits[1:])
    assert [hit.passage for hit in handbook.ask(tenant="theirs").hits] == [theirs]


def test_copies_are_only_those_that_the_filter_lets_through(handbook: Handbook) -> None:
    """The best copy may be one that the question may not see."""
    text = "You have thirty days of leave a year, and the office files them on the first floor."
    handbook.put("a", text, team="tech")
    (sales,) = handbook.put("b", text, team="sales")

    (hit,) = handbook.ask(where={"team": ["sales"]}).hits

    assert (hit.passage, hit.also_in) == (sales, ())


def test_a_short_text_is_a_copy_only_under_the_same_title(handbook: Handbook) -> None:
    """Each "No." answers one question, and not another."""
    for uri, title in (("a", "May I bring a dog?"), ("b", "May I smoke?"), ("c", "May I  smoke?")):
        document = Document.create(uri=uri, title=title, text="No.")
        passage = Passage.create(document, 0, "No.")
        handbook.documents.put(document, [passage], CHUNKING.digest)
        handbook.index.upsert([passage], handbook.encoder.encode_passages([passage.embedded_text]))

    assert sorted(hit.passage.title.split()[2] for hit in handbook.ask().hits) == ["bring", "smoke?"]
