"""Every setting of the flows: one frozen object, built in flows/environment.py alone."""

from typing import Annotated

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

Amount = Annotated[float, Field(ge=0)]


class FlowSettings(BaseSettings):
    """Settings of the flows, from the environment (prefix ``WHETSTONE_FLOWS_``) or a ``.env`` file."""

    model_config = SettingsConfigDict(
        env_prefix="WHETSTONE_FLOWS_", env_file=".env", env_ignore_empty=True, frozen=True, extra="ignore"
    )

    prefect_port: Annotated[int, Field(ge=1, le=65535)] = Field(
        4321, description="Port of the Prefect server that `whetstone up` starts, on loopback."
    )
    sync_paths: tuple[str, ...] = Field(
        (),
        description='Files and folders that the sync flow keeps ingested, as JSON: ["handbook", "faq.md"].',
    )
    sync_prune: bool = Field(True, description="Whether the sync flow removes documents that vanished.")
    sync_every_min: Amount = Field(15.0, description="Minutes between syncs; 0: never.")
    drift_every_min: Amount = Field(60.0, description="Minutes between drift checks; 0: never.")
    retrain_every_h: Amount = Field(
        0.0, description="Hours between retrainings that no drift asked for; 0: only on drift."
    )
    garbage_every_h: Amount = Field(
        24.0,
        description="Hours between collections of indexes, encoders and cross-encoders no longer needed; 0: never.",
    )
    retrain_cooldown_h: Amount = Field(
        12.0, description="Hours after a candidate in which drift does not start another retraining."
    )
