"""How much of an answer came from the trace: the same reader under every condition, and what the differences say."""
