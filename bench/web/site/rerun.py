"""How an entry is run again: the command, and what it must find."""

import shlex
from collections.abc import Sequence

from bench.dataset.phantom import phantoms_named
from bench.view.view import WAVEFORM
from bench.web.site.entry import Entry
from taxonomy.outside import outside_json


def rerun_command(entry: Entry) -> str:
    """Return the ``bench run`` that asks the same; words in capitals stand for files of one's own."""
    settings = entry.settings
    words = ["bench", "run", "--reader", settings.reader, "--data", data_word(settings.dataset)]
    for name, value in settings.options.items():
        words += ["--option", f"{name}={value}"]
    for option, asked, usual in (
        ("--split", settings.split, "test"),
        ("--condition", entry.condition if not _own_condition(entry) else "CONDITION.json", "full"),
        ("--renderer", settings.renderer, ""),
        ("--px-per-mm", str(settings.px_per_mm or ""), ""),
        ("--format", settings.form, ""),
        ("--measurements", settings.measurements, WAVEFORM),
        ("--statements", settings.statements.partition(" ")[0], ""),
        ("--shots", str(settings.shots), "0"),
        ("--seed", str(settings.seed), "0"),
        ("--repeats", str(settings.repeats), "1"),
    ):
        words += [option, asked] if asked not in ("", usual) else []
    return shlex.join(words + ["--demography"] * settings.demography)


def data_word(dataset: str) -> str:
    """Return what follows ``--data``: phantoms by their seed, PTB-XL by its folder, any other by name and path."""
    if phantoms_named(dataset) is not None:
        kind, _, population = dataset.partition("-")
        return f"{kind}:{population.replace('-', ',')}"
    return "PTBXL_DIR" if dataset == "ptbxl" else f"{dataset}:PATH"


def rerun_notes(entry: Entry) -> Sequence[str]:
    """Return what the command alone does not tell."""
    settings = entry.settings
    notes = []
    if any(note.startswith("Partial") for note in entry.notes):
        notes.append(f"It was asked {len(settings.ids)} records, which are not the whole split: add --sample or --ids.")
    if _own_condition(entry):
        shown = outside_json(settings.condition, "the condition")
        told = ", ".join(f"{name}: {value}" for name, value in sorted(shown.items()))
        notes.append(f"CONDITION.json holds {told}.")
    if settings.statements:
        notes.append(f"The statements' file has a SHA-256 that begins with {settings.statements.rpartition(' ')[2]}.")
    return notes


def _own_condition(entry: Entry) -> bool:
    return entry.settings.condition.startswith("{")
