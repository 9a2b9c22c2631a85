"""An alarm as a check opens it: documents are missing on one topic."""

from dataclasses import replace
from datetime import UTC, datetime

from monitoring.domain import Alarm, Cause, Diagnosis, Remedy, Topic

OPENED = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)

_DIAGNOSIS = Diagnosis(
    cause=Cause.DOCUMENTS_MISSING,
    remedy=Remedy.WRITE_DOCUMENTS,
    sureness=0.9,
    reason="41 of the newest 200 questions are about something that no document is about.",
    action="Write documents on: parental leave.",
    topics=(
        Topic(
            words=("leave", "parental"),
            share=0.8,
            count=41,
            examples=("interaction-1",),
            interactions=("interaction-1", "interaction-2"),
        ),
    ),
)


def standing_alarm(**values: object) -> Alarm:
    """Return the alarm with other values of these fields; those that this version of the noun has not are left out."""
    fields: dict[str, object] = {
        "id": "aaaaaaaa-1111-4111-8111-111111111111",
        "tenant": "default",
        "release": "r",
        "cause": _DIAGNOSIS.cause,
        "remedy": _DIAGNOSIS.remedy,
        "signals": ("topics", "fit"),
        "report": "11111111-aaaa-4aaa-8aaa-aaaaaaaaaaaa",
        "last_report": "11111111-aaaa-4aaa-8aaa-aaaaaaaaaaaa",
        "since": datetime(2026, 2, 27, tzinfo=UTC),
        "sentence": _DIAGNOSIS.reason,
        "action": _DIAGNOSIS.action,
        "diagnosis": _DIAGNOSIS,
        "opened_at": OPENED,
    }
    known = {name: value for name, value in fields.items() if name in Alarm.__dataclass_fields__}
    return replace(Alarm(**known), **values)  # type: ignore[arg-type] # the noun's own fields
