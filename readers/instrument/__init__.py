"""A reader with instruments: a model that may look at parts of its picture larger, and measure on it."""
