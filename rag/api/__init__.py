"""The HTTP interface: OpenAI's wire format, and what it has no words for."""

from rag.api.application import Routers, create_app
from rag.api.serving import Serving, principal_of, serving_of

__all__ = ["Routers", "Serving", "create_app", "principal_of", "serving_of"]
