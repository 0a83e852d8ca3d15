"""How an entry is run again: the command, and what it must find."""

import re
import shlex
from collections.abc import Sequence

from bench.dataset.page_folder import PAGES
from bench.dataset.phantom import phantoms_named
from bench.view.view import WAVEFORM
from bench.web.site.entry import Entry
from readers.human import KIND, is_person
from taxonomy.outside import outside_json

MOST_IDS = 100
"""Records that a command names one by one; more are told of in a note."""

_SELECTION = re.compile(
    r"(?P<split>.+?)(?:-(?P<there>\d+)of(?P<every>\d+))?(?:-sample(?P<limit>\d+)(?:-seed\d+)?)?", re.ASCII
)
"""The name of a selection, as :meth:`bench.dataset.Dataset.cohort` gives it."""


def rerun_command(entry: Entry) -> str:
    """Return the ``bench run`` that asks the same; words in capitals stand for files of one's own."""
    settings = entry.settings
    words = [*_asked(entry), *_data_words(settings.dataset), *_selected(entry)]
    for option, asked, usual in (
        ("--condition", entry.condition if not _own_condition(entry) else "CONDITION.json", "full"),
        ("--renderer", settings.renderer, ""),
        ("--px-per-mm", str(settings.px_per_mm or ""), ""),
        ("--format", "" if is_person(settings.reader) else settings.form, ""),
        ("--measurements", settings.measurements, WAVEFORM),
        ("--statements", settings.statements.partition(" ")[0], ""),
        ("--shots", str(settings.shots), "0"),
        ("--seed", str(settings.seed), "0"),
        ("--repeats", str(settings.repeats), "1"),
    ):
        words += [option, asked] if asked not in ("", usual) else []
    return shlex.join(words + ["--demography"] * settings.demography)


def _asked(entry: Entry) -> list[str]:
    """Return the command that asks a model, or a person, and its options."""
    settings = entry.settings
    if is_person(settings.reader):
        show = settings.options.get("show", "")
        words = ["bench", "read-blind", "--as", settings.reader.removeprefix(f"{KIND}:")]
        return words + (["--show", show] if show else [])
    words = ["bench", "run", "--reader", settings.reader]
    for name, value in settings.options.items():
        words += ["--option", f"{name}={value}"]
    return words


def _data_words(dataset: str) -> list[str]:
    """Return phantoms by their seed, PTB-XL by its folder, pages by theirs, any other by name and path."""
    kind, _, own = dataset.partition("-")
    if phantoms_named(dataset) is not None:
        return ["--data", f"{kind}:{own.replace('-', ',')}"]
    if kind == PAGES:
        return ["--images", "FOLDER", *["--cropped"] * own.startswith("cropped-")]
    if kind == "wfdb":
        return ["--data", "wfdb:PATH"]
    if dataset == "challenge-lenient":
        return ["--data", "challenge:PATH,lenient"]
    return ["--data", "PTBXL_DIR" if dataset == "ptbxl" else f"{dataset}:PATH"]


def _selected(entry: Entry) -> list[str]:
    """Return what selects the records: a split, a draw from one, or their ids."""
    settings = entry.settings
    told = _SELECTION.fullmatch(settings.split)
    if told is None or told["split"] == "ids":
        few = len(settings.ids) <= MOST_IDS
        return ["--ids", ",".join(map(str, settings.ids)) if few else "ID,ID,..."]
    words = ["--split", told["split"]] if told["split"] != "test" else []
    return words + (["--sample", told["limit"]] if told["limit"] else [])


def rerun_notes(entry: Entry) -> Sequence[str]:
    """Return what the command alone does not tell."""
    settings = entry.settings
    notes = []
    told = _SELECTION.fullmatch(settings.split)
    if told is not None and told["split"] == "ids" and len(settings.ids) > MOST_IDS:
        notes.append(f"Its manifest.json lists the {len(settings.ids):,} records that it was asked about.")
    if told is not None and told["there"]:
        notes.append(
            f"Of the split's {int(told['every']):,} records {int(told['there']):,} had a recording where it was made: "
            "with others at hand, others are asked about."
        )
    if _own_condition(entry):
        shown = outside_json(settings.condition, "the condition")
        parts = ", ".join(f"{name}: {value}" for name, value in sorted(shown.items()))
        notes.append(f"CONDITION.json holds {parts}.")
    if settings.statements:
        notes.append(f"The statements' file has a SHA-256 that begins with {settings.statements.rpartition(' ')[2]}.")
    return notes


def _own_condition(entry: Entry) -> bool:
    return entry.settings.condition.startswith("{")
