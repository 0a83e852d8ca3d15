"""Domain shift: what a reader is worth at its own hospital, at one left out of its training, and at foreign ones."""
