"""What there is to look at: run folders and folders of explanations, found below what was named."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from bench.report.explain_file import ExplainedFile, read_explained
from bench.run.below import runs_below
from bench.run.folder import RunFolder
from bench.run.settings import RunSettings
from readers.human import is_person
from taxonomy.axis import SAME_ANSWERS, VERSION
from taxonomy.error import BenchError, RunError

EXPLANATION = "explain.json"


@dataclass(frozen=True)
class FoundRun:
    """A run folder.

    Attributes
    ----------
    number : int
        Its place among those that are shown, under which pages ask for it: nothing of a path stands in an address.
    folder : RunFolder
    settings : RunSettings or None
        None where the run cannot be shown.
    problem : str
        Why it cannot be shown, in a sentence; else empty.
    """

    number: int
    folder: RunFolder
    settings: RunSettings | None = None
    problem: str = ""

    @property
    def name(self) -> str:
        """The name of its folder."""
        return self.folder.path.resolve().name


@dataclass(frozen=True)
class FoundExplanation:
    """A folder that ``bench explain`` wrote, and what its file says."""

    path: Path
    file: ExplainedFile

    def is_of(self, settings: RunSettings) -> bool:
        """Tell whether it explains the reader of a run on the same dataset."""
        details = {name: str(value) for name, value in settings.reader_details.items()}
        return (self.file.reader, self.file.reader_details, self.file.dataset) == (
            settings.reader,
            details,
            settings.dataset,
        )


@dataclass(frozen=True)
class Found:
    """Everything below the folders that were named.

    Attributes
    ----------
    runs : tuple of FoundRun
    explanations : tuple of FoundExplanation
    notes : tuple of str
        What cannot be shown and why, a sentence each.
    """

    runs: tuple[FoundRun, ...]
    explanations: tuple[FoundExplanation, ...]
    notes: tuple[str, ...]

    @cached_property
    def shown(self) -> tuple[FoundRun, ...]:
        """The runs that can be shown."""
        return tuple(run for run in self.runs if run.settings is not None)


def find(places: Sequence[Path]) -> Found:
    """Return the runs in these folders, and the explanations beside them.

    Parameters
    ----------
    places : sequence of Path
        Run folders, or folders that hold some.

    Raises
    ------
    taxonomy.error.RunError
        When one of them is missing or holds no run, or none of the runs can be shown.
    """
    folders = dict.fromkeys(folder for place in places for folder in runs_below(place))
    runs = tuple(_opened(number, folder) for number, folder in enumerate(folders))
    found, damaged = _explanations(places, folders)
    problems = [run.problem for run in runs if run.problem]
    if problems and len(problems) == len(runs):
        raise RunError(problems[0])
    return Found(runs, found, (*problems, *damaged))


def _opened(number: int, path: Path) -> FoundRun:
    folder = RunFolder(path)
    try:
        settings = folder.settings()
    except BenchError as error:
        return FoundRun(number, folder, problem=str(error))
    if settings.taxonomy_version not in SAME_ANSWERS:
        said = (
            f"{path} answers taxonomy {settings.taxonomy_version}, and this version shows {VERSION}: look at it with "
            "the version that made it, or run it again"
        )
        return FoundRun(number, folder, problem=said)
    if _is_being_read(folder, settings):
        said = (
            f"{settings.reader} is still reading {path}: it is shown, with the truth of its cases, once all of them "
            "are answered"
        )
        return FoundRun(number, folder, problem=said)
    return FoundRun(number, folder, settings)


def _is_being_read(folder: RunFolder, settings: RunSettings) -> bool:
    """Tell whether a person has cases of a run before them still, whose truth nobody should show them by accident."""
    if not is_person(settings.reader):
        return False
    try:
        readings = folder.every_reading()[0]
    except BenchError:
        return False  # what is damaged is told where the run is listed
    return not {key.ecg_id for key in readings}.issuperset(settings.ids)


def _explanations(
    places: Sequence[Path], runs: Sequence[Path] | dict[Path, None]
) -> tuple[tuple[FoundExplanation, ...], list[str]]:
    """Return the explanations in the places and beside the runs, and why others cannot be shown."""
    beside = dict.fromkeys([*places, *(run.parent for run in runs)])
    paths = dict.fromkeys(path for place in beside for path in sorted(place.glob(f"*/{EXPLANATION}")))
    found, problems = [], []
    for path in paths:
        try:
            found.append(FoundExplanation(path.parent, read_explained(path)))
        except BenchError as error:
            problems.append(str(error))
    return tuple(found), problems
