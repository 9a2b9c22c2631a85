"""Errors in OpenAI's shape: every response that is not a success carries one."""

import math
from typing import Any

from starlette.responses import JSONResponse

from rag.errors import Unauthorised, WhetstoneError


def error_body(
    message: str, *, type: str = "server_error", code: str | None = None, param: str | None = None
) -> dict[str, Any]:
    """Return the body of an error."""
    return {"error": {"message": message, "type": type, "param": param, "code": code}}


def whetstone_body(error: WhetstoneError) -> dict[str, Any]:
    """Return the body for an error Whetstone raised on purpose."""
    return error_body(str(error), type=error.type, code=error.code())


def error_response(error: WhetstoneError) -> JSONResponse:
    """Return the response for an error Whetstone raised on purpose."""
    return JSONResponse(whetstone_body(error), status_code=error.status, headers=error_headers(error))


def error_headers(error: WhetstoneError) -> dict[str, str]:
    """Return the headers that belong to such an error, whatever its body looks like."""
    headers = {}
    if isinstance(error, Unauthorised):
        headers["WWW-Authenticate"] = "Bearer"
    if error.retry_after_s is not None:
        headers["Retry-After"] = str(math.ceil(error.retry_after_s))
    return headers
