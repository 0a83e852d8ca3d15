"""A whole explanation of a reader: verdicts on its maps, what moved its answers, what turns them, and the gallery."""
