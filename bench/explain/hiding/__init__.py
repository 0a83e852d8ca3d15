"""Explanations that need no more than answers: parts of a recording are hidden, and the reader is asked again."""
