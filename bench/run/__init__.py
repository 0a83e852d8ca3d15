"""Runs: cases are built, a reader answers, and each answer is on disk before the next question is asked."""
