"""Opens a PTB-XL folder, or ``name:path`` through the entry point group ``ecg_bench.datasets``.

Built-in datasets use the same group as everybody's. Opening a dataset runs its author's code, so only the one that the
user names is imported.
"""

import inspect
import os
import re
from pathlib import Path

from bench.dataset.base import Dataset
from taxonomy import plugin
from taxonomy.error import DatasetError, unknown_name

DATASET_GROUP = "ecg_bench.datasets"

REQUIRED = ("name", "version", "title", "citation", "licence", "splits")
"""Attributes that every dataset must have."""

_NAME = re.compile(r"[\w.-]{2,}")
"""At least two characters, so that a drive letter is not mistaken for a name."""


def open_dataset(where: str | Path | None = None) -> Dataset:
    """Open the dataset at ``where``, else at ``$PTBXL_DIR``, else phantoms of the published seed.

    Parameters
    ----------
    where : str or Path, optional
        PTB-XL's folder; or a name of the group ``ecg_bench.datasets``, optionally with an argument after a colon, such
        as ``"ptbxl:/data/ptb-xl"`` or ``"phantoms:7"``. A folder with PTB-XL's table takes precedence over a name.

    Raises
    ------
    DatasetError
        When the folder is missing or invalid, or a dataset cannot be imported or lacks an attribute.
    taxonomy.error.UnknownNameError
        When no dataset has that name; the message lists them.
    """
    from bench.dataset.phantom import Phantoms
    from bench.dataset.ptbxl import PtbXl
    from bench.dataset.ptbxl_table import TABLE

    location = str(where or os.environ.get("PTBXL_DIR", ""))
    if not location:
        return Phantoms()
    name, colon, argument = location.partition(":")
    is_folder = os.path.isdir(location)  # noqa: PTH112  # says no where Path.is_dir raises
    if not _NAME.fullmatch(name) or (is_folder and (Path(location) / TABLE).is_file()):
        return PtbXl(location)
    datasets = plugin.installed(DATASET_GROUP, "dataset", DatasetError)
    if name in datasets:
        if colon and not argument:
            raise DatasetError(f"{location!r} has nothing after its colon: write {name!r}, or what is meant after it")
        return _built(name, plugin.loaded(datasets[name], "dataset", DatasetError), [argument] if argument else [])
    if argument and not is_folder:
        raise unknown_name("dataset", name, datasets)
    return PtbXl(location)


def _built(name: str, factory: object, arguments: list[str]) -> Dataset:
    if not (isinstance(factory, type) and issubclass(factory, Dataset)):
        raise DatasetError(f"dataset {name!r} is not a subclass of bench.dataset.Dataset")
    if inspect.isabstract(factory):
        raise DatasetError(f"dataset {name!r} has no {min(factory.__abstractmethods__)}()")
    try:
        inspect.signature(factory).bind(*arguments)
    except TypeError as error:
        needs = "takes nothing after its name" if arguments else f"needs a place: --data {name}:PATH"
        raise DatasetError(f"dataset {name!r} {needs} ({error})") from error
    built = factory(*arguments)
    missing = [name for name in REQUIRED if not hasattr(built, name)]
    if missing:
        raise DatasetError(f"dataset {name!r} has no {missing[0]!r}: it needs {', '.join(REQUIRED)}")
    return built
