"""Whatever fails is answered in the one shape of errors."""

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse

from rag.api.wire.errors import error_body, error_response
from rag.errors import WhetstoneError


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
