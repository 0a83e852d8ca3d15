"""Concepts in a cardiologist's words, and whether an answer rests on them."""
