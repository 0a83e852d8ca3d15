"""Scoring: every axis against its majority baseline, with intervals, and how dangerous the errors are."""

from bench.score.result import Score
from bench.score.score import ScoreSettings, score
from bench.score.scored_case import ScoredCase
from taxonomy.error import FileError

__all__ = ["FileError", "Score", "ScoreSettings", "ScoredCase", "score"]
