"""The result of an arm: its score and the verdicts of its ablation, stored as a file."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from bench.experiment.experiments import experiments
from bench.score import Score
from bench.storage import as_json, write_whole
from readers.setting import checked_settings
from taxonomy.error import BenchError, FileError
from taxonomy.outside import object_in


@dataclass(frozen=True)
class ArmResult:
    """The result of one arm.

    Attributes
    ----------
    experiment, arm : str
    model : str
    run_id : str
        Of the headline run, under ``full``.
    is_simulated : bool
    score : Score
    verdicts : mapping of str to str
        Of the ablation, by axis; empty without one.
    """

    experiment: str
    arm: str
    model: str
    run_id: str
    is_simulated: bool
    score: Score
    verdicts: Mapping[str, str]

    def write(self, folder: Path) -> None:
        """Write ``result.json``."""
        write_whole(folder / "result.json", as_json({**asdict(self), "verdicts": dict(self.verdicts)}))


def read_results(folder: Path) -> list[ArmResult]:
    """Return every result in a folder, in the order of the experiments.

    Raises
    ------
    FileError
        When one cannot be read.
    """
    order = [(experiment.name, arm.name) for experiment in experiments().values() for arm in experiment.arms]

    def position(result: ArmResult) -> tuple[int, str]:
        key = (result.experiment, result.arm)
        return order.index(key) if key in order else len(order), result.arm

    return sorted((_read(path) for path in folder.glob("*/*/result.json")), key=position)


def _read(path: Path) -> ArmResult:
    data = object_in(path)
    try:
        Score.from_json(data.get("score"))
        return checked_settings(ArmResult, data, "field")
    except BenchError as error:
        raise FileError(f"{path} is not a result of an experiment: {error}") from error
