"""Readers: each takes cases and returns readings. ``readers.contract`` is the contract."""
