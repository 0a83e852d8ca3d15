"""Tracings that differ in one thing: a real record, and the same record with a single property changed."""
