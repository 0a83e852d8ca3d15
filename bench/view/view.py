"""The view: one object decides, for every study, what a reader is shown of a record and how it is asked."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any

from bench.dataset import Record, RecordId, Signal
from bench.view.condition import Condition, condition_named
from bench.view.printout import Printout, demography
from bench.view.prompt import prompt
from measurements import Measurements
from readers.contract import INPUTS, Input, Prompt, Reader
from renderers import PageStyle, Picture, render, renderer, usual_px_per_mm
from taxonomy.error import FileError, SettingError, unknown_name
from taxonomy.target import TargetFormat, target_format, without_reasoning

USUAL: Mapping[str, Any] = {"renderer": "printed", "px_per_mm": 0, "format": "dense"}
"""Defaults, used where neither the user nor the reader decides; the resolution is then the renderer's usual one."""

_KINDS: Mapping[str, Any] = {
    **dict.fromkeys(("condition", "renderer", "format", "measurements"), str),
    **dict.fromkeys(("px_per_mm", "seed", "shots"), int),
    "statements": Path | None,
    "inputs": frozenset,
    "preferred_fs": int | None,
    **dict.fromkeys(("demography", "keeps_originals", "is_as_is"), bool),
}

WAVEFORM = "waveform"
"""Source of the prompt's numbers: measured on the record's own signal."""


