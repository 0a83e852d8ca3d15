"""Settings that decide the outcome of a run, and the run id derived from them."""

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import MISSING, asdict, dataclass, field, fields
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any

from annotated_types import Interval

from bench.dataset import RecordId
from bench.dataset.feature_file import PROGRAMS
from bench.score.scored_case import EVERY_AXIS
from bench.view import CONDITIONS, Cases, View, condition_named, template_version
from bench.view.view import WAVEFORM
from readers.contract import Reader
from readers.setting import checked_settings
from taxonomy.axis import (
    AXIS,
    AXIS_NAMES,
    DIAGNOSIS,
    ISCHEMIA,
    ISCHEMIA_STAGE,
    ISCHEMIA_TERRITORY,
    NORMALITY,
    RATE,
    axis_named,
)
from taxonomy.axis import VERSION as TAXONOMY_VERSION
from taxonomy.error import SettingError, unknown_name
from taxonomy.truth import by_program

AS_IS = "as-is"
"""Stands for a renderer where pages are shown that others drew."""

_SAFE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,99}")
"""Names of datasets and splits, which stand in the name of a run's folder."""


@dataclass(frozen=True)
class Offer:
    """What of a run's answers is scored, and how.

    Attributes
    ----------
    axes : frozenset of str
        Axes that the answer's format asks for and the reader offers, ``normality`` and ``ischemia`` among them;
        ``superclass`` where the most probable one stands in for a diagnosis that is not offered.
    measured : frozenset of str
        Axes on which the reader answers from this project's own measurement, or a program's (``rate by 12SL``).
    """

    axes: frozenset[str] = EVERY_AXIS
    measured: frozenset[str] = frozenset()


@dataclass(frozen=True)
class RunSettings:
    """Everything that the readings of a run depend on.

    Settings for inputs that the reader does not take are empty: options without effect do not make another run.

    Attributes
    ----------
    reader : str
        As after ``--reader``.
    reader_details : mapping of str to str
        Details from the reader, such as the digest of its weights.
    dataset, dataset_version, fingerprint : str
        The records, identified by their checksums.
    is_simulated : bool
        Whether they are simulated.
    split : str
        Name of the split, or ``ids``.
    ids : tuple of RecordId
        Records, in the order in which they are read.
    renderer, px_per_mm, condition, measurements, seed, form, statements, demography, shots
        From the view; a file of statements by name and digest.
    taxonomy_version : str
    prompt : str
        Version and digest of the prompt's text files, where the reader takes text.
    options : mapping of str to str
        As after ``--option``.
    repeats : int
        Repeats of every question.
    axes, measured : tuple of str
        Axes that are asked, and those on which the reader answers from this project's own measurement.
    """

    reader: str
    reader_details: Mapping[str, Any]
    dataset: str
    dataset_version: str
    fingerprint: str
    is_simulated: bool
    split: str
    ids: tuple[RecordId, ...] = field(repr=False)
    renderer: str = "printed"
    px_per_mm: int = 6
    condition: str = "full"
    measurements: str = "waveform"
    seed: int = 0
    taxonomy_version: str = TAXONOMY_VERSION
    form: str = ""
    prompt: str = ""
    options: Mapping[str, str] = field(default_factory=dict)
    repeats: Annotated[int, Interval(ge=1, le=10_000)] = 1
    statements: str = ""
    demography: bool = False
    shots: Annotated[int, Interval(ge=0)] = 0
    axes: tuple[str, ...] = tuple(sorted(EVERY_AXIS))
    measured: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the settings as plain JSON data; without examples none are told, so that such a run keeps its id."""
        data = {**asdict(self), **{name: list(getattr(self, name)) for name in ("ids", "axes", "measured")}}
        return data if self.shots else {name: value for name, value in data.items() if name != "shots"}

    @cached_property
    def run_id(self) -> str:
        """A readable name that ends in a digest of all settings, so that the same run is found again."""
        digest = hashlib.sha256(json.dumps(self.to_json(), sort_keys=True).encode()).hexdigest()[:8]
        shown = "" if self.condition == "full" else f"-{safe_name(self.condition)[:40].strip('-')}"
        return f"{safe_name(self.reader)[:40]}-{self.dataset}-{self.split}{shown}-{digest}"

    @property
    def offer(self) -> Offer:
        """What is scored of the run."""
        return Offer(frozenset(self.axes), frozenset(self.measured))

    @property
    def title(self) -> str:
        """Reader, dataset and split in words."""
        more = "" if self.condition == "full" else f", {condition_named(self.condition).name}"
        more += "" if self.form in {"", "dense"} else f", {self.form}"
        more += ", age and sex" if self.demography else ""
        more += f", {self.shots} examples" if self.shots else ""
        return f"{self.reader} on {self.dataset}, {self.split}{more}"


def safe_name(name: str) -> str:
    """Return a name that is safe for a folder."""
    return "".join(char if char.isascii() and (char.isalnum() or char in "-_") else "-" for char in name.lower())


def settings_of(reader: Reader, name: str, cases: Cases, options: Mapping[str, str], repeats: int) -> RunSettings:
    """Return the settings of a run.

    Parameters
    ----------
    reader : Reader
    name : str
        As after ``--reader``.
    cases : Cases
    options : mapping of str to str
        For the reader.
    repeats : int
    """
    view, cohort = cases.view, cases.cohort
    offer = offer_of(reader, view)
    return RunSettings(
        reader=name,
        reader_details=dict(getattr(reader, "details", {})),
        dataset=cohort.dataset.name,
        dataset_version=cohort.dataset.version,
        fingerprint=cohort.fingerprint,
        is_simulated=cohort.dataset.is_simulated,
        split=cohort.split,
        ids=cohort.ids,
        prompt=template_version() if "text" in view.inputs else "",
        options=options,
        repeats=repeats,
        statements=named_statements(view),
        **shown_by(view),
        axes=tuple(sorted(offer.axes)),
        measured=tuple(sorted(offer.measured)),
    )


def shown_by(view: View) -> dict[str, Any]:
    """Return the settings that follow from a view alone; those without effect on its inputs are empty."""
    text = "text" in view.inputs
    has_numbers = text and view.shown.measurements != "none"
    return {
        "renderer": (AS_IS if view.is_as_is else view.renderer) if view.shows_images else "",
        "px_per_mm": view.px_per_mm if view.shows_images else 0,
        "condition": view.condition,
        "measurements": Path(view.measurements).name if has_numbers else "",
        "seed": view.seed,
        "form": view.form.name if text else "",
        "demography": view.demography and has_numbers,
        "shots": view.shots if text else 0,
    }


def offer_of(reader: Reader, view: View) -> Offer:
    """Return which axes a reader answers in a view, and on which it answers from this project's own measurement.

    A reader of text has that measurement in its prompt, where the view shows the record's own numbers and takes them
    from the waveform; any other says so itself.

    Raises
    ------
    taxonomy.error.SettingError
        When the reader offers no axis, or one that is none.
    """
    offered: frozenset[str] = frozenset(getattr(reader, "axes", AXIS_NAMES))
    measures: frozenset[str] = frozenset(getattr(reader, "measures", ()))
    for name in offered | {name.partition(" by ")[0] for name in measures}:
        axis_named(name)
    asked = view.form.axes if "text" in view.inputs else (*AXIS_NAMES, NORMALITY.name)
    axes = with_followers(offered) & with_followers(asked)
    if not axes:
        raise SettingError(f"reader {reader.name!r} offers {sorted(offered)}, and the format asks for {sorted(asked)}")
    measured = measures | printed_axes(view)
    return Offer(axes, frozenset(name for name in measured if name.partition(" by ")[0] in axes))


def printed_axes(view: View) -> frozenset[str]:
    """Return the axes that a number of the prompt decides which was measured on the record itself, and by whom.

    ``rate`` where this project measured, ``rate by 12SL`` where the numbers come from that program's features.
    """
    program = PROGRAMS.get(Path(view.measurements).name, "")
    known = program or view.measurements == WAVEFORM
    if "text" not in view.inputs or not known or view.shown.measurements != "true":
        return frozenset()
    numbers = {RATE.name: "heart_rate", AXIS.name: "qrs_axis"}
    shown = frozenset(axis for axis, number in numbers.items() if number not in view.shown.without)
    return frozenset(by_program(axis, program) for axis in shown) if program else shown


def with_followers(axes: Iterable[str]) -> frozenset[str]:
    """Return axes with those that follow from them: normality from the diagnosis, ischemia from stage and territory."""
    given = frozenset(axes)
    normality = {NORMALITY.name} if DIAGNOSIS.name in given else set()
    ischemia = {ISCHEMIA.name} if given >= {ISCHEMIA_STAGE.name, ISCHEMIA_TERRITORY.name} else set()
    return given | normality | ischemia


def named_statements(view: View) -> str:
    """Return the name and digest of the view's statements file, empty for a reader that takes none."""
    if view.statements is None or "statements" not in view.inputs:
        return ""
    return f"{view.statements.name} {hashlib.sha256(view.statements.read_bytes()).hexdigest()[:8]}"


