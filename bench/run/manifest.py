"""Manifests: what a run was made with, so that it can be repeated and its cases shown again."""

import platform
import subprocess
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from bench.run.caveat import with_caveats
from bench.run.settings import RunSettings
from bench.view import Cases
from taxonomy.distribution import DISTRIBUTION

PROJECT = "ecg-bench"
"""The project in every manifest and result; it is installed as ``DISTRIBUTION``."""

PACKAGES = (PROJECT, "numpy", "scipy", "matplotlib", "torch", "safetensors", "openai", "anthropic")


def manifest(settings: RunSettings, cases: Cases, taught: int = 0) -> dict[str, Any]:
    """Return the manifest of a run that starts now: settings, view, donors, versions; never a path or a key.

    Parameters
    ----------
    settings : RunSettings
    cases : Cases
    taught : int
        Records of the run in folds that were taught to the reader.
    """
    donors = {str(ecg_id): donor.ecg_id for ecg_id, donor in cases.donors.items()}
    begun = {
        "run_id": settings.run_id,
        "settings": settings.to_json(),
        "view": cases.view.to_json(),
        **({"donors": donors} if donors else {}),
        **({"examples": [one.record.ecg_id for one in cases.worked]} if cases.worked else {}),
        **at_hand(cases, taught),
        "data": cases.cohort.dataset.credit,
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
        "python": platform.python_version(),
        "packages": versions(*PACKAGES),
        "git_revision": git_revision(),
    }
    beside = cases.cohort.dataset.printed_beside
    is_seen = "image" in cases.view.inputs and cases.view.shown.images == "true"
    return with_caveats(begun, (beside,) if beside and is_seen else ())


def at_hand(cases: Cases, taught: int = 0) -> dict[str, Any]:
    """Return what a manifest tells of the recordings at hand: they may become more before a run is scored."""
    cohort = cases.cohort
    return {"coverage": {**asdict(cohort.coverage), "taught": taught}, "signals": cohort.signal_fingerprint}


def git_revision() -> str | None:
    """Return the revision of this package's checkout, with ``+`` when it has changes; None outside one."""
    here = Path(__file__).parent
    if not any((parent / ".git").exists() for parent in here.parents):
        return None
    try:
        revision = _git(here, "rev-parse", "HEAD")
        changed = _git(here, "status", "--porcelain", "--untracked-files=no")
    except (OSError, subprocess.CalledProcessError):
        return None
    return revision + ("+" if changed else "")


def _git(folder: Path, *words: str) -> str:
    return subprocess.run(["git", "-C", str(folder), *words], capture_output=True, text=True, check=True).stdout.strip()


def versions(*packages: str) -> dict[str, str | None]:
    """Return the installed version of each package, None for one that is not."""
    return {name: _version(name) for name in packages}


def _version(package: str) -> str | None:
    try:
        return version(DISTRIBUTION if package == PROJECT else package)
    except PackageNotFoundError:
        return None
