"""What an arm gave: its score and the verdicts of its ablation, kept as a file."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from bench.experiment.experiments import experiments
from bench.score import Score
from bench.storage import as_json, write_whole
from taxonomy.error import FileError


@dataclass(frozen=True)
class ArmResult:
    """One arm.

    Attributes
    ----------
    experiment, arm : str
    model : str
    run_id : str
        Of the headline run, under ``full``.
    is_sample : bool
    score : Score
    verdicts : mapping of str to str
        By axis, from the ablation; empty without one.
    """

    experiment: str
    arm: str
    model: str
    run_id: str
    is_sample: bool
    score: Score
    verdicts: Mapping[str, str]

    def write(self, folder: Path) -> None:
        """Write ``result.json``."""
        write_whole(folder / "result.json", as_json({**asdict(self), "verdicts": dict(self.verdicts)}))


def read_results(folder: Path) -> list[ArmResult]:
    """Return every result below a folder, in the order of the experiments.

    Raises
    ------
    FileError
        When one cannot be read.
    """
    found = [_read(path) for path in folder.glob("*/*/result.json")]
    order = {(one.name, arm.name): (one.order, n) for one in experiments().values() for n, arm in enumerate(one.arms)}
    return sorted(found, key=lambda one: (order.get((one.experiment, one.arm), (99, 0)), one.arm))


def _read(path: Path) -> ArmResult:
    try:
        data: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return ArmResult(**{**data, "score": Score.from_json(data["score"])})
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise FileError(f"{path} is no result of an experiment: {error}") from error
