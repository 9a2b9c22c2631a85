"""Every setting of monitoring: one frozen object, built in flows/environment.py alone."""

from typing import Annotated

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class DriftSettings(BaseSettings):
    """Settings of drift detection, from the environment (prefix ``WHETSTONE_DRIFT_``) or a ``.env`` file."""

    model_config = SettingsConfigDict(
        env_prefix="WHETSTONE_DRIFT_", env_file=".env", env_ignore_empty=True, frozen=True, extra="ignore"
    )

    current_questions: Annotated[int, Field(ge=1)] = Field(
        200, description="Newest questions in the current window."
    )
    reference_questions: Annotated[int, Field(ge=1)] = Field(
        500, description="Most questions in the reference window, those right before the current one."
    )
    min_questions: Annotated[int, Field(ge=2)] = Field(
        100, description="Fewest questions in either window; below it there is no verdict."
    )
    min_labelled: Annotated[int, Field(ge=2)] = Field(
        30, description="Fewest labelled questions in either window for recall drift."
    )
    alpha: Annotated[float, Field(gt=0, lt=0.5)] = Field(0.05, description="Level of the whole check.")
    permutations: Annotated[int, Field(ge=99, le=100_000)] = Field(
        999, description="Permutations of the MMD test."
    )
    recall_k: Annotated[int, Field(ge=1, le=100)] = Field(10, description="k of the recall that is watched.")
    seed: int = Field(17, description="Seed of the permutations.")
