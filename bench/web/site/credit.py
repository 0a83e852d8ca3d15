"""Whom a dataset is to be credited to, where figures or recordings of it stand on a page."""

from importlib.metadata import EntryPoint

from bench.dataset import Dataset
from bench.dataset.opening import DATASET_GROUP
from bench.dataset.phantom import phantoms_named
from bench.view.derived import base_name
from taxonomy import plugin
from taxonomy.error import DatasetError

OURS = "bench.dataset."
"""Where the datasets are whose code may be run to ask for their credit."""

STATEMENTS = (
    "12SL's statements: PTB-XL+ (Strodthoff et al. 2023, Scientific Data 10:279, doi:10.1038/s41597-023-02153-8, "
    "CC BY 4.0)"
)


def credit_of(name: str, dataset: Dataset | None) -> str:
    """Return title, citation and licence of a dataset; empty for phantoms, and where they are not known.

    Parameters
    ----------
    name : str
        As in settings.
    dataset : Dataset or None
        One that is at hand.
    """
    base = base_name(name)
    if phantoms_named(base) is not None:
        return ""
    if dataset is not None and dataset.name == base:
        return f"{dataset.title} ({dataset.citation}, {dataset.licence})"
    kind = base.partition("-")[0]
    entry: EntryPoint | None = plugin.installed(DATASET_GROUP, "dataset", DatasetError).get(kind)
    if entry is None or not entry.module.startswith(OURS):
        return ""
    found = plugin.loaded(entry, "dataset", DatasetError)
    if not (isinstance(found, type) and issubclass(found, Dataset)) or getattr(found, "name", "") != kind:
        return ""  # its instances are named after folders, and their owners say whose these are
    return f"{found.title} ({found.citation}, {found.licence})"
