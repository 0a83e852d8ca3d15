"""Entry points of installed packages, for readers, renderers and datasets."""

from collections.abc import Collection, Mapping
from importlib.metadata import EntryPoint, entry_points

from taxonomy.error import BenchError, SettingError


def installed(
    group: str, kind: str, error: type[BenchError] = SettingError, built_in: Collection[str] = ()
) -> Mapping[str, EntryPoint]:
    """Return every entry point of a group by name, without importing it.

    Parameters
    ----------
    group : str
        Such as ``"ecg_bench.readers"``.
    kind : str
        The word for a member of the group, such as ``"reader"``.
    error : type of BenchError
        The error to raise.
    built_in : collection of str
        Names that no package may claim.

    Raises
    ------
    BenchError
        When two packages claim one name, or one claims a built-in name; the message names them.
    """
    entries: dict[str, EntryPoint] = {}
    for entry in entry_points(group=group):
        if entry.name in built_in:
            raise error(f"{entry.value} claims the name of the built-in {kind} {entry.name!r}; rename or uninstall it")
        other = entries.setdefault(entry.name, entry)
        if other.value != entry.value:
            raise error(f"two {kind}s are called {entry.name!r}: {other.value} and {entry.value}; uninstall one")
    return dict(sorted(entries.items()))


def loaded(entry: EntryPoint, kind: str, error: type[BenchError] = SettingError) -> object:
    """Import the object of an entry point; raises BenchError when it cannot be imported."""
    try:
        return entry.load()
    except (ImportError, AttributeError) as problem:
        raise error(f"{kind} {entry.name!r} ({entry.value}) cannot be imported: {problem}") from problem
