"""Explanations: what moved an answer, and whether the map that says so may be believed."""
