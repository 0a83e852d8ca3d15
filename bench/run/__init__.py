"""A run: cases are built, a reader answers, and every answer is on disk before the next one is asked for."""
