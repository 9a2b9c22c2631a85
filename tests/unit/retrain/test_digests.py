"""Datasets and scorecards are named after their content."""

from dataclasses import replace

from retrain.domain import (
    Answer,
    Answers,
    Bar,
    Dataset,
    Difference,
    Estimate,
    EvalQuestion,
    Hit,
    MetricRow,
    Moved,
    Origin,
    Received,
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


def test_older_scorecards_keep_their_digests() -> None:
    """An approval of before is bound to a digest: what came later counts only where it is there."""
    hits = (Hit(passage="p", title="t"),)
    moved = Moved(question="Why?", relevant=("p",), rank_before=1, rank_after=None, before=hits, after=hits)
    older = Scorecard(
        dataset="d",
        incumbent="i",
        candidate="c",
        questions=50,
        passages=9,
        overall=(ROW,),
        worst=(moved,),
        look=2,
    )
    share = replace(ROW, metric=str(Received.RIGHT))
    bar = Bar(threshold=0.5)
    answers = Answers(questions=50, unanswerable=50, rows=(share,), incumbent=bar, candidate=bar)
    newer = [
        replace(older, digest="", answers=answers),
        replace(older, digest="", answers=replace(answers, candidate=Bar(threshold=0.4))),
        replace(older, digest="", worst=(replace(moved, answer_before=Answer.RIGHT),)),
        replace(older, digest="", worst=(replace(moved, support_after=0.0),)),
    ]

    assert older.digest == "1e0b8074053a7ca846f4e4199c015e3125b4af715dbdf4458ec773088a103806"
    assert len({older.digest, *(card.digest for card in newer)}) == 5
    assert answers.row(Received.RIGHT) == share
