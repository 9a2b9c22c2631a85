"""What an endpoint's failures mean: which error people see, and whether another try is of use."""

import random
from typing import TYPE_CHECKING

from rag.adapters.openai.endpoint import Endpoint
from rag.adapters.openai.streaming import StreamedAnswer
from rag.errors import UpstreamFailed, UpstreamRefused, UpstreamTimeout

if TYPE_CHECKING:
    from openai import APIStatusError

_LONGEST_PAUSE_S = 2.0
"""Longest wait an endpoint may ask for before it is asked once more within the same answer, in seconds."""

_THE_PROMPTS_FAULT = (400, 413, 422)
"""Statuses by which an endpoint refuses this prompt, while another may do."""

_PASSING = (408, 409, 425, 429)
"""Statuses below 500 that say: try again."""


class Failure(Exception):
    """One try failed."""

    def __init__(self, error: UpstreamFailed, *, pause_s: float | None) -> None:
        super().__init__(str(error))
        self.error = error
        self.pause_s = pause_s  # before another try, seconds; None: another try is of no use


def broken_off(endpoint: Endpoint, answer: StreamedAnswer) -> Failure:
    """Return the failure of an answer that has no end."""
    error = UpstreamFailed(f"{endpoint} broke off in the middle of its answer; try again.")
    return Failure(error, pause_s=_pause(answer))


def failure(error: Exception, endpoint: Endpoint, answer: StreamedAnswer) -> Failure:
    """Return what an error of the client library means, however far the answer had come."""
    from openai import APIConnectionError, APIError, APIStatusError, APITimeoutError

    pause_s = _pause(answer)
    failed: UpstreamFailed
    if isinstance(error, APITimeoutError):
        failed = UpstreamTimeout(
            f"{endpoint} took no connection in time ({endpoint.connect_timeout_s:g} s). Check that it runs, or "
            "raise WHETSTONE_LLM_CONNECT_TIMEOUT_S."
        )
    elif isinstance(error, TimeoutError):
        what, limit_s, setting = answer.overdue()
        failed = UpstreamTimeout(
            f"{endpoint} did not {what} in time ({limit_s:g} s). Try again, or raise WHETSTONE_LLM_{setting}."
        )
    elif isinstance(error, APIConnectionError):
        failed = UpstreamFailed(
            f"{endpoint} cannot be reached, or the connection broke. Check that it runs, and WHETSTONE_LLM_BASE_URL."
        )
    elif isinstance(error, APIStatusError):
        return _refusal(error, endpoint)
    elif isinstance(error, APIError):
        failed = UpstreamFailed(f"{endpoint} failed while answering: {endpoint.own_words(error.message)}")
    elif isinstance(error, ValueError):
        failed = UpstreamFailed(
            f"{endpoint} sent what is no chat completion. Check that WHETSTONE_LLM_BASE_URL is an OpenAI-compatible "
            "endpoint, with its version (…/v1)."
        )
        pause_s = None
    else:
        failed = UpstreamFailed(f"The connection to {endpoint.name} broke; try again.")
    return Failure(failed, pause_s=pause_s)


def harmless(error: Exception) -> Exception | None:
    """Return the cause to be shown in tracebacks, unless it has an endpoint's own words: these may hold the key."""
    from openai import APIConnectionError

    return error if isinstance(error, APIConnectionError) else None


def _refusal(error: "APIStatusError", endpoint: Endpoint) -> Failure:
    status = error.status_code
    advice = {
        401: " Check WHETSTONE_LLM_API_KEY.",
        403: " Check WHETSTONE_LLM_API_KEY.",
        404: " Check WHETSTONE_LLM_BASE_URL and WHETSTONE_LLM_MODEL.",
        429: " It is asked too much; try again later.",
    }.get(status, "")
    kind = UpstreamRefused if status in _THE_PROMPTS_FAULT else UpstreamFailed
    failed = kind(f"{endpoint} answered with status {status}: {endpoint.own_words(error.message)}.{advice}")
    passing = status in _PASSING or status >= 500
    asked = _seconds(error.response.headers.get("retry-after"))
    if passing:
        failed.retry_after_s = asked
    if not passing or (asked is not None and asked > _LONGEST_PAUSE_S):
        return Failure(failed, pause_s=None)
    return Failure(failed, pause_s=max(asked or 0.0, _jittered()))


def _pause(answer: StreamedAnswer) -> float | None:
    return None if answer.begun else _jittered()


def _jittered() -> float:
    """Return a short pause, in seconds, never the same: those who failed together shall not come back together."""
    return random.uniform(0.1, 0.4)


def _seconds(retry_after: str | None) -> float | None:
    """Read a Retry-After header that holds seconds; one that holds a date is as good as none."""
    try:
        asked = float(retry_after or "")
    except ValueError:
        return None
    return asked if 0 <= asked < 86_400 else None
