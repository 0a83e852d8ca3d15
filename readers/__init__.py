"""Readers: whatever is given a case and returns a reading."""

from readers.contract import Case, Input, Prompt, Reader

__all__ = ["Case", "Input", "Prompt", "Reader"]
