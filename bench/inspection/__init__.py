"""An Inspect task over the cases, and the way back: its logs become runs, and logs of several conditions verdicts."""
