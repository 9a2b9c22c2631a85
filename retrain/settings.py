"""Every setting of retraining: one frozen object, built in flows/environment.py alone."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from retrain.domain import Excerpt, QuestionStyle

Share = Annotated[float, Field(ge=0, le=1)]
Amount = Annotated[float, Field(ge=0)]
Positive = Annotated[float, Field(gt=0)]
Count = Annotated[int, Field(ge=1)]
Whole = Annotated[int, Field(ge=0)]


class RetrainSettings(BaseSettings):
    """Settings of retraining, from the environment (prefix ``WHETSTONE_RETRAIN_``) or a ``.env`` file."""

    model_config = SettingsConfigDict(
        env_prefix="WHETSTONE_RETRAIN_", env_file=".env", env_ignore_empty=True, frozen=True, extra="ignore"
    )

    seed: int = Field(17, description="Seed of splits, batches and resampling.")

    mine_passages: Count = Field(2_000, description="Most passages questions are mined from in one run.")
    excerpts_below: Whole = Field(
        1_000,
        description="Passages' own words train as well while people and the LLM asked fewer questions than that; "
        "0: never.",
    )
    excerpts: tuple[Excerpt, ...] = Field(
        (Excerpt.FIRST_SENTENCE,),
        description="Which of a passage's own words train as questions (first sentence, key phrases, span), a JSON "
        "list.",
    )
    spans: Whole = Field(
        2, description="Sentences of one passage that train as questions besides its first, where spans do."
    )
    round_trip: Whole = Field(
        20,
        description="A mined question has to find its passage among so many hits of the live release; 0: need not.",
    )
    llm_styles: tuple[QuestionStyle, ...] = Field(
        tuple(QuestionStyle), description="Styles the LLM is asked to write in, a JSON list."
    )
    questions_per_passage: Count = Field(
        1, description="Questions asked of the LLM for one passage in each style."
    )
    llm_workers: Count = Field(4, description="Calls of the LLM under way at once while mining.")
    llm_calls: Count = Field(10_000, description="Most calls of the LLM in one run of mining.")
    llm_tokens: Count = Field(
        10_000_000, description="Most tokens of the LLM in one run of mining, prompts and answers together."
    )
    llm_minutes: Positive = Field(
        240.0, description="Longest time that the LLM is asked in one run of mining, minutes."
    )
    paraphrases: Annotated[int, Field(ge=0, le=8)] = Field(
        1, description="Other wordings made of each question, to train on."
    )
    test_paraphrases: Annotated[int, Field(ge=0, le=8)] = Field(
        1, description="Other wordings made of each gate question, to test robustness with; they never train."
    )
    log_days: Positive = Field(90.0, description="How far back the log is mined, days.")
    principal_share: Share = Field(
        0.25, description="Largest share of the log's pairs that one asker, or one judge, may give."
    )
    passage_share: Share = Field(
        0.05,
        description="Largest share of the log's pairs of one passage, or of one question; three are always allowed.",
    )
    agrees_within: Whole = Field(
        20,
        description="A pair of the log whose passage is not among so many hits of the live release needs confirmation;"
        " 0: none does.",
    )
    confirmations: Count = Field(
        2, description="Independent people who have to confirm a pair that the live release contradicts."
    )
    confirmation_age_days: Amount = Field(
        7.0, description="How long each of them has to have asked questions by then, days."
    )

    dev_share: Share = Field(0.1, description="Share of documents whose questions choose the checkpoint.")
    gate_share: Share = Field(0.2, description="Share of documents whose questions decide on the promotion.")

    gate_log_questions: Count = Field(
        1_000, description="Most questions of the log that decide on the promotion: the newest."
    )

    lane: Literal["auto", "transformer", "static", "adapter"] = Field(
        "auto",
        description="What to train; auto: the live encoder, of whichever kind it is; adapter: a matrix on questions' "
        "vectors alone, so that the index stays as it is.",
    )
    epochs: Positive = Field(3.0, description="Passes over the pairs, transformer lane.")
    batch_size: Annotated[int, Field(ge=2)] = Field(64, description="Pairs in a batch, transformer lane.")
    learning_rate: Positive = Field(5e-5, description="Highest rate, transformer lane.")
    scale: Positive = Field(20.0, description="Factor on the cosines in the loss, transformer lane.")
    max_length: Annotated[int, Field(ge=16)] = Field(
        192, description="Word pieces a text is cut to in training, transformer lane."
    )
    hard_negatives: Annotated[int, Field(ge=0, le=16)] = Field(
        0,
        description="As WHETSTONE_RETRAIN_STATIC_HARD_NEGATIVES, transformer lane; each costs a passage a question.",
    )
    retention: Amount = Field(
        0.3,
        description="How strongly texts' vectors are held to those of the live encoder, so that it forgets nothing else"
        " it can do, transformer lane; 0: not at all.",
    )
    symmetric: bool = Field(
        False, description="Passages have to find their questions as well, transformer lane."
    )
    lora_rank: Annotated[int, Field(ge=0, le=256)] = Field(
        0,
        description="Rank of the changes to the weights (LoRA), transformer lane; 0: all weights are trained.",
    )
    tokens_at_once: Count = Field(
        24_576,
        description="Word pieces of a batch whose activations are kept, some 0.15 MB each; a larger batch goes through"
        " the model twice (gradient cache), transformer lane.",
    )
    precision: Literal["auto", "float32", "bfloat16"] = Field(
        "auto",
        description="What matrices are multiplied in, transformer lane; auto: bfloat16 where hardware does.",
    )
    matryoshka: tuple[Count, ...] = Field(
        (), description="Shorter lengths at which cut vectors have to rank as well (Matryoshka), a JSON list."
    )
    static_epochs: Positive = Field(20.0, description="Passes over the pairs, static lane.")
    static_batch_size: Annotated[int, Field(ge=2)] = Field(256, description="Pairs in a batch, static lane.")
    static_learning_rate: Positive = Field(0.02, description="Highest rate, static lane.")
    static_scale: Positive = Field(20.0, description="Factor on the cosines in the loss, static lane.")
    static_hard_negatives: Annotated[int, Field(ge=0, le=16)] = Field(
        1,
        description="Passages beside those of the batch that each question is told from, static lane: what people "
        "said does not answer it, then near ones.",
    )
    negative_margin: Annotated[float, Field(gt=0, le=1)] = Field(
        0.95, description="Share of the right passage's score above which another one is no negative."
    )
    patience: Count = Field(
        5, description="Evaluations on the dev questions without a gain after which training ends."
    )
    adapter_epochs: Positive = Field(20.0, description="Passes over the questions at most, adapter lane.")
    adapter_batch_size: Count = Field(256, description="Questions in a batch, adapter lane.")
    adapter_learning_rate: Positive = Field(1e-3, description="Highest rate, adapter lane.")
    adapter_scale: Positive = Field(40.0, description="Factor on the cosines in the loss, adapter lane.")
    adapter_decay: Amount = Field(
        1.0, description="How strongly the matrix is held to the one that serves today, adapter lane."
    )
    eval_steps: Count = Field(50, description="Steps between two evaluations on the dev questions.")
    save_steps: Count = Field(50, description="Steps between two checkpoints.")
    max_steps: int = Field(-1, description="Stop after so many steps; -1: after the epochs.")

    gate_metric: str = Field(
        "recall@10",
        description="Metric of ranking that context and weight are chosen by, and that no slice may lose.",
    )
    gate_alpha: Annotated[float, Field(gt=0, lt=0.5)] = Field(
        0.05,
        description="Two-sided level of the test that more questions are answered from a right passage.",
    )
    gate_min_questions: Count = Field(50, description="Fewest held-back questions a verdict is given on.")
    gate_margin: Share = Field(
        0.02, description="How much a metric of ranking may be worse, at the interval's low end."
    )
    gate_refused_margin: Share = Field(
        0.01, description="How much more of the answerable questions may be refused than today."
    )
    gate_unanswerable_margin: Share = Field(
        0.05,
        description="How much less of the questions whose answers were taken out may be refused than today.",
    )
    gate_slice_margin: Share = Field(
        0.05, description="How much the gate's metric may be worse in a slice that is large enough to tell."
    )
    gate_anchor_margin: Share = Field(
        0.1, description="Share of the questions answered before that may be lost, since they first were."
    )
    gate_guard: Path | None = Field(
        None,
        description="Folder of a general-domain data set in BEIR's layout, on which nothing may be forgotten.",
    )
    gate_guard_margin: Share = Field(
        0.02, description="How much the gate's metric may be worse on the general-domain set."
    )
    gate_latency_ratio: Positive = Field(
        1.5, description="Most time that embedding a question may take, as a multiple of the live encoder's."
    )
    gate_size_ratio: Positive = Field(
        2.0, description="Most bytes that an encoder may have, as a multiple of the live one's."
    )
    gate_most_looks: Count = Field(
        20, description="Looks at the same held-back questions before they have to be replaced."
    )
    gate_concentration: Share = Field(
        0.02, description="Share of questions for which one passage may newly come first."
    )

    approval_secret: SecretStr | None = Field(
        None,
        validation_alias="WHETSTONE_APPROVAL_SECRET",
        description="Key that signs approvals; unset: one is made in the home folder.",
    )
    approval_ttl_h: Positive = Field(
        72.0, validation_alias="WHETSTONE_APPROVAL_TTL_H", description="How long an approval holds, hours."
    )
    verify_sample: Count = Field(64, description="Passages re-embedded and compared before a switch.")
    preload_timeout_s: Positive = Field(
        120.0, description="How long a switch waits for the replicas to load the release, s."
    )
