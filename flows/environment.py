"""What the environment says: settings, and what Prefect must hear before it is imported."""

import getpass
import importlib
import os
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from pydantic import SecretStr, ValidationError
from pydantic_settings import BaseSettings

from flows.settings import FlowSettings
from monitoring.settings import DriftSettings
from rag.errors import SettingInvalid
from rag.settings import Settings
from retrain.settings import RetrainSettings

SETTINGS: tuple[type[BaseSettings], ...] = (Settings, RetrainSettings, DriftSettings, FlowSettings)
"""Every class of settings there is."""

S = TypeVar("S", bound=BaseSettings)


def _read(kind: type[S]) -> S:
    try:
        return kind()
    except ValidationError as error:
        wrong = "; ".join(
            f"{variable(kind, str(e['loc'][0]))}: {e['msg'].removeprefix('Value error, ')}"
            for e in error.errors()
            if e["loc"]
        )
        raise SettingInvalid(f"{wrong}. `whetstone settings --help` says how to list them all") from None


def variable(kind: type[BaseSettings], setting: str) -> str:
    """Return the environment variable of a setting; of one that is known by its variable, that."""
    field = kind.model_fields.get(setting)
    own = setting if field is None else field.validation_alias
    return own if isinstance(own, str) else f"{kind.model_config.get('env_prefix', '')}{setting}".upper()


def serving_settings() -> Settings:
    """Return the settings of serving."""
    return _read(Settings)


def retrain_settings() -> RetrainSettings:
    """Return the settings of retraining."""
    return _read(RetrainSettings)


def drift_settings() -> DriftSettings:
    """Return the settings of drift detection."""
    return _read(DriftSettings)


def flow_settings() -> FlowSettings:
    """Return the settings of the schedule."""
    return _read(FlowSettings)


class SettingRow(NamedTuple):
    """One setting, for people to read."""

    name: str  # as an environment variable
    value: str
    default: str
    meaning: str


def all_settings() -> list[SettingRow]:
    """Return every setting with its present value; a secret is only said to be set or not."""
    rows = []
    for kind in SETTINGS:
        present = _read(kind)
        for name, field in kind.model_fields.items():
            value = getattr(present, name)
            shown = ("set" if value else "-") if isinstance(value, SecretStr) else _plain(value)
            rows.append(
                SettingRow(variable(kind, name), shown, _plain(field.default), field.description or "")
            )
    return rows


def _plain(value: object) -> str:
    return "-" if value is None or value == () else str(value)


def terminal_principal() -> str:
    """Return who uses the terminal, for the audit trail."""
    try:
        return f"terminal:{getpass.getuser()}"
    except (KeyError, OSError):
        return "terminal"  # a container's user may have no name


def hub_forbidden() -> bool:
    """Tell whether the environment forbids to ask the Hugging Face hub."""
    return os.environ.get("HF_HUB_OFFLINE") == "1"


def prefect_server_named() -> bool:
    """Tell whether the environment names a Prefect server, where the schedule and what listens to events live."""
    return bool(os.environ.get("PREFECT_API_URL"))


def prefect_environment(home: Path) -> dict[str, str]:
    """Return what Prefect needs to hear before it is imported; what the environment says already goes first."""
    wanted = {
        "PREFECT_HOME": str((home / "prefect").absolute()),
        "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "120",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_LOGGING_TO_API_WHEN_MISSING_FLOW": "ignore",
        "DO_NOT_TRACK": "1",
    }
    return {name: os.environ.get(name, value) for name, value in wanted.items()}


def load_flow(name: str, *, quiet: bool = False) -> Any:
    """Return a flow, importing Prefect with its home inside ours.

    A `quiet` one logs nothing, where the environment says nothing else, and shows its progress on the terminal: its
    errors reach whoever called it, who says them in one line.
    """
    environment = prefect_environment(serving_settings().home)
    Path(environment["PREFECT_HOME"]).mkdir(parents=True, exist_ok=True)
    os.environ.update(environment)
    if quiet:
        os.environ.setdefault("PREFECT_LOGGING_LEVEL", "CRITICAL")
    return getattr(importlib.import_module(f"flows.{name}"), name)
