"""Readers of whole splits, for the tests of submissions; imported by name through ``--reader``."""

from types import MappingProxyType

from taxonomy.reading import Failure, Reading


class Taught:
    """Was taught the test split."""

    name = "taught"
    inputs = frozenset({"signal"})
    taught_on = MappingProxyType({"phantoms-1-66": frozenset({"test"})})

    def read(self, cases):
        for _ in cases:
            yield Reading(values={"rhythm": "sinus"})


class Failing:
    """Two of its calls fail."""

    name = "failing"
    inputs = frozenset({"signal"})

    def read(self, cases):
        for number, _ in enumerate(cases):
            yield Reading(error=Failure("transport", "")) if number in {4, 9} else Reading(values={"rhythm": "sinus"})


class Picky:
    """Offers the rhythm alone, and how likely an ECG is normal."""

    name = "picky"
    inputs = frozenset({"signal"})
    axes = frozenset({"rhythm"})

    def read(self, cases):
        for number, _ in enumerate(cases):
            chance = {"superclass": {"NORM": 0.1 if number % 2 else 0.9}}
            yield Reading(values={"rhythm": "sinus" if number % 2 else "paced"}, probabilities=chance)
