"""Datasets and scorecards are named after their content."""

from dataclasses import replace

from retrain.domain import (
    Dataset,
    Difference,
    Estimate,
    EvalQuestion,
    MetricRow,
    Origin,
    Scorecard,
    Slice,
    TrainingPair,
)

PAIR = TrainingPair(
    question="Why?", passage_id="p", document_id="d", passage_text="Because.", origin=Origin.LOG
)
QUESTION = EvalQuestion(
    id="q", text="Why?", relevant=frozenset("abc"), documents=frozenset("d"), origin=Origin.LABEL
)
HALF = Estimate(value=0.5, low=0.4, high=0.6)
ROW = MetricRow(
    metric="recall@10",
    incumbent=HALF,
    candidate=HALF,
    difference=Difference(value=0, low=-0.1, high=0.1, p_value=1),
)


def test_a_datasets_digest_tells_every_content_apart() -> None:
    """A changed letter, another split, another order or another label is another dataset."""
    other = replace(PAIR, question="How?")
    datasets = [
        Dataset(train=train, dev=dev, gate=gate, manifest={})
        for train, dev, gate in (
            ((PAIR,), (QUESTION,), ()),
            ((PAIR,), (), (QUESTION,)),
            ((), (QUESTION,), ()),
            ((PAIR, other), (QUESTION,), ()),
            ((other, PAIR), (QUESTION,), ()),
            ((PAIR,), (replace(QUESTION, relevant=frozenset("ab")),), ()),
        )
    ]
    assert len({dataset.digest for dataset in datasets}) == len(datasets)


def test_a_datasets_digest_depends_on_nothing_else() -> None:
    """Neither on the manifest and the time, nor on the order of a set."""
    first = Dataset(train=(PAIR,), dev=(QUESTION,), gate=(), manifest={"a": 1})
    same = replace(QUESTION, relevant=frozenset("cba"))
    second = Dataset(train=(PAIR,), dev=(same,), gate=(), manifest={})
    assert first.digest == second.digest
    assert (first.train, first.dev, first.gate) == ((PAIR,), (QUESTION,), ())


def test_a_scorecards_digest_covers_all_of_it() -> None:
    """Whoever approved a scorecard approved every number and every slice."""

    def card(row: MetricRow = ROW, questions: int = 50, slices: tuple[Slice, ...] = ()) -> Scorecard:
        return Scorecard(
            dataset="d",
            incumbent="i",
            candidate="c",
            questions=questions,
            passages=9,
            overall=(row,),
            slices=slices,
        )

    better = replace(ROW, candidate=replace(HALF, value=0.5000000000000001))
    part = Slice(name="origin=log", questions=5, rows=(ROW,))
    digests = {card().digest, card(better).digest, card(questions=51).digest, card(slices=(part,)).digest}
    assert len(digests) == 4
    assert card() == card()
    assert card().row("recall@10") == ROW
