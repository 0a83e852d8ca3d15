"""The known truth of methods on disk: it is the same for every reader, and measured once."""

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from bench.dataset import Dataset
from bench.explain.belief.belief import BeliefOptions
from bench.explain.belief.estimate import Estimate
from bench.explain.belief.planted import Known
from bench.progress import SILENT, Observer
from bench.run.settings import safe_name
from bench.storage import as_json, write_whole
from taxonomy.error import FileError
from taxonomy.outside import outside_bytes, outside_object


def kept_truth(  # noqa: PLR0913  # what is measured of what, how, and where it is kept
    dataset: Dataset,
    methods: Sequence[str],
    options: BeliefOptions,
    out: Path,
    measured: Callable[[], list[Known]],
    observer: Observer = SILENT,
) -> list[Known]:
    """Return how well methods find what is planted in recordings of a dataset, from a file where it has it.

    Parameters
    ----------
    dataset : Dataset
    methods : sequence of str
    options : BeliefOptions
    out : Path
        Where folders go; the file stands beside them, since no reader has a part in it.
    measured : callable
        Measures it, where the file has it not.
    observer : Observer

    Raises
    ------
    taxonomy.error.FileError
        When the file is damaged.
    taxonomy.error.RunError
        As :func:`bench.explain.belief.belief.truth_of`.
    """
    settings = {
        "dataset": dataset.name,
        "version": dataset.version,
        "records": sum(bool(record.rates) for record in dataset),
        "methods": list(methods),
        "tracings": options.tracings,
        "seed": options.seed,
    }
    digest = hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()[:8]
    path = out / f"known-truth-{safe_name(dataset.name)}-{digest}.json"
    if path.is_file():
        data = outside_object(outside_bytes(path), path)
        if data.get("settings") == settings:
            return _known(data, path)
    with observer.progress("known truth: planting evidence, and teaching a network to see it"):
        found = measured()
    write_whole(path, as_json({"settings": settings, "known": [asdict(one) for one in found]}))
    return found


def _known(data: dict[str, Any], path: Path) -> list[Known]:
    try:
        return [_row(one) for one in data["known"]]
    except (KeyError, TypeError) as error:
        raise FileError(f"{path} holds no known truth ({error!r}); remove it") from error


def _row(data: dict[str, Any]) -> Known:
    estimates = ("area", "energy", "random", "above_null", "pointing")
    return Known(data["method"], data["kind"], **{name: Estimate(**data[name]) for name in estimates})
