"""Every error Whetstone raises on purpose.

The API maps each class to one status, the CLI to one line on standard error::

    WhetstoneError                     500
    ├── InvalidInput                   400
    │   ├── QuestionTooLong            400
    │   ├── UnsupportedFormat          415
    │   ├── UnreadableDocument         422
    │   ├── AddressRefused             400
    │   ├── EmptyCorpus                422
    │   └── SettingInvalid             400
    ├── Unauthorised                   401
    ├── Forbidden                      403
    │   └── LinkExpired                403
    ├── NotFound                       404
    │   └── ModelNotFound              404
    ├── BodyTooLarge                   413
    ├── RateLimited                    429
    ├── Conflict                       409
    │   ├── EpochMoved                 409
    │   ├── LeaseHeld                  409
    │   ├── ApprovalInvalid            409
    │   └── VerificationFailed         409
    ├── IntegrityError                 500
    │   ├── ArtefactTampered           500
    │   ├── ArtefactUnsafe             500
    │   └── DimensionMismatch          500
    ├── Unavailable                    503
    │   ├── NotReady                   503
    │   ├── Overloaded                 503
    │   ├── Stopping                   503
    │   ├── IndexLocked                503
    │   ├── PortInUse                  503
    │   └── MissingExtra               503
    └── UpstreamFailed                 502
        ├── UpstreamRefused            502
        └── UpstreamTimeout            504
"""

from typing import ClassVar


class WhetstoneError(Exception):
    """Something went wrong inside Whetstone."""

    status: ClassVar[int] = 500
    """HTTP status of the class."""
    type: ClassVar[str] = "server_error"
    """OpenAI's ``error.type``."""
    retry_after_s: float | None = None
    """When it makes sense to try again, in seconds; None: trying again does not help, or nobody knows."""

    def __init__(self, message: str | None = None, *, retry_after_s: float | None = None) -> None:
        """Take `message`, or the first line of the class's docstring where there is nothing to add."""
        super().__init__(message or (type(self).__doc__ or "").partition("\n")[0])
        if retry_after_s is not None:
            self.retry_after_s = retry_after_s

    @classmethod
    def code(cls) -> str:
        """Return the machine-readable name, e.g. ``question_too_long``: OpenAI's ``error.code``."""
        name = cls.__name__
        return "".join(f"_{c.lower()}" if c.isupper() and i else c.lower() for i, c in enumerate(name))


class InvalidInput(WhetstoneError):
    """The input is not usable."""

    status = 400
    type = "invalid_request_error"


class QuestionTooLong(InvalidInput):
    """The question is longer than the service accepts."""


class UnsupportedFormat(InvalidInput):
    """There is no reader for this kind of file."""

    status = 415


class UnreadableDocument(InvalidInput):
    """The file is broken or holds no text."""

    status = 422


class AddressRefused(InvalidInput):
    """This address is not one that pages are fetched from."""


class EmptyCorpus(InvalidInput):
    """There are no documents to work on; ingest some first."""

    status = 422


class SettingInvalid(InvalidInput):
    """A setting has a value that cannot be used."""


class Unauthorised(WhetstoneError):
    """The key is missing or not known."""

    status = 401
    type = "authentication_error"


class Forbidden(WhetstoneError):
    """This is not allowed."""

    status = 403
    type = "permission_error"


class LinkExpired(Forbidden):
    """This link has expired; ask again for a fresh one, or send a key."""


class NotFound(WhetstoneError):
    """There is nothing by that name."""

    status = 404
    type = "invalid_request_error"


class ModelNotFound(NotFound):
    """There is no model by that name."""


class BodyTooLarge(WhetstoneError):
    """The request is larger than the service accepts."""

    status = 413
    type = "invalid_request_error"


class RateLimited(WhetstoneError):
    """The key has asked more than it may in this time; wait and repeat."""

    status = 429
    type = "rate_limit_error"
    retry_after_s = 1.0


class Conflict(WhetstoneError):
    """The state of things does not allow this now."""

    status = 409
    type = "conflict_error"


class EpochMoved(Conflict):
    """Somebody else changed the deployment in the meantime; look again and repeat."""


class LeaseHeld(Conflict):
    """Another runner is at this work; wait for it to end."""


class ApprovalInvalid(Conflict):
    """There is no valid approval for exactly this candidate."""


class VerificationFailed(Conflict):
    """The new index does not hold what it should, so it was not switched to."""


class IntegrityError(WhetstoneError):
    """Stored data is not what it claims to be."""


class ArtefactTampered(IntegrityError):
    """An encoder's files do not match its digest."""


class ArtefactUnsafe(IntegrityError):
    """An encoder holds something that could run code; only safetensors and known modules are loaded."""


class DimensionMismatch(IntegrityError):
    """A vector does not fit the index."""


class Unavailable(WhetstoneError):
    """A part that is needed is not there now."""

    status = 503
    retry_after_s = 1.0


class NotReady(Unavailable):
    """The service has not loaded its release yet."""


class Overloaded(Unavailable):
    """More is asked than can be answered now; try again in a moment."""


class Stopping(Unavailable):
    """The service is about to stop; ask another one, or try again."""


class IndexLocked(Unavailable):
    """Another process has the index folder open."""


class PortInUse(Unavailable):
    """The port is taken."""


class MissingExtra(Unavailable):
    """An optional package is not installed."""


class UpstreamFailed(WhetstoneError):
    """The language model did not answer."""

    status = 502


class UpstreamRefused(UpstreamFailed):
    """The language model takes no prompt like this one; others it may answer."""


class UpstreamTimeout(UpstreamFailed):
    """The language model did not answer in time."""

    status = 504