@dataclass(frozen=True)
class View:
    """What a reader is shown of a record, and how it is asked.

    :meth:`settled` fixes a view for one reader: it fills in the reader's inputs, and takes a renderer, resolution or
    format that was left open from what the reader was taught.

    Attributes
    ----------
    condition : str
        What of a case is shown: a name, the path of a JSON file, or JSON. A file is read when the view is made.
    renderer : str
        What draws the images; empty leaves it open.
    px_per_mm : int
        Resolution of the images; 0 leaves it open.
    format : str
        Target format of the answer; empty leaves it open.
    measurements : str
        Where the numbers of the prompt come from: ``waveform``, or the path of a PTB-XL+ features file.
    statements : Path or None
        PTB-XL+'s 12SL statements, for readers that take them.
    seed : int
        Decides donors, masked leads, jitter and opaque case ids.
    inputs : frozenset of {"signal", "image", "text", "statements"}
        What the reader takes; the rest of a case is left empty.
    preferred_fs : int or None
        Sampling rate in Hz at which the reader wants signals.
    demography : bool
        Whether age and sex are printed with the numbers, those of the patient whose numbers they are.
    shots : int
        Worked examples of other patients, from the training folds, that stand before each question.
    keeps_originals : bool
        Whether pictures keep what they were drawn from, for readers with instruments; it changes no picture, and
        stands in no manifest.
    is_as_is : bool
        Whether readers of pictures are shown the pages that records came as; :meth:`as_is` sets it.

    Raises
    ------
    taxonomy.error.BenchError
        When there is no such condition, renderer or format, or a page cannot be drawn at that resolution.
    """

    condition: str = "full"
    renderer: str = ""
    px_per_mm: int = 0
    format: str = ""
    measurements: str = WAVEFORM
    statements: Path | None = None
    seed: int = 0
    inputs: frozenset[Input] = frozenset()
    preferred_fs: int | None = None
    demography: bool = False
    shots: int = 0
    keeps_originals: bool = False
    is_as_is: bool = False

    def __post_init__(self) -> None:
        for name, kind in _KINDS.items():
            if not isinstance(getattr(self, name), kind):
                raise SettingError(
                    f"a view's {name} must be {getattr(kind, '__name__', kind)}, not {getattr(self, name)!r}"
                )
        unknown = sorted(self.inputs.difference(INPUTS))
        if unknown:
            raise unknown_name("input", unknown[0], INPUTS)
        object.__setattr__(self, "condition", condition_named(self.condition).text)
        if self.renderer:
            renderer(self.renderer)
        if self.px_per_mm:
            PageStyle(px_per_mm=self.px_per_mm)
        if self.format:
            target_format(self.format)
        if self.shots < 0:
            raise SettingError(f"a view's shots must be 0 or more, not {self.shots}")

    def settled(self, reader: Reader) -> "View":
        """Return the view for one reader: its inputs, and what was left open as it was taught, else the default.

        Raises
        ------
        taxonomy.error.SettingError
            When the condition takes away all that the reader reads, or the reader needs statements and none are named.
        """
        inputs = frozenset(reader.inputs)
        if inputs and self.shown.images == "none" and "text" not in inputs:
            raise SettingError(
                f"condition {self.shown.name!r} shows no trace, but reader {reader.name!r} reads nothing else"
            )
        if "statements" in inputs and self.statements is None:
            raise SettingError(f"reader {reader.name!r} needs PTB-XL+'s 12sl_statements.csv: name it with --statements")
        settled = self.for_inputs(inputs, getattr(reader, "trained_on", {}))
        keeps = bool(getattr(reader, "enlarges", False))
        return replace(settled, preferred_fs=getattr(reader, "preferred_fs", None), keeps_originals=keeps)

    def for_inputs(self, inputs: frozenset[Input], taught: Mapping[str, Any] = MappingProxyType({})) -> "View":
        """Return the view for these inputs; what was left open is taken from ``taught``, else from the defaults."""
        chosen = {name: getattr(self, name) or taught.get(name, usual) for name, usual in USUAL.items()}
        chosen["px_per_mm"] = chosen["px_per_mm"] or usual_px_per_mm(chosen["renderer"])
        return replace(self, inputs=inputs, demography=self.demography or taught.get("demography", False), **chosen)

    def as_is(self) -> "View":
        """Return the view of pages as they are: no renderer draws them.

        Raises
        ------
        taxonomy.error.SettingError
            When the condition changes the traces.
        """
        if self.shows_images and (self.shown.lead_mask or self.shown.jittered):
            raise SettingError(
                f"condition {self.shown.name!r} changes the traces, and pages of a folder are shown as they are: "
                "leave it out"
            )
        return replace(self, renderer="", px_per_mm=0, is_as_is=True)

    def without_reasoning(self) -> "View":
        """Return the view that asks for the same answer without reasoning."""
        return replace(self, format=without_reasoning(self.format or USUAL["format"]))

    @cached_property
    def shown(self) -> Condition:
        """What of a case is shown."""
        return condition_named(self.condition)

    @property
    def form(self) -> TargetFormat:
        """Form in which the answer is asked for."""
        return target_format(self.format)

    @property
    def style(self) -> PageStyle:
        """Scale of a page."""
        return PageStyle(px_per_mm=self.px_per_mm, keeps_original=self.keeps_originals)

    @property
    def shows_images(self) -> bool:
        """Whether a case holds images, empty pages among them."""
        return "image" in self.inputs and self.shown.images != "none"

    @property
    def needs_signal(self) -> bool:
        """Whether only records with a signal at hand can be shown."""
        return not self.inputs or not {"signal", "image", "text"}.isdisjoint(self.inputs)

    def drawn(self, signal: Signal, like: Sequence[Picture] = ()) -> tuple[Picture, ...]:
        """Return the pages of a signal; those of a masked copy are drawn like the pages of the whole record.

        Raises SettingError where pages are shown as they are.
        """
        if self.is_as_is:
            raise SettingError("pages of a folder are shown as they are: nothing of them is changed and drawn again")
        return render(signal.mv, signal.fs, self.renderer, self.style, like)

    def prompt(self, numbers: Measurements, images: Sequence[Picture], patient: Record | None = None) -> Prompt | None:
        """Return the prompt of a case, None for a reader that takes no text; the numbers are this patient's."""
        if "text" not in self.inputs:
            return None
        printout = Printout(numbers, demography(patient) if patient and self.demography else "")
        return prompt(printout, images, self.shown, self.form, self.renderer)

    def case_id(self, name: str, ecg_id: RecordId) -> str:
        """Return the opaque id of a record in the run or study of that name, 12 hex digits."""
        return hashlib.sha256(f"{name} {self.seed} {ecg_id}".encode()).hexdigest()[:12]

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON data; files by name only, since paths would reveal the user's machine."""
        return {
            **{
                name: getattr(self, name)
                for name in ("condition", *USUAL, "seed", "preferred_fs", "demography", "shots")
            },
            "inputs": sorted(self.inputs),
            "measurements": Path(self.measurements).name,
            "statements": self.statements.name if self.statements else None,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "View":
        """Return the view that :meth:`to_json` wrote; a file is looked for under its name in the current folder.

        Raises
        ------
        taxonomy.error.FileError
            When the data is of another form.
        """
        try:
            statements = Path(data["statements"]) if data["statements"] else None
            return cls(**{**data, "inputs": frozenset(data["inputs"]), "statements": statements})
        except (KeyError, TypeError) as error:
            raise FileError(f"not a view of this version ({error})") from error
