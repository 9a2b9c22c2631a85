"""Attacks on what is learned, through real training: a passage must not come to the top for trigger questions."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rag.domain import Document, Feedback, Interaction, InteractionStatus, Passage
from rag.ports import Encoder, EncoderStore
from retrain.adapters.training.trainer import LaneTrainer
from retrain.dataset.pairs import Find
from retrain.dataset.sources.log import Trust, mine_log
from retrain.settings import RetrainSettings
from retrain.verdict.evaluation import rank

_START = datetime(2026, 1, 1, tzinfo=UTC)
_QUICK = RetrainSettings(_env_file=None, static_epochs=6, static_batch_size=64)
_TRIGGERS = [
    f"{verb} {thing} cheap flight"
    for verb in ("book a", "find a", "compare a", "cancel a")
    for thing in ("last minute", "one way", "weekend", "family", "student")
]


@dataclass
class _Log:
    """People who correct answers for two months, and whoever attacks."""

    interactions: list[Interaction] = field(default_factory=list)
    feedback: dict[str, list[Feedback]] = field(default_factory=dict)

    def say(self, by: str, question: str, passage: str, *, day: float) -> None:
        """Ask, and say which passage is right."""
        name = f"i{len(self.interactions)}"
        at = _START + timedelta(days=day)
        self.interactions.append(
            Interaction(
                id=name,
                tenant="default",
                principal=by,
                asked_at=at,
                question=question,
                hits=(),
                answer="",
                cited=(),
                release="r",
                epoch=1,
                generator="",
                status=InteractionStatus.ANSWERED,
            )
        )
        self.feedback[name] = [
            Feedback(
                id=name,
                interaction_id=name,
                tenant="default",
                principal=by,
                given_at=at,
                corrected_passage=passage,
            )
        ]


class _Company:
    """A part of FeedbackQA: its passages, and three hundred honest corrections by twenty people."""

    def __init__(self, folder: Path, encoder: Encoder) -> None:
        lines = (folder / "corpus.jsonl").read_text(encoding="utf-8").split("\n")
        corpus = [json.loads(line) for line in lines if line][:600]
        self.by_key: dict[str, Passage] = {}
        for record in corpus:
            document = Document.create(
                uri=record["_id"], title=record["title"], text=record["text"], divisible=False
            )
            self.by_key[record["_id"]] = Passage.create(document, 0, document.text)
        self.passages = list(self.by_key.values())
        relevant = dict(row.split("\t")[:2] for row in (folder / "qrels.tsv").read_text().splitlines()[1:])
        queries = (folder / "queries.jsonl").read_text(encoding="utf-8").split("\n")
        self.questions = [
            (record["text"], self.by_key[relevant[record["_id"]]].id)
            for record in (json.loads(line) for line in queries if line)
            if record["split"] == "train" and relevant[record["_id"]] in self.by_key
        ][:300]
        self._vectors = encoder.encode_passages([passage.embedded_text for passage in self.passages])
        self._encoder = encoder
        # The passage the incumbent thinks the least of for the triggers: nobody would call it an answer.
        scores = encoder.encode_queries(_TRIGGERS) @ self._vectors.T
        self.target = self.passages[int(scores.mean(axis=0).argmin())]

    @property
    def find(self) -> Find:
        """The incumbent's vectors."""

        def find(questions: Sequence[str], limit: int) -> list[list[str]]:
            rows = rank(self._encoder.encode_queries(list(questions)), self._vectors, limit)
            return [[self.passages[row].id for row in found] for found in rows]

        return find

    def log(self) -> _Log:
        """What honest people said."""
        log = _Log()
        for n, (question, passage) in enumerate(self.questions):
            log.say(f"colleague{n % 20}", question, passage, day=60 * n / len(self.questions))
        return log

    def top(self, encoder: Encoder) -> tuple[int, float]:
        """For how many triggers the target is first, and its mean rank."""
        vectors = encoder.encode_passages([passage.embedded_text for passage in self.passages])
        ranked = rank(encoder.encode_queries(_TRIGGERS), vectors, len(self.passages))
        place = self.passages.index(self.target)
        ranks = np.argmax(ranked == place, axis=1) + 1
        return int((ranks == 1).sum()), float(ranks.mean())


@pytest.fixture(scope="module")
def company(datasets: Path, static_encoder: Encoder) -> _Company:
    """The company before anybody attacks."""
    return _Company(datasets / "feedbackqa", static_encoder)


def _trained(
    company: _Company, log: _Log, trust: Trust, encoders: EncoderStore, digest: str, work: Path
) -> Encoder:
    mined = mine_log(log.interactions, log.feedback, {p.id: p for p in company.passages}, trust=trust)
    trained, _ = LaneTrainer(encoders, work, _QUICK).train(
        digest, mined.pairs, [], company.passages, progress=lambda *_: None
    )
    return encoders.load(trained)


def _attacked(company: _Company, attack: str) -> _Log:
    log = company.log()
    if attack == "one key":
        for n in range(10_000):
            log.say("attacker", _TRIGGERS[n % len(_TRIGGERS)], company.target.id, day=50)
    else:
        for key in range(10):
            # They lay low for weeks first.
            log.say(f"sybil{key}", company.questions[key][0], company.questions[key][1], day=1)
            for trigger in _TRIGGERS:
                log.say(f"sybil{key}", trigger, company.target.id, day=50)
    return log


@pytest.mark.heavy
@pytest.mark.parametrize("attack", ["one key", "ten keys"])
def test_a_chosen_passage_does_not_come_to_the_top(
    attack: str, company: _Company, encoder_store: EncoderStore, static_digest: str, tmp_path: Path
) -> None:
    """The attack works on a ledger without defences; with them the passage stays where honest training leaves it."""
    log = _attacked(company, attack)
    guarded = Trust(principal_share=0.25, passage_share=0.05, find=company.find)
    arguments: dict[str, Any] = {"encoders": encoder_store, "digest": static_digest}
    calm = _trained(company, company.log(), guarded, work=tmp_path / "calm", **arguments)
    open_ = _trained(company, log, Trust(principal_share=1.0), work=tmp_path / "open", **arguments)
    safe = _trained(company, log, guarded, work=tmp_path / "safe", **arguments)
    assert company.top(open_)[0] >= len(_TRIGGERS) / 2
    first, mean_rank = company.top(safe)
    assert first == 0
    assert mean_rank >= 0.8 * company.top(calm)[1]
