"""Errors in OpenAI's shape: every response that is not a success carries one."""

import math
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
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


def install_error_handlers(app: FastAPI) -> None:
    """Answer every kind of failure in the one shape."""

    async def on_whetstone(_: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, WhetstoneError)  # noqa: S101 narrows what Starlette types too widely
        return error_response(error)

    async def on_invalid(_: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, RequestValidationError)  # noqa: S101 as above
        first = error.errors()[0]
        # The first place is "body" or "query"; the input itself is not repeated, it may be somebody's text.
        where = ".".join(str(place) for place in first["loc"][1:])
        message = f"{where}: {first['msg']}" if where else first["msg"]
        body = error_body(message, type="invalid_request_error", code="invalid_request", param=where or None)
        return JSONResponse(body, status_code=400)

    async def on_http(request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, HTTPException)  # noqa: S101 as above
        message = {
            404: f"There is nothing at {request.url.path}.",
            405: f"{request.url.path} does not know the method {request.method}.",
        }.get(error.status_code, str(error.detail))
        code = {404: "not_found", 405: "method_not_allowed"}.get(error.status_code)
        type_ = "invalid_request_error" if error.status_code < 500 else "server_error"
        body = error_body(message, type=type_, code=code)
        return JSONResponse(body, status_code=error.status_code, headers=error.headers)

    async def on_unexpected(_: Request, __: Exception) -> JSONResponse:
        # Starlette raises it again after this response, so that the server logs its traceback.
        return JSONResponse(error_body("Something went wrong inside the service; see its log."), 500)

    app.add_exception_handler(WhetstoneError, on_whetstone)
    app.add_exception_handler(RequestValidationError, on_invalid)
    app.add_exception_handler(HTTPException, on_http)
    app.add_exception_handler(Exception, on_unexpected)
