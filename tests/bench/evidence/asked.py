"""Cases as an ablation gathers them, made from rules instead of a reader."""

import numpy as np

from bench.evidence.answer import AskedCase, Source
from bench.evidence.conditions import asked_conditions, conditions_asked
from bench.evidence.knowledge import Setting, axis_tests
from bench.evidence.verdict import reasons
from taxonomy.axis import AXES, RHYTHM
from taxonomy.reading import Failure, Reading
from taxonomy.truth import Truth

RHYTHMS = ("atrial_fibrillation", "atrial_flutter", "paced", "supraventricular")
BOTH = frozenset({"image", "text"})
PRIOR = {"rhythm": "sinus"}


def sources(n=60, abnormal=24):
    """Return records of which the first are abnormal, one value after the other."""
    values = [RHYTHMS[number % 4] if number < abnormal else "sinus" for number in range(n)]
    empty = dict.fromkeys(axis.name for axis in AXES)
    return [Source(number, number, 10, Truth(empty | {"rhythm": value})) for number, value in enumerate(values)]


def asked(rule, n=60, abnormal=24, conditions="all", inputs=BOTH):
    """Return cases answered by ``rule(image, numbers, condition)``, each a source or None; and the setting."""
    records = sources(n, abnormal)
    serves = asked_conditions(inputs, conditions_asked(conditions))
    # A shift by a lot that is no multiple of four: every donor is another patient.
    order = np.random.default_rng(0).permutation(n)
    donor = {int(a): int(b) for a, b in zip(order, np.roll(order, 1), strict=True)}
    shown = {
        "image-only": (True, None),
        "text-only": (False, "own"),
        "crossed": (True, "donor"),
        "blank-image": (False, "own"),
        "nothing": (False, None),
    }

    def reading(record, name):
        image, numbers = shown.get(name, (True, "own"))
        told = {None: None, "own": record, "donor": records[donor[record.ecg_id]]}[numbers]
        value = rule(record if image else None, told, name)
        return value if isinstance(value, Reading) else Reading(values={} if value is None else {"rhythm": value})

    cases = tuple(
        AskedCase(
            record,
            {name: reading(record, used) for name, used in serves.items() if used},
            {"crossed": records[donor[record.ecg_id]]},
        )
        for record in records
    )
    return cases, Setting(frozenset(inputs), serves, PRIOR)


def findings(rule, **options):
    """Return what the tests say of a rule."""
    cases, setting = asked(rule, **options)
    return [reason.finding for reason in reasons(axis_tests([RHYTHM], cases, setting)[0])]


def truth_of(source):
    """Return the true rhythm, sinus of nobody."""
    return "sinus" if source is None else source.truth.values["rhythm"]


FAILED = Reading(error=Failure("transport", "no connection"))
