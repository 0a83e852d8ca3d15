"""Libraries that only some kinds of files need."""

from importlib import import_module
from types import ModuleType

from taxonomy.distribution import install
from taxonomy.error import DatasetError


def library(name: str, what: str) -> ModuleType:
    """Return an optional library.

    Raises
    ------
    DatasetError
        When it is not installed; the sentence says how to install it.
    """
    try:
        return import_module(name)
    except ImportError as error:
        package = name.partition(".")[0]
        raise DatasetError(f"{what} needs {package}, which is not installed: {install('files')}") from error
