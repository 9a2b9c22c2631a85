"""Every setting of monitoring: one frozen object, built in flows/environment.py alone."""

from typing import Annotated

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


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
