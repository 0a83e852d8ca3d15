"""Scoring: every axis against its majority baseline, with intervals, and what the errors are worth."""

from bench.score.case import ScoredCase
from bench.score.result import Score, ScoreError
from bench.score.score import ScoreSettings, score

__all__ = ["Score", "ScoreError", "ScoreSettings", "ScoredCase", "score"]
