"""Findings and a look -> what is wrong, where, and what would help. Pure: it reads nothing and asks nobody itself."""

from monitoring.attribution.diagnosing import attribute
from monitoring.attribution.evidence import Found, GoldenLoss, Stronger

__all__ = ["Found", "GoldenLoss", "Stronger", "attribute"]
