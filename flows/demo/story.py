"""The demonstration: each step of the loop once, in order, and what had to work."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from flows.bootstrap import Doors, open_doors
from flows.demo.corpus import DemoCorpus, HeldQuestion, Use
from flows.demo.people import Asked, People, Traffic, each
from flows.demo.serve_process import ServeProcess
from flows.environment import load_flow
from flows.ops.reported import examples
from flows.ops.tables import dataset_rows, percent
from flows.ops.terminal import console, progress, show_candidate, show_drift, table
from monitoring.domain import DriftVerdict
from monitoring.telling import tell
from rag.errors import Conflict, EmptyCorpus
from rag.library.syncing import SyncRules
from rag.ports import Progress
from retrain.domain import Outcome

FIRST_QUESTIONS = 700
SHIFTED_QUESTIONS = 300
REPORTED_QUESTIONS = 300
HEARD_SHARE = 0.9
"""Share of the simulated people who say which passage they were looking for."""

MIN_SHIFTED = 100


@dataclass(kw_only=True)
class Story:
    """One run of the demonstration. Afterwards `checks` holds what had to work and whether it did."""

    corpus: DemoCorpus
    service: ServeProcess
    checks: list[tuple[str, bool, str]] = field(default_factory=list)  # what, whether it held, detail
    times: list[tuple[str, float]] = field(default_factory=list)  # step, seconds

    def run(self) -> bool:
        """Run the loop; return whether every step worked."""
        out = console()
        out.print(f"Whetstone on {self.corpus.name}\n", style="bold")
        self._ingest()
        people = People(self.service.url)
        try:
            self._loop(people)
        finally:
            people.close()
        verdicts = [(what, "yes" if held else "NO", detail) for what, held, detail in self.checks]
        table("What had to work", ["step", "", "detail"], verdicts)
        table("Time", ["step", "seconds"], [(step, f"{s:.1f}") for step, s in self.times])
        return all(held for _, held, _ in self.checks)

    def _loop(self, people: People) -> None:
        with self._step("start the service"):
            console().print("  the first time, a static encoder is distilled: half a minute or more")
            self.service.start()
        reported = self._reported()
        with self._step("ask"), progress() as show:
            self._people_ask(people, "before", show)
            self._show_answer(people, "before")
        with self._step("check for drift while nothing has changed"):
            self._check_drift(DriftVerdict.CALM)
        with self._step("the topic shifts"), progress() as show:
            self._people_ask(people, "after", show)
        with self._step("check for drift again"):
            self._check_drift(DriftVerdict.DRIFT)
        with self._step("look up held-back questions, old release"), progress() as show:
            old = each(people.retrieve, reported, show, "look up")
        with self._step("retrain"):
            candidate_id = self._retrain()
        with self._step("approve, build the new index, switch"):
            self._promote(people, reported, candidate_id)
        with self._step("look them up again, new release"), progress() as show:
            new = each(people.retrieve, reported, show, "look up")
            self._compare(old, new)
            self._show_answer(people, "after")
        with self._step("roll back"):
            self._roll_back(people, old, "rolled back: the same hits as before the switch")
        with self._step("roll forward"):
            self._roll_back(people, new, "rolled forward: the same hits as after the switch")

    def _ingest(self) -> None:
        with self._step("ingest"), open_doors() as doors, progress() as show:
            report = doors.rag.library.sync(
                self.corpus.documents,
                tenant=doors.rag.settings.tenant,
                source=self.corpus.source,
                rules=SyncRules(prune=True),
                after_each=lambda done: show(done, len(self.corpus.documents), "ingest"),
            )
            asked = {*self._asked("before"), *self._asked("after")}
            labels = doors.rag.stores.questions.put(self.corpus.labels(doors.rag.settings.tenant, asked))
        self._check(
            "documents ingested",
            not report.failed and report.added + report.unchanged == len(self.corpus.documents),
            f"{report.added} documents, {report.passages} passages, {labels} labelled questions",
        )

    def _asked(self, topic: str) -> list[HeldQuestion]:
        """Return what people ask about a topic."""
        return self.corpus.pick(topic, Use.LOG)[: FIRST_QUESTIONS if topic == "before" else SHIFTED_QUESTIONS]

    def _people_ask(self, people: People, topic: str, show: Progress) -> None:
        questions = self._asked(topic)
        if topic == "after" and len(questions) < MIN_SHIFTED:
            raise EmptyCorpus(
                f"only {len(questions)} questions on the second topic; {MIN_SHIFTED} are needed"
            )
        with open_doors() as doors:
            right = self._right_passages(doors, questions)
        each(lambda q: people.chat(q, right.get(q.text)), questions, show, f"{len(questions)} people ask")
        self._check(
            f"questions answered ({topic} the shift)", True, f"{len(questions)}, {len(right)} with feedback"
        )

    @staticmethod
    def _right_passages(doors: Doors, questions: list[HeldQuestion]) -> dict[str, str]:
        """Return question -> the passage that a person says was right; for those people who say so."""
        heard = questions[: round(HEARD_SHARE * len(questions))]
        passages = doors.rag.stores.documents.passages_of({d for q in heard for d in q.documents})
        return {q.text: passages[min(q.documents)][0].id for q in heard}

    def _show_answer(self, people: People, topic: str) -> None:
        question = self.corpus.pick(topic, Use.TEST)[0]
        out = console()
        out.print(f"\n  Q: {question.text}")
        out.print(f"  A: {people.chat(question, None)}\n")

    def _check_drift(self, expected: DriftVerdict) -> None:
        report_id = load_flow("check_drift", quiet=True)()
        with open_doors() as doors:
            report = doors.monitoring.reports.get(report_id)
            standing = doors.monitoring.alarms.standing(tenant=report.tenant)
            texts = doors.monitoring.texts(examples([report], standing))
        show_drift(report, standing, texts)
        told = tell(report, standing)
        if expected is DriftVerdict.DRIFT:
            raised = f"{told.verdict} {' '.join(told.to_do)}"
            self._check("an alarm with its cause", report.verdict is expected and bool(standing), raised)
            return
        self._check("calm before the shift", report.verdict is expected, told.verdict)

    def _retrain(self) -> str:
        candidate_id = str(
            load_flow("retrain_encoder", quiet=True)(reason="the demonstration's shift of topic")
        )
        with open_doors() as doors:
            candidate = doors.retraining.candidates.get(candidate_id)
            dataset = doors.retraining.datasets.get(candidate.dataset)
        table("What it learned from", *dataset_rows(dataset))
        show_candidate(candidate)
        outcome = candidate.verdict.outcome
        self._check("the gate says promote", outcome is Outcome.PROMOTE, candidate.verdict.reasons[0])
        if outcome is not Outcome.PROMOTE:
            raise Conflict(
                f"the gate says {outcome}, so there is nothing to switch to: {candidate.verdict.reasons[0]}"
            )
        return candidate_id

    def _promote(self, people: People, questions: list[HeldQuestion], candidate_id: str) -> None:
        with open_doors() as doors:
            doors.promotion.approver.approve(
                candidate_id, principal="demo", comment="approved by the demonstration"
            )
        with Traffic(people=people, questions=questions) as traffic:
            epoch = load_flow("promote_release", quiet=True)(candidate_id=candidate_id, principal="demo")
            self._await_epoch(people, questions[0])
        self._check(
            "switched while questions kept coming",
            not traffic.failures and len(set(traffic.releases)) == 2,
            f"epoch {epoch}; {len(traffic.releases)} questions meanwhile, {len(traffic.failures)} failed,"
            f" slowest {1000 * traffic.slowest:.0f} ms",
        )

    def _roll_back(self, people: People, expected: list[Asked], what: str) -> None:
        with open_doors() as doors, progress() as show:
            doors.promotion.promoter.rollback(principal="demo", reason="the demonstration", progress=show)
            # Retraining calibrated the release anew after it was asked: its hits are what they were.
            known = {each.digest: each.uncalibrated for each in doors.rag.stores.releases.all()}
        self._await_epoch(people, expected[0].question)
        sample = expected[:50]
        again = [people.retrieve(asked.question) for asked in sample]
        same = sum(
            a.passages == b.passages and known[a.release] == known[b.release]
            for a, b in zip(again, sample, strict=True)
        )
        self._check(what, same == len(sample), f"{same} of {len(sample)} questions, hit by hit")

    def _await_epoch(self, people: People, question: HeldQuestion) -> None:
        """Wait until the service answers with the release of the deployment row, which it polls every half second."""
        with open_doors() as doors:
            deployment = doors.rag.stores.releases.deployment()
        for _ in range(100):
            if deployment is not None and people.retrieve(question).release == deployment.release:
                return
            time.sleep(0.1)
        raise Conflict("the service did not take up the release that was switched to")

    def _reported(self) -> list[HeldQuestion]:
        """Return the questions that recall is reported on, of both topics; none is logged before the comparison."""
        half = REPORTED_QUESTIONS // 2
        return [q for topic in ("after", "before") for q in self.corpus.pick(topic, Use.TEST)[:half]]

    def _compare(self, old: list[Asked], new: list[Asked]) -> None:
        rows = []
        for topic in ("before", "after"):
            sides = [[a for a in asked if a.question.topic == topic] for asked in (old, new)]
            if not sides[0]:
                continue
            for k in (1, 3, 5, 10):
                shares = [sum(a.found(k) for a in side) / len(side) for side in sides]
                rows.append((f"{topic} the shift", f"accuracy@{k}", len(sides[0]), *map(percent, shares)))
        table(
            "Held-back questions through the API: a right document among the first k",
            ["topic", "metric", "questions", "old release %", "new release %"],
            rows,
        )
        totals = [sum(a.found(10) for a in side) for side in (old, new)]
        self._check(
            "more found than before", totals[1] > totals[0], f"{totals[0]} -> {totals[1]} of {len(old)} in 10"
        )

    def _check(self, what: str, held: bool, detail: str) -> None:
        self.checks.append((what, held, detail))

    @contextmanager
    def _step(self, what: str) -> Iterator[None]:
        console().print(f"[{len(self.times) + 1}] {what}", style="bold")
        started = time.perf_counter()
        yield
        self.times.append((what, time.perf_counter() - started))
