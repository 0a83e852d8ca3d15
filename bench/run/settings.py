"""What decides the outcome of a run, and the id that follows from it."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import Any

from bench.dataset import RecordId
from taxonomy.axis import VERSION as TAXONOMY_VERSION


@dataclass(frozen=True)
class RunSettings:
    """Everything that the readings of a run depend on.

    Attributes
    ----------
    reader : str
        As after ``--reader``.
    reader_details : mapping of str to str
        What the reader says of itself, such as the digest of its weights.
    dataset, dataset_version, fingerprint : str
        Which records, told by their checksums.
    is_sample : bool
        Whether they are the embedded sample's.
    split : str
        Name of the split, or ``ids``.
    ids : tuple of int
        Records, in the order in which they are read.
    renderer : str
        What draws the images, where the reader takes images.
    px_per_mm : int
    condition : str
        What of a case is shown: a name, or the JSON of a condition of the user's own.
    measurements : str
        Where the numbers of the prompt come from: ``waveform``, or the features file's kind.
    seed : int
    taxonomy_version : str
    form : str
        Target format of the answer, where the reader takes text.
    prompt : str
        Version and digest of the prompt's text files, where the reader takes text.
    options : mapping of str to str
        As after ``--option``.
    repeats : int
        How often every case is asked.
    statements : str
        Name and digest of the file of an interpretation program's statements, where the reader takes them.
    """

    reader: str
    reader_details: Mapping[str, str]
    dataset: str
    dataset_version: str
    fingerprint: str
    is_sample: bool
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
    repeats: int = 1
    statements: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return the settings as plain JSON data."""
        return {**asdict(self), "ids": list(self.ids)}

    @cached_property
    def run_id(self) -> str:
        """A readable name that ends in a digest of all settings, so the same run is found again."""
        digest = hashlib.sha256(json.dumps(self.to_json(), sort_keys=True).encode()).hexdigest()[:8]
        name = _safe(self.reader)[:40]
        shown = "" if self.condition == "full" else f"-{_safe(self.condition)[:40].strip('-')}"
        return f"{name}-{self.dataset}-{self.split}{shown}-{digest}"

    def case_id(self, ecg_id: RecordId) -> str:
        """Return the opaque id under which the reader sees a record in this run."""
        return hashlib.sha256(f"{self.run_id} {self.seed} {ecg_id}".encode()).hexdigest()[:12]


def _safe(name: str) -> str:
    """Return a name as a folder may have it."""
    return "".join(char if char.isalnum() or char in "-_" else "-" for char in name.lower())


def settings_from(data: Mapping[str, Any]) -> RunSettings:
    """Return the settings that :meth:`RunSettings.to_json` wrote.

    Raises
    ------
    TypeError
        When the data has other fields.
    """
    return RunSettings(**{**data, "ids": tuple(data["ids"])})
