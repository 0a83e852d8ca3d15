"""Paths inside a data folder: names come from a table or a server, and must not lead elsewhere."""

from pathlib import Path, PurePosixPath

from taxonomy.error import DatasetError


def is_outside(name: str) -> bool:
    """Tell whether a name with forward slashes leads out of its folder, on any system."""
    parts = PurePosixPath(name).parts
    return not parts or name.startswith("/") or ".." in parts or "\\" in name or ":" in name


def path_inside(folder: Path, name: str) -> Path:
    """Return the path of a file in a data folder.

    A folder at the top, such as ``records100``, may be a link of the user's own to another disk; further links must not
    lead out of where it leads.

    Parameters
    ----------
    folder : Path
    name : str
        Relative, with forward slashes.

    Raises
    ------
    DatasetError
        When the name, or a link on the way, leads outside.
    """
    if is_outside(name):
        raise DatasetError(f"{name!r} names a file outside the folder {folder}")
    path, parts = folder / name, PurePosixPath(name).parts
    top = folder / parts[0] if len(parts) > 1 else folder
    if not path.parent.resolve().is_relative_to(top.resolve()):
        raise DatasetError(f"{path} lies outside the folder, by a link: only folders at its top may be links")
    return path
