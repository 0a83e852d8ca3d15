"""Readers: whatever is given a case and returns a reading. The contract is ``readers.contract``."""