def check_version(data: Mapping[str, Any]) -> None:
    """Raise SettingError for the settings of another version of this program, which had other ones."""
    named = {item.name: item.default is MISSING and item.default_factory is MISSING for item in fields(RunSettings)}
    unknown = [name for name in data if name not in named]
    missing = [name for name, is_needed in named.items() if is_needed and name not in data]
    if unknown or missing:
        which = f"has the setting {str(unknown[0])[:80]!r}" if unknown else f"lacks the setting {missing[0]!r}"
        raise SettingError(f"it {which}, so it was made by another version: run it again")


def settings_from(data: object) -> RunSettings:
    """Return the settings that :meth:`RunSettings.to_json` wrote.

    Raises
    ------
    taxonomy.error.BenchError
        When the data has other fields or types, or a name that is not safe in a path.
    """
    if not isinstance(data, Mapping):
        raise SettingError(f"run settings must be a JSON object, not {str(data)[:80]!r}")
    check_version(data)
    settings = checked_settings(RunSettings, data, "run setting")
    for name in (settings.dataset, settings.split):
        if not _SAFE.fullmatch(name):
            raise SettingError(f"run setting {name[:80]!r} may hold only letters, digits, and . _ -")
    if len(set(settings.ids)) < len(settings.ids):
        repeated = next(ecg_id for ecg_id, count in Counter(settings.ids).items() if count > 1)
        raise SettingError(f"run setting ids names record {repeated!r} twice")
    # Settings hold a condition of the user's own whole, and never the path of its file: none is opened.
    if not settings.condition.startswith("{") and settings.condition not in CONDITIONS:
        raise unknown_name("condition", settings.condition[:80], CONDITIONS)
    condition_named(settings.condition)
    return settings
