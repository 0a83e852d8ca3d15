"""What a log tells of its evaluation: the model, how it was asked, and which cases of ours it was shown."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.dataset import RecordId
from bench.inspection.asking import ASKED, NAME
from bench.run.settings import RunSettings, settings_from
from taxonomy.error import BenchError, FileError
from taxonomy.redaction import HIDDEN, redacted_data
from taxonomy.secret import NAMES, shown_address

WITHOUT_EFFECT = frozenset(
    {"max_retries", "timeout", "attempt_timeout", "max_connections", "adaptive_connections", "batch", "cache"}
)
"""Settings of Inspect's generation that decide no answer."""

GENERATE = "generate"
"""Inspect's own solver: it sends what the task asks, and nothing else."""

MOST_EPOCHS = 10_000
LONGEST = 4_000
"""Characters of a detail at most; a longer one is told by its beginning."""


@dataclass(frozen=True, eq=False)
class Header:
    """The head of a log.

    Attributes
    ----------
    name : str
        The model as Inspect names it.
    solvers : tuple of str
        By which it was asked; empty where it is Inspect's own ``generate`` alone.
    details : mapping of str to str
        What decides the answers beside the model: endpoint, generation settings, solver, Inspect's version, and the id
        of the evaluation.
    settings : RunSettings
        Of the task, before the model was known.
    donors : mapping of str to RecordId
        Whose numbers were shown, where they are another patient's.
    model : str
        Bare name of the model whose limits the images keep.
    epochs : int
    constrained : bool
        Whether the schema was sent.
    """

    name: str
    solvers: tuple[str, ...]
    details: dict[str, str]
    settings: RunSettings
    donors: Mapping[str, RecordId]
    model: str
    epochs: int
    constrained: bool

    @property
    def reader(self) -> str:
        """``inspect:``, the model, and the solvers where they can tell it more than the task does."""
        return f"{NAME}:{self.name}" + (f" (solver {', '.join(self.solvers)})" if self.solvers else "")


def header_of(path: Path, start: Mapping[str, Any]) -> Header:
    """Return the head of a log.

    Raises
    ------
    taxonomy.error.FileError
        When it is no log of this task, was made by another version of it, or is damaged.
    """
    told, plan = _part(path, start, "eval"), _part(path, start, "plan", {})
    metadata = told.get("metadata")
    asked = metadata.get(ASKED) if isinstance(metadata, Mapping) else None
    if not isinstance(asked, Mapping):
        raise FileError(
            f"{path} is no log of the task bench/ecg: its metadata lacks {ASKED!r}, so it does not tell which cases "
            "were asked"
        )
    config = {**_part(path, told, "model_generate_config", {}), **_part(path, plan, "config", {})}
    steps = _steps(path, plan)
    _check_system(path, config, steps)
    return Header(
        name=_text(path, told, "model"),
        solvers=_solvers(path, told, steps),
        details=_details(path, told, steps, config),
        settings=_settings(path, asked),
        donors=_donors(path, asked),
        model=_text(path, asked, "model", ""),
        epochs=_epochs(path, _part(path, told, "config", {})),
        constrained=config.get("response_schema") is not None,
    )


def _settings(path: Path, asked: Mapping[str, Any]) -> RunSettings:
    try:
        settings = settings_from(asked.get("settings"))
    except BenchError as error:
        raise FileError(f"{path} cannot be used: {error}") from error
    for name in (settings.measurements, settings.form, settings.renderer):
        if Path(name).name != name:
            raise FileError(f"{path} cannot be used: its settings name {name[:80]!r}, and a path stands in none")
    unprintable = next((one for one in settings.ids if not str(one).isprintable()), None)
    if unprintable is not None:
        raise FileError(f"{path} cannot be used: its settings name the record {str(unprintable)[:40]!r}, no name")
    return settings


