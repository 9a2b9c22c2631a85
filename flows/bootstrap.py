"""The doors of the three packages, opened over one installation; nothing else."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

from flows.environment import drift_settings, flow_settings, retrain_settings, serving_settings
from flows.settings import FlowSettings
from monitoring.bootstrap import Monitoring, open_monitoring
from rag.bootstrap import Installation, open_installation
from retrain.bootstrap import Promotion, Retraining, open_retrain
from retrain.domain import Focus


@dataclass(frozen=True, kw_only=True, slots=True)
class Doors:
    """What flows, commands and the operations floor work with."""

    rag: Installation  # documents, questions and releases
    retraining: Retraining  # mine, train, judge
    promotion: Promotion  # approve, switch, go back
    monitoring: Monitoring  # watch
    schedule: FlowSettings


def doors_over(installation: Installation) -> Doors:
    """Return the doors over an installation that is open already; they last as long as it does.

    Raises:
        SettingInvalid: a setting cannot be used.
    """
    monitoring = open_monitoring(installation, drift_settings())
    retraining, promotion = open_retrain(installation, retrain_settings(), partial(_to_cure, monitoring))
    return Doors(
        rag=installation,
        retraining=retraining,
        promotion=promotion,
        monitoring=monitoring,
        schedule=flow_settings(),
    )


def _to_cure(monitoring: Monitoring) -> Focus | None:
    """Return what retraining is to cure: what the alarms say that stand for it; None where none does."""
    alarms = monitoring.to_cure()
    if not alarms:
        return None
    topics = [topic for alarm in alarms for topic in alarm.diagnosis.topics]
    return Focus(
        reason=" ".join(alarm.sentence for alarm in alarms),
        interactions=frozenset(each for topic in topics for each in topic.interactions),
        documents=frozenset(each for topic in topics for each in topic.nearest),
        terse=any(alarm.diagnosis.terse for alarm in alarms),
    )


@contextmanager
def open_doors() -> Iterator[Doors]:
    """Open the installation that the settings name, yield its doors, and close it afterwards.

    Raises:
        SettingInvalid: a setting cannot be used.
        Unavailable: the database does not answer.
    """
    with open_installation(serving_settings()) as installation:
        yield doors_over(installation)
