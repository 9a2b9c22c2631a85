"""Every setting of monitoring: one frozen object, built in flows/environment.py alone."""

import base64
import binascii
import ipaddress
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

LEAST_KEY = 24
"""Bytes of a key that webhooks are signed with, at least; Standard Webhooks asks for as many."""

_ENCODED = "whsec_"


class DriftSettings(BaseSettings):
    """Settings of drift detection, from the environment (prefix ``WHETSTONE_DRIFT_``) or a ``.env`` file."""

    model_config = SettingsConfigDict(
        env_prefix="WHETSTONE_DRIFT_", env_file=".env", env_ignore_empty=True, frozen=True, extra="ignore"
    )

    false_alarm_months: Annotated[float, Field(gt=0, le=120)] = Field(
        12.0, description="One false alarm in so many months, on average, at the traffic seen."
    )
    min_questions: Annotated[int, Field(ge=100)] = Field(
        500, description="Fewest distinct questions in the reference; below it there is no verdict."
    )
    reference_questions: Annotated[int, Field(ge=100, le=5_000)] = Field(
        1_000,
        description="Most distinct questions in the reference, drawn from those since the last promotion.",
    )
    reference_days: Annotated[float, Field(ge=0)] = Field(
        14.0, description="Days that the reference spans at least, before it is frozen."
    )
    recent_questions: Annotated[int, Field(ge=50, le=2_000)] = Field(
        600, description="Most of the newest distinct questions that are compared with the reference."
    )
    burst_questions: Annotated[int, Field(ge=0, le=1_000)] = Field(
        5,
        description="Most questions of one key that count within ten minutes, because more is a probe or a crawl; "
        "0: all of them, for where everybody asks through one key.",
    )
    permutations: Annotated[int, Field(ge=999, le=1_000_000)] = Field(
        19_999, description="Most permutations of a test; far fewer are drawn where nothing is near an alarm."
    )
    min_labelled: Annotated[int, Field(ge=2)] = Field(
        30, description="Fewest golden questions for a verdict on their recall."
    )
    recall_k: Annotated[int, Field(ge=1, le=100)] = Field(10, description="k of the recall that is watched.")
    passages_sampled: Annotated[int, Field(ge=100, le=200_000)] = Field(
        20_000, description="Most passages that questions are compared with, a sample of them all."
    )
    judged_a_day: Annotated[int, Field(ge=1, le=10_000)] = Field(
        200,
        description="Live questions a day that a machine judges, at most about: whether a right passage was found.",
    )
    labels_a_day: Annotated[int, Field(ge=1, le=1_000)] = Field(
        10, description="Of these, about so many a day are put to people."
    )
    label_days: Annotated[float, Field(gt=0, le=90)] = Field(
        7.0, description="Days that a question waits for a person's word, before it is passed over."
    )
    llm_judge: bool = Field(
        True,
        description="Have the language model judge live questions, where one is set; else a search by words does.",
    )
    seed: int = Field(17, description="Seed of everything that is drawn.")

    webhook_url: SecretStr | None = Field(
        None,
        description="Where alarms are told: an address that takes a signed JSON POST; https, or http on loopback.",
    )
    webhook_secret: SecretStr | None = Field(
        None,
        validate_default=True,
        description=(
            "What these POSTs are signed with, 24 bytes or more; whsec_ and base64 as Standard Webhooks' libraries "
            "write it, anything else is taken as it stands."
        ),
    )

    @field_validator("webhook_url")
    @classmethod
    def _is_safe(cls, value: SecretStr | None) -> SecretStr | None:
        if value is None:
            return None
        try:
            parts = urlsplit(value.get_secret_value())
            host, _ = parts.hostname, parts.port
        except ValueError:
            raise ValueError("it is no address; write it as https://alarms.example.com/hook") from None
        if not host or parts.scheme not in ("http", "https"):
            raise ValueError("write it with its scheme, as https://alarms.example.com/hook")
        if parts.scheme == "http" and not _is_loopback(host):
            raise ValueError("over http what is wrong would be told to everybody on the way; use https")
        return value

    @field_validator("webhook_secret")
    @classmethod
    def _goes_with_an_address(cls, value: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        # An address that could not be used has said so itself.
        if "webhook_url" in info.data:
            if info.data["webhook_url"] is not None and value is None:
                raise ValueError("a webhook is set, and nothing to sign with; set both or none")
            if info.data["webhook_url"] is None and value is not None:
                raise ValueError("WHETSTONE_DRIFT_WEBHOOK_URL, which it is for, is not set; set both or none")
        if value is not None and len(signing_key(value)) < LEAST_KEY:
            raise ValueError(f"expected {LEAST_KEY} bytes or more, so that nobody can guess it")
        return value


def signing_key(secret: SecretStr) -> bytes:
    """Return the bytes to sign with; ValueError where they are said to be base64 and are not."""
    text = secret.get_secret_value()
    if not text.startswith(_ENCODED):
        return text.encode()
    try:
        return base64.b64decode(text.removeprefix(_ENCODED), validate=True)
    except binascii.Error:
        raise ValueError(f"what follows {_ENCODED} is no base64") from None


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
