"""Readers that stand in for models: one writes hostile text beside its values, one fails some of its calls."""

import json

from taxonomy.parsing import parse
from taxonomy.reading import Failure, Reading

HOSTILE = "<script>window.hacked = 1</script><img src=x onerror='window.hacked = 1'>"


class Chatty:
    """Reads the numbers, and writes what no page may run."""

    name = "chatty"
    inputs = frozenset({"image", "text"})

    def read(self, cases):
        for case in cases:
            rate = case.prompt.measurements.heart_rate.value if case.prompt.measurements else None
            said = {
                "reasoning": f"Regular. {HOSTILE}",
                "rate": "tachycardia" if rate and rate > 100 else "normal",
                "rhythm": "sinus",
                "axis": "normal",
                "conduction": ("none", "lbbb")[case.repeat],
                "ischemia": {"stage": "none", "territory": "none"},
                "other_findings": [],
                "diagnosis": "</script>nothing I know",
            }
            yield parse(json.dumps(said), case.prompt.form)


class Broken:
    """Fails every other call."""

    name = "broken"
    inputs = frozenset({"signal"})

    def read(self, cases):
        for number, _ in enumerate(cases):
            failed = Failure("transport", "the service is away")
            yield Reading(error=failed) if number % 2 else Reading(values={"rate": "normal"})
