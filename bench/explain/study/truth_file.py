"""The known truth of methods on disk, since it is the same for every reader of a dataset."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from bench.dataset import Dataset
from bench.explain.belief.belief import BeliefOptions, truth_of
from bench.explain.belief.estimate import Estimate
from bench.explain.belief.planted import Known
from bench.explain.maps.method import chosen
from bench.progress import SILENT, Observer
from bench.storage import as_json, write_whole
from taxonomy.error import FileError
from taxonomy.outside import outside_bytes, outside_object


def kept_truth(dataset: Dataset, options: BeliefOptions, path: Path, observer: Observer = SILENT) -> list[Known]:
    """Return how well methods find what is planted in recordings of a dataset, taken from a file that has it.

    Raises
    ------
    taxonomy.error.FileError
        When the file is damaged.
    taxonomy.error.RunError
        As :func:`bench.explain.belief.belief.truth_of`.
    """
    settings = _settings(dataset, options)
    if path.is_file():
        data = outside_object(outside_bytes(path), path)
        if data.get("settings") == settings:
            return _known(data, path)
    with observer.progress("known truth: planting evidence, and teaching a network to see it"):
        found = truth_of(dataset, options)
    write_whole(path, as_json({"settings": settings, "known": [asdict(one) for one in found]}))
    return found


def _settings(dataset: Dataset, options: BeliefOptions) -> dict[str, Any]:
    methods = [method.name for method in chosen(options.methods)]
    own = {
        "dataset": dataset.name,
        "version": dataset.version,
        "records": sum(bool(record.rates) for record in dataset),
    }
    settings: dict[str, Any] = json.loads(
        json.dumps({**own, "methods": methods, "tracings": options.tracings, "seed": options.seed})
    )
    return settings


def _known(data: dict[str, Any], path: Path) -> list[Known]:
    try:
        return [_row(one) for one in data["known"]]
    except (KeyError, TypeError) as error:
        raise FileError(f"{path} holds no known truth ({error!r}); remove it") from error


def _row(data: dict[str, Any]) -> Known:
    estimates: Sequence[str] = ("area", "energy", "random", "above_null", "pointing")
    return Known(data["method"], data["kind"], **{name: Estimate(**data[name]) for name in estimates})
