"""The answer: prompt, model or quotes, citations."""
