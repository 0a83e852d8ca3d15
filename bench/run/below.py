"""The run folders below a folder."""

from pathlib import Path

from taxonomy.error import BenchError, RunError
from taxonomy.outside import object_in

MANIFEST = "manifest.json"


def runs_below(place: Path) -> list[Path]:
    """Return the run folders of a place, which may be one itself.

    Raises
    ------
    taxonomy.error.RunError
        When it is no folder, or holds none.
    """
    if not place.is_dir():
        raise RunError(f"{place} is no folder: name a run folder, or a folder of runs such as runs/")
    if (place / MANIFEST).exists():
        return [place]
    manifests = sorted(path for pattern in ("*", "*/*") for path in place.glob(f"{pattern}/{MANIFEST}"))
    # A run that a link shows once more is one run, by its own name where that is here too.
    runs: dict[Path, Path] = {}
    for path in sorted(manifests, key=lambda one: one.parent.is_symlink()):
        if _is_of_run(path):
            runs.setdefault(path.parent.resolve(), path.parent)
    below = sorted(runs.values())
    if not below:
        raise RunError(f"{place} holds no run: 'bench run' makes one, by default below runs/")
    return below


def _is_of_run(manifest: Path) -> bool:
    """Tell whether a manifest is a run's: studies keep the answers to questions of their own beside one without id."""
    try:
        return "run_id" in object_in(manifest)
    except BenchError:
        return True  # a damaged run is told of
