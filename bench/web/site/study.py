"""What other commands found of a reader: evidence, probes and explanations in a folder of runs."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from bench.dataset import Dataset
from bench.dataset.phantom import phantoms_named
from bench.evidence.axis_evidence import AxisEvidence
from bench.report.explain_file import ExplainedFile, read_explained
from bench.report.explain_gallery import NOTE_ON_REPORT, REPORT
from bench.report.probe_page import thresholds
from bench.tracing.dose_response import DoseResult
from bench.web.site.entry import SiteReader
from readers.setting import checked_settings
from taxonomy.error import BenchError, FileError
from taxonomy.outside import MEBIBYTE, object_in, outside_bytes

Kind = Literal["evidence", "probe", "explain"]

PAGES: Mapping[str, Kind] = {"evidence.json": "evidence", "probe.json": "probe", "explain.json": "explain"}
"""The file by which a study is known."""

TITLES: Mapping[Kind, str] = {"evidence": "Evidence", "probe": "Probe", "explain": "Explanations"}

PNG, HEADER = b"\x89PNG\r\n\x1a\n", 24
"""How a PNG picture begins, and the bytes at least that tell its size."""

_FIGURE = re.compile(r"pictures/(?:(?:evidence|probe|degrade)|explain/(?:heat|curves|joint)-[\w.-]+)\.png", re.ASCII)
"""Pictures that hold figures over many records and show none of them."""

_GALLERY = re.compile(r"^## Gallery$.*?(?=^## |\Z)", re.MULTILINE | re.DOTALL)
"""The part of a page of explanations that tells of single records."""

_PICTURE = re.compile(r"!\[[^\]]*\]\((pictures/(?:[\w.-]+/){0,3}[\w-][\w.-]*\.png)\)", re.ASCII)
_PROBED = re.compile(r"(?P<reader>.+), \d+ of \d+ records of (?P<dataset>[\w.-]+), [\w.-]+", re.ASCII)


@dataclass(frozen=True, eq=False)
class Study:
    """What one command found of one reader.

    Attributes
    ----------
    kind : str
    name : str
        Of its folder.
    reader : str
    run_id : str
        Of the run that it belongs to; empty where it does not tell one.
    details : mapping or None
        The reader's, where it tells them.
    page : str
        The report, Markdown.
    pictures : mapping of str to bytes
        PNG files by the path that the report has for them.
    axes : tuple of AxisEvidence
        Of evidence.
    doses : sequence of (change, direction, dose)
        Of a probe: where half of the answers have moved.
    explained : ExplainedFile or None
    dataset : str
        Whose records it was made on; empty where it does not tell.
    is_simulated : bool
        Whether these are phantoms.
    caveats : tuple of str
        What its figures cannot be taken for, where it tells so apart from its page.
    """

    kind: Kind
    name: str
    reader: str
    page: str
    pictures: Mapping[str, bytes]
    run_id: str = ""
    details: Mapping[str, Any] | None = None
    axes: tuple[AxisEvidence, ...] = ()
    doses: Sequence[tuple[str, str, str]] = ()
    explained: ExplainedFile | None = None
    dataset: str = ""
    is_simulated: bool = False
    caveats: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        """What it is."""
        return TITLES[self.kind]

    @property
    def columns_left_out(self) -> tuple[str, ...]:
        """Headings of columns that the site never shows: reports of recordings are their dataset's."""
        return () if self.is_simulated else (REPORT,)

    @property
    def shows_recordings(self) -> bool:
        """Whether a picture of it may show a recording."""
        return not self.is_simulated and not all(map(_FIGURE.fullmatch, self.pictures))

    def is_of(self, reader: SiteReader) -> bool:
        """Tell whether it is of this reader: of a run of it, or of its name and details as far as it tells them."""
        if self.run_id and any(entry.settings.run_id == self.run_id for _, entry in reader.places):
            return True
        if self.reader != reader.name:
            return False
        return self.details is None or dict(self.details) == dict(reader.first.settings.reader_details)


def studies_in(runs: Path) -> tuple[tuple[Study, ...], tuple[str, ...]]:
    """Return the studies in a folder of runs, and a sentence on each that was left out."""
    found, left = [], []
    for folder in (runs, *sorted(path for path in runs.iterdir() if path.is_dir() and not path.is_symlink())):
        for name, kind in PAGES.items():
            if (folder / name).is_file():
                try:
                    found.append(_study(folder, kind))
                except BenchError as error:
                    left.append(f"left out: {error}")
    return tuple(found), tuple(left)


