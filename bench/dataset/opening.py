"""How a dataset is found: a PTB-XL folder, or ``name:path`` by the entry point group ``ecg_bench.datasets``.

Built-in datasets come through the same group as anybody's. Opening one runs its author's code, so nothing is imported
but what the user names.
"""

import inspect
import os
import re
from pathlib import Path

from bench.dataset.base import Dataset
from taxonomy import plugin
from taxonomy.error import DatasetError, unknown_name

DATASET_GROUP = "ecg_bench.datasets"

PARTS = ("name", "version", "title", "citation", "licence", "splits")
"""What a dataset must say of itself."""

_NAME = re.compile(r"[\w.-]{2,}")
"""Two characters at least, so that a drive letter is not taken for a name."""


def open_dataset(where: str | Path | None = None) -> Dataset:
    """Open the dataset at ``where``, else at ``$PTBXL_DIR``, else the embedded sample.

    Parameters
    ----------
    where : str or Path, optional
        PTB-XL's folder; or a name of the group ``ecg_bench.datasets``, with what follows a colon given to it, such as
        ``"ptbxl:/data/ptb-xl"`` or ``"sample"``. A folder of that very name is taken first.

    Raises
    ------
    DatasetError
        When the folder does not exist or cannot be understood, or a dataset cannot be imported or lacks a part.
    taxonomy.error.UnknownNameError
        When no dataset has the name before the colon; the message lists them.
    """
    from bench.dataset.ptbxl import PtbXl
    from bench.dataset.sample import Sample

    named = str(where or os.environ.get("PTBXL_DIR", ""))
    if not named:
        return Sample()
    name, _, argument = named.partition(":")
    if Path(named).is_dir() or not _NAME.fullmatch(name):
        return PtbXl(named)
    known = plugin.installed(DATASET_GROUP, "dataset", DatasetError)
    if name in known:
        return _built(name, plugin.loaded(known[name], "dataset", DatasetError), [argument] if argument else [])
    if argument:
        raise unknown_name("dataset", name, known)
    return PtbXl(named)


def _built(name: str, factory: object, arguments: list[str]) -> Dataset:
    if not (isinstance(factory, type) and issubclass(factory, Dataset)):
        raise DatasetError(f"dataset {name!r} is no subclass of bench.dataset.Dataset")
    if inspect.isabstract(factory):
        raise DatasetError(f"dataset {name!r} has no {min(factory.__abstractmethods__)}()")
    try:
        inspect.signature(factory).bind(*arguments)
    except TypeError as error:
        raise DatasetError(f"dataset {name!r} cannot be opened: {error}") from error
    built = factory(*arguments)
    missing = [part for part in PARTS if not hasattr(built, part)]
    if missing:
        raise DatasetError(f"dataset {name!r} has no {missing[0]!r}: it says its {', '.join(PARTS)}")
    return built
