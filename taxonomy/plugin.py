"""What installed packages offer by name: the look-up that readers and datasets share."""

from collections.abc import Mapping
from importlib.metadata import EntryPoint, entry_points

from taxonomy.error import BenchError, SettingError


def installed(group: str, kind: str, error: type[BenchError] = SettingError) -> Mapping[str, EntryPoint]:
    """Return every entry point of a group by name; nothing of it is imported.

    Parameters
    ----------
    group : str
        Such as ``"ecg_bench.readers"``.
    kind : str
        The field's word for what the group holds, such as ``"reader"``.
    error : type of BenchError
        What is raised.

    Raises
    ------
    BenchError
        When two packages claim one name; the message names both.
    """
    found: dict[str, EntryPoint] = {}
    for entry in entry_points(group=group):
        other = found.setdefault(entry.name, entry)
        if other.value != entry.value:
            raise error(f"two {kind}s are called {entry.name!r}: {other.value} and {entry.value}; uninstall one")
    return dict(sorted(found.items()))


def loaded(entry: EntryPoint, kind: str, error: type[BenchError] = SettingError) -> object:
    """Import what an entry point names; raises BenchError when it cannot be imported."""
    try:
        return entry.load()
    except (ImportError, AttributeError) as problem:
        raise error(f"{kind} {entry.name!r} ({entry.value}) cannot be imported: {problem}") from problem
