"""Imports go one way: between the packages, and between the rooms of ``bench``."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("taxonomy", "renderers", "measurements", "phantoms", "readers", "bench")
GROUND = ("taxonomy.error", "taxonomy.plugin")
"""The errors' root and the look-up of entry points, on which packages stand that know nothing of the taxonomy."""

ROOMS = (
    "storage", "progress", "dataset", "view", "score", "run", "training", "evidence", "inspection", "encoder", "export",
    "finetune", "experiment", "domains", "tracing", "explain", "study", "report", "web", "app", "cli", "__main__",
)  # fmt: skip
"""Rooms of ``bench``, the ground floor first: each imports only what stands before it."""


def imported(path):
    """Return the modules that a file imports, wherever in it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


@pytest.mark.parametrize("package", PACKAGES)
def test_imports_between_packages_go_one_way(package):
    allowed = PACKAGES[: PACKAGES.index(package) + 1]
    for path in (ROOT / package).rglob("*.py"):
        for module in imported(path):
            home = module.partition(".")[0]
            assert home not in PACKAGES or home in allowed, f"{path}: {module}"
            if package in {"renderers", "measurements"} and home != package and home in PACKAGES:
                assert module in GROUND, f"{path}: {module}"


@pytest.mark.parametrize("room", ROOMS)
def test_imports_between_rooms_of_bench_go_one_way(room):
    place = ROOT / "bench" / room
    for path in place.rglob("*.py") if place.is_dir() else [place.with_suffix(".py")]:
        for module in imported(path):
            parts = module.split(".")
            if parts[0] == "bench" and len(parts) > 1:
                assert ROOMS.index(parts[1]) <= ROOMS.index(room), f"{path}: {module}"


def test_bench_has_no_room_beside_those():
    entries = [
        entry for entry in (ROOT / "bench").iterdir() if entry.suffix == ".py" or (entry / "__init__.py").is_file()
    ]
    assert {entry.stem for entry in entries} == {*ROOMS, "__init__"}
