"""What a shell completes: names of readers, datasets, renderers, axes and conditions, and run folders.

Nothing heavy is imported: a shell asks at every press of a key. What a package holds beside our names is looked up in
its entry points, which runs none of its code.
"""

from collections.abc import Callable, Iterable
from pathlib import Path

import click
from click.shell_completion import CompletionItem

Complete = Callable[[click.Context, click.Parameter, str], list[CompletionItem[str]]]

RENDERERS = ("printed", "clean", "stacked", "leads")
CONDITIONS = (
    "full", "image-only", "text-only", "crossed", "crossed-2", "crossed-3", "crossed-4", "crossed-5", "blank-image",
    "no-rate", "no-axis", "text-only-untold", "nothing", "lead-mask", "jittered",
)  # fmt: skip
FORMATS = ("dense", "dense-no-reasoning", "sparse", "flat", "binary")
SPLITS = ("train", "val", "test", "all", *(f"fold{number}" for number in range(1, 11)))

MANIFEST = "manifest.json"

FILES = CompletionItem("", type="file")
FOLDERS = CompletionItem("", type="dir")
"""Stand for what the shell itself completes."""


def _of(names: Callable[[], Iterable[str]], besides: CompletionItem[str] | None = None) -> Complete:
    """Return what completes names, several of them separated by commas too; else files or folders."""

    def complete(context: click.Context, parameter: click.Parameter, begun: str) -> list[CompletionItem[str]]:
        before, comma, last = begun.rpartition(",")
        found = [CompletionItem(f"{before}{comma}{name}") for name in names() if name.startswith(last)]
        return found or ([besides] if besides else [])

    return complete


def _installed(group: str) -> list[str]:
    from importlib.metadata import entry_points

    return sorted({entry.name for entry in entry_points(group=f"ecg_bench.{group}")})


def _axes() -> Iterable[str]:
    from taxonomy.axis import AXIS_NAMES

    return AXIS_NAMES


reader_names = _of(lambda: _installed("readers"))
dataset_names = _of(lambda: _installed("datasets"), FOLDERS)
renderer_names = _of(lambda: (*RENDERERS, *_installed("renderers")))
condition_names = _of(lambda: CONDITIONS, FILES)
format_names = _of(lambda: FORMATS)
split_names = _of(lambda: SPLITS)
axis_names = _of(_axes)


def run_folders(context: click.Context, parameter: click.Parameter, begun: str) -> list[CompletionItem[str]]:
    """Complete run folders, below ``runs`` where nothing is begun; other folders where none fits."""
    place, _, name = (begun or "runs/").rpartition("/")
    above = Path(place or ("/" if begun.startswith("/") else ".")).expanduser()
    try:
        found = sorted(path.parent for path in above.glob(f"*/{MANIFEST}") if path.parent.name.startswith(name))
    except OSError:
        found = []
    return [CompletionItem(str(path)) for path in found] or [FOLDERS]
