"""How often the parser reads what an answer does not say, where answers are cut off or have damaged characters.

    PYTHONPATH=. python benchmarks/parsing.py [--cases 15000] [--seed 0]

Each case is an answer with random values, sparse or dense, written by :mod:`taxonomy.writing`, bare or in prose.
Printed are how many gave a reading, and how many of these are wrong: they hold a value that neither the whole answer
nor any words of the damaged text say. ``tests/taxonomy/test_parsing_properties.py`` holds the same properties.
"""

import argparse
import random
import re
import time
from collections import Counter
from collections.abc import Callable, Mapping

from taxonomy.axis import AXES, UNLISTED, AxisValue, axis_named
from taxonomy.parsing import parse
from taxonomy.reading import Reading
from taxonomy.synonym import meaning
from taxonomy.target import DENSE, SPARSE
from taxonomy.writing import normal_value, written

Values = Mapping[str, AxisValue | None]
Damage = Callable[[str, random.Random], str]

WRAPS = (
    ("", ""),
    ("```json\n", "\n```"),
    ("I use {} for normal. ", ""),
    ("An empty object {} means a normal ECG.\n```json\n", "\n```\nThat is all."),
)
"""What stands before and after an answer."""

MARKS = re.compile(r"[\"',:{}\[\]]")
"""What parts the words of an answer."""


def random_values(chance: random.Random) -> dict[str, AxisValue | None]:
    """Return a value for every axis; about half are normal, as in most answers."""
    values: dict[str, AxisValue | None] = {}
    for axis in AXES:
        if chance.random() < 0.5:
            values[axis.name] = normal_value(axis.name)
        elif axis.is_set:
            values[axis.name] = frozenset(chance.sample(axis.values, chance.randint(0, 3)))
        else:
            values[axis.name] = chance.choice(axis.values)
    return values


def truncated(text: str, chance: random.Random) -> str:
    """Return a proper prefix of the text that is not empty."""
    return text[: chance.randrange(1, len(text))]


def mutated(text: str, chance: random.Random) -> str:
    """Return the text with one to three characters dropped or doubled, every second time one of JSON's own."""
    for _ in range(min(len(text), chance.randint(1, 3))):
        own = [place for place, char in enumerate(text) if char in "\"',:{}[]"]
        place = chance.choice(own) if own and chance.random() < 0.5 else chance.randrange(len(text))
        text = text[:place] + chance.choice(("", text[place] * 2)) + text[place + 1 :]
    return text


def said_wrongly(reading: Reading, values: Values, text: str) -> list[str]:
    """Return the axes of a reading with a value that neither the whole answer nor any words in ``text`` say."""
    return [axis for axis, value in reading.values.items() if not _is_said(axis, value, values[axis], text)]


def _is_said(axis: str, value: AxisValue | None, true: AxisValue | None, text: str) -> bool:
    if value is None or value == true:
        return True
    said = {meaning(axis_named(axis), words) for words in MARKS.split(text)}
    if isinstance(value, frozenset) and isinstance(true, frozenset):
        return value - {UNLISTED} <= true | said and (true <= value or UNLISTED in value)
    return value in said


def main() -> None:
    """Print the counts of both campaigns."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--cases", type=int, default=15_000)
    asked.add_argument("--seed", type=int, default=0)
    options = asked.parse_args()
    for name, damage in (("truncated", truncated), ("mutated", mutated)):
        begun = time.perf_counter()
        counts = campaign(damage, options.cases, options.seed)
        print(f"{name}: {dict(sorted(counts.items()))}, {time.perf_counter() - begun:.1f} s")


def campaign(damage: Damage, cases: int, seed: int) -> Counter[str]:
    """Count the outcomes of damaged answers: read, failed by kind; and those that are wrongly read."""
    chance, counts = random.Random(seed), Counter[str]()
    for _ in range(cases):
        form = chance.choice((DENSE, SPARSE))
        values, (before, after) = random_values(chance), chance.choice(WRAPS)
        answer = written(values, form, "Lead II shows it's regular." if form is DENSE else None).text
        text = before + damage(answer, chance) + ("" if damage is truncated else after)
        reading = parse(text, form)
        counts[reading.error.kind if reading.error else "read"] += 1
        counts["wrongly read"] += bool(said_wrongly(reading, values, text))
    return counts


if __name__ == "__main__":
    main()