def matched(studies: Sequence[Study], readers: Sequence[SiteReader]) -> tuple[dict[str, list[Study]], tuple[str, ...]]:
    """Return the studies of each reader by its slug, and a sentence on each that is of none or might be of several."""
    found: dict[str, list[Study]] = {}
    left = []
    for study in studies:
        of = [reader for reader in readers if study.is_of(reader)]
        exact = [one for one in of if any(entry.settings.run_id == study.run_id for _, entry in one.places)]
        if len(exact or of) == 1:
            found.setdefault((exact or of)[0].slug, []).append(study)
        else:
            why = "no run of it is on the site" if not of else f"it may be of {len(of)} entries with other options"
            left.append(f"left out: {study.name} is of {study.reader}, and {why}")
    return found, tuple(left)


def shown(studies: Sequence[Study], dataset: Dataset | None) -> tuple[list[Study], tuple[str, ...]]:
    """Return studies with no more of recordings than their owner wants, and a sentence on each that lost something.

    Parameters
    ----------
    studies : sequence of Study
    dataset : Dataset or None
        Whose recordings may be shown; phantoms always may.
    """
    found, left = [], []
    for study in studies:
        may = study.is_simulated or (dataset is not None and dataset.name == study.dataset)
        found.append(_told(study) if may else _figures_alone(study))
        if not may and study.shows_recordings:
            what = f"recordings of {study.dataset}" if study.dataset else "recordings"
            left.append(f"left out of {study.name}: its gallery and pictures of {what}, which --data would let in")
    return found, tuple(left)


def _told(study: Study) -> Study:
    """Return a study without what is said of a column that the site does not show."""
    return study if study.is_simulated else replace(study, page=study.page.replace(NOTE_ON_REPORT, ""))


def _figures_alone(study: Study) -> Study:
    pictures = {name: content for name, content in study.pictures.items() if _FIGURE.fullmatch(name)}
    return replace(study, page=_GALLERY.sub("", study.page), pictures=pictures)


def _study(folder: Path, kind: Kind) -> Study:
    page = _text(folder / f"{kind}.md")
    pictures = {name: _picture(folder, name) for name in dict.fromkeys(_PICTURE.findall(page))}
    made = {"evidence": _evidence, "probe": _probe, "explain": _explained}[kind](folder / f"{kind}.json")
    return Study(kind, folder.name, page=page, pictures=pictures, **made)


def _evidence(path: Path) -> dict[str, Any]:
    data = object_in(path, links=False)
    axes, run_id, reader = data.get("axes"), data.get("run_id"), data.get("reader")
    if not isinstance(axes, list) or not isinstance(run_id, str) or not isinstance(reader, str):
        raise FileError(f"{path} holds no evidence of a run: make it anew with 'bench ablate'")
    told = tuple(checked_settings(AxisEvidence, _object(axis, path), f"{path}: an axis's") for axis in axes)
    caveats = data.get("caveats", [])
    if not isinstance(caveats, list) or not all(isinstance(one, str) for one in caveats):
        raise FileError(f"{path} holds caveats that are no sentences: make it anew with 'bench ablate'")
    more = {"is_simulated": data.get("is_simulated") is True, "caveats": tuple(caveats)}
    return {"reader": reader, "run_id": run_id, "axes": told, **more}


def _probe(path: Path) -> dict[str, Any]:
    data = object_in(path, links=False)
    title, results = data.get("title"), data.get("results")
    told = _PROBED.fullmatch(title) if isinstance(title, str) else None
    if told is None or not isinstance(results, list):
        raise FileError(f"{path} holds no probe of a reader: make it anew with 'bench probe'")
    doses = [checked_settings(DoseResult, _object(one, path), f"{path}: a dose's") for one in results]
    dataset = told["dataset"]
    more = {"dataset": dataset, "is_simulated": phantoms_named(dataset) is not None}
    return {"reader": told["reader"], "doses": thresholds(doses), **more}


def _explained(path: Path) -> dict[str, Any]:
    found = read_explained(path)
    more = {"dataset": found.dataset, "is_simulated": found.is_simulated}
    return {"reader": found.reader, "details": found.reader_details, "explained": found, **more}


def _object(data: object, path: Path) -> Mapping[str, object]:
    if not isinstance(data, dict):
        raise FileError(f"{path} holds {str(data)[:40]!r} in the place of a JSON object: make it anew")
    return data


def _text(path: Path) -> str:
    try:
        return outside_bytes(path, size=16 * MEBIBYTE, links=False).decode("utf-8")
    except ValueError as error:
        raise FileError(f"{path} is no text in UTF-8: make it anew") from error


def _picture(folder: Path, name: str) -> bytes:
    path = folder / name
    if any(parent.is_symlink() for parent in (path.parent, path.parent.parent) if parent != folder):
        raise FileError(f"{path} lies behind a link, and links are not followed here")
    content = outside_bytes(path, links=False)
    if not content.startswith(PNG) or len(content) < HEADER:
        raise FileError(f"{path} is no PNG picture")
    return content
