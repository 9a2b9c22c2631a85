"""Answers from any OpenAI-compatible endpoint."""

from rag.adapters.openai.endpoint import Endpoint
from rag.adapters.openai.generator import OpenAIGenerator
from rag.adapters.openai.streaming import TimeLimits

__all__ = ["Endpoint", "OpenAIGenerator", "TimeLimits"]
