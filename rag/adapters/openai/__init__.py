"""Answers from any OpenAI-compatible endpoint."""

from rag.adapters.openai.generator import OpenAIGenerator

__all__ = ["OpenAIGenerator"]