def _donors(path: Path, asked: Mapping[str, Any]) -> Mapping[str, RecordId]:
    donors = _part(path, asked, "donors", {})
    for ecg_id, donor in donors.items():
        if not isinstance(donor, int | str) or isinstance(donor, bool) or not str(donor).isprintable():
            raise FileError(f"{path} cannot be used: the donor of {ecg_id[:40]!r} is no record")
    return donors


def _epochs(path: Path, config: Mapping[str, Any]) -> int:
    epochs = config.get("epochs") or 1
    if not isinstance(epochs, int) or isinstance(epochs, bool) or not 1 <= epochs <= MOST_EPOCHS:
        raise FileError(f"{path} cannot be used: its epochs are {str(epochs)[:40]!r}, not 1 to {MOST_EPOCHS:,}")
    return epochs


def _details(
    path: Path, told: Mapping[str, Any], steps: Sequence[Mapping[str, Any]], config: Mapping[str, Any]
) -> dict[str, str]:
    address = told.get("model_base_url")
    try:
        endpoint = shown_address(address) if isinstance(address, str) and address else ""
    except ValueError:
        endpoint = ""
    solvers = [[step.get("solver"), step.get("params")] for step in steps]
    decides = {name: value for name, value in config.items() if name not in WITHOUT_EFFECT and value is not None}
    packages = _part(path, told, "packages", {})
    details = {
        "inspect_ai": str(packages.get("inspect_ai", "")),
        "evaluation": _text(path, told, "task_id", ""),
        "endpoint": endpoint,
        "config": _written(decides) if decides else "",
        "arguments": _written(told["model_args"]) if told.get("model_args") else "",
        "solver": _written(solvers),
    }
    return {name: value[:LONGEST] for name, value in details.items() if value}


def _steps(path: Path, plan: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    steps = plan.get("steps") or []
    if not isinstance(steps, list) or not all(isinstance(step, Mapping) for step in steps):
        raise FileError(
            f"{path} is no log of Inspect's: the steps of its plan are {str(steps)[:40]!r}, no list of them"
        )
    return steps


def _solvers(path: Path, told: Mapping[str, Any], steps: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    """Return the solvers' names; none for Inspect's own ``generate``, and not for one of the user's of that name."""
    names = tuple(dict.fromkeys(_text(path, step, "solver") for step in steps))
    is_own = names in {(), (GENERATE,)} and told.get("solver") in (None, GENERATE, f"inspect_ai/{GENERATE}")
    return () if is_own else names or (_text(path, told, "solver"),)


def _check_system(path: Path, config: Mapping[str, Any], steps: Sequence[Mapping[str, Any]]) -> None:
    """Refuse a system message of the generation's settings, which goes out before the task's and stands in no turn."""
    for settings in (config, *(_part(path, step, "params", {}) for step in steps if step.get("solver") == GENERATE)):
        said = settings.get("system_message")
        if said:
            raise FileError(
                f"{path} was asked with a system message beside the task's ({str(said)[:40]!r}): run it again without"
            )


def _written(data: object) -> str:
    return json.dumps(redacted_data(_without_keys(data)), sort_keys=True)


def _without_keys(data: object) -> object:
    """Return JSON data without the values of fields whose names say that they hold a key."""
    if isinstance(data, Mapping):
        return {
            name: HIDDEN if isinstance(value, str | Mapping) and NAMES.search(str(name)) else _without_keys(value)
            for name, value in data.items()
        }
    return [_without_keys(value) for value in data] if isinstance(data, list) else data


def _part(path: Path, data: Mapping[str, Any], name: str, missing: Any = None) -> Mapping[str, Any]:  # noqa: ANN401
    part = data.get(name, missing)
    if part is None and missing is not None:
        part = missing
    if not isinstance(part, Mapping):
        raise FileError(f"{path} is no log of Inspect's: its {name!r} is no JSON object")
    return part


def _text(path: Path, data: Mapping[str, Any], name: str, missing: str | None = None) -> str:
    text = data.get(name, missing)
    if not isinstance(text, str) or len(text) > 200 or not text.isprintable():
        raise FileError(f"{path} is no log of Inspect's: its {name!r} is {str(text)[:80]!r}, no name")
    return text
