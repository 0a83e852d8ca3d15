"""Tracings that differ in one thing: a record, and the same record with a single property changed."""
