"""Which maps deserve belief: known truth, nulls, and the verdict on each method for a reader."""
