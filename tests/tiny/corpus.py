"""What a tiny model's tokenizer is trained on: our prompts and answers, so that both are short for it."""

import random
from collections.abc import Iterable, Iterator

from bench.view import View
from bench.view.prompt import system_text
from measurements import Measurements
from taxonomy.axis import AXES, NORMALITY, Axis, AxisValue
from taxonomy.target import FORMATS
from taxonomy.writing import written


def corpus(numbers: Iterable[Measurements]) -> Iterator[str]:
    """Yield system texts, the prompts of some records' numbers, and answers of all kinds."""
    chance = random.Random(0)
    view = View().for_inputs(frozenset({"text"}))
    yield from (asked.text for of_record in numbers if (asked := view.prompt(of_record, ())))
    for form in FORMATS.values():
        yield from [system_text(form)] * 8
        for _ in range(100):
            yield written({axis.name: _any(axis, chance) for axis in (*AXES, NORMALITY)}, form).text


def _any(axis: Axis, chance: random.Random) -> AxisValue:
    value = chance.choice(axis.values)
    return frozenset({value} if chance.random() < 0.5 else ()) if axis.is_set else value
