"""Which of the twelve leads are measured, where not all of them are."""

INDEPENDENT = [0, 1, 6, 7, 8, 9, 10, 11]
"""Leads I, II and V1 to V6: the others follow from I and II, and would count thrice."""

INFERIOR = [1, 2, 5]
"""Leads II, III and aVF."""
