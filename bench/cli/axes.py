"""``bench axes`` and ``bench conditions``: what is asked, and what is shown or hidden, as the code has it."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

from bench.cli.json_output import Told, json_option

if TYPE_CHECKING:
    from bench.view.condition import Condition
    from taxonomy.axis import Axis


@click.command()
@json_option
def axes() -> Told:
    """List the eight axes: what is asked, the values, and the commonest of them in PTB-XL's training folds.

    A number that stands in the prompt decides a text-inferable axis; any other has to be read off the trace. An answer
    is one of the values, and on other_findings a set of them.
    """
    from bench.cli.terminal import show
    from bench.report.table import percent, terminal_table
    from readers.majority import counted_majority
    from taxonomy.axis import AXES, VERSION

    counted = counted_majority()
    found = [_told(axis, counted.get(axis.name)) for axis in AXES]
    rows = []
    for one in found:
        majority = one["majority"]
        share = f"{_words(majority['value'])} {percent(majority['share'])}" if majority else "-"
        rows.append((one["name"], one["kind"], share, ", ".join(one["values"])))
    show(terminal_table(HEADINGS, rows, f"taxonomy {VERSION}", left=HEADINGS))
    return Told(lambda: {"taxonomy": VERSION, "axes": found})


HEADINGS = ("axis", "decided by", "majority", "values")


def _told(axis: "Axis", counted: Mapping[str, Any] | None) -> dict[str, Any]:
    majority = counted and {name: counted[name] for name in ("value", "share", "n", "counted_on")}
    return {
        "name": axis.name,
        "question": axis.question,
        "kind": "text-inferable" if axis.text_inferable else "waveform-only",
        "answer": "a set of values" if axis.is_set else "one value",
        "values": list(axis.values),
        "negative": axis.negative,
        "majority": majority,
    }


def _words(value: object) -> str:
    return (", ".join(map(str, value)) or "no finding") if isinstance(value, list) else str(value)


@click.command()
@json_option
def conditions() -> Told:
    """List the conditions, which hide or exchange a part of each case: 'bench ablate' asks them, and --condition one.

    Every ablation asks the first four; the others are asked where they can tell more. A condition of your own is a JSON
    file: docs/extending.md.
    """
    from bench.cli.terminal import show
    from bench.report.table import terminal_table
    from bench.view.condition import CONDITIONS, CORE

    found = [_condition(one, one.name in CORE) for one in CONDITIONS.values()]
    rows = [(one["name"], one["hides"], one["shows"]) for one in found]
    headings = ("condition", "hides", "what it tells")
    show(terminal_table(headings, rows, left=headings))
    return Told(lambda: {"conditions": found})


def _condition(one: "Condition", is_core: bool) -> dict[str, Any]:
    from dataclasses import asdict

    return {**asdict(one), "without": list(one.without), "hides": one.hides, "is_core": is_core}
