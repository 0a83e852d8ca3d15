"""The dataset card of an export, with front matter for the datasets library."""

from collections.abc import Mapping

from bench.dataset import Dataset
from bench.export.export_options import HUB_SPLITS, ExportOptions
from renderers import renderer
from taxonomy.axis import AXES, NORMALITY

LICENCE_TAGS = {"CC BY 4.0": "cc-by-4.0", "MIT": "mit"}
"""Hugging Face's names of licences."""


def card(options: ExportOptions, dataset: Dataset, rows: Mapping[str, Mapping[str, int]], size: int) -> str:
    """Return ``README.md``: configurations and splits for the datasets library, then a description for people.

    Parameters
    ----------
    options : ExportOptions
    dataset : Dataset
    rows : mapping of str to mapping of str to int
        Rows by renderer and split.
    size : int
        Bytes of all parquet files.
    """
    configs = "\n".join(_config(name, counts, name == options.views[0].renderer) for name, counts in rows.items())
    table = "\n".join(
        f"| {name} | {renderer(name).description} | {' | '.join(str(counts[split]) for split in options.splits)} |"
        for name, counts in rows.items()
    )
    axes = "\n".join(f"| `{axis.name}` | {axis.question} | {', '.join(axis.values)} |" for axis in (*AXES, NORMALITY))
    view, form = options.views[0], options.views[0].form
    splits = "; ".join(f"`{name}` is {dataset.split(HUB_SPLITS[name]).meaning}" for name in options.splits)
    kind = "Simulated" if dataset.is_simulated else "Real"
    note = " **No patients: a result on them is no result on patients.**" if dataset.is_simulated else ""
    return f"""---
license: {LICENCE_TAGS.get(dataset.licence, "other")}
pretty_name: {dataset.title} rendered by ECG bench
task_categories: [image-text-to-text]
tags: [ecg, medical, {dataset.name}, ecg-bench]
configs:
{configs}
---

# {dataset.title}, rendered

{kind} 12-lead ECGs of {dataset.name} {dataset.version} as pictures at {view.px_per_mm} px/mm, with prompts of condition
`{view.shown.name}`, targets of format `{form.name}` ({form.description}), and the truth on every axis of ECG bench's
taxonomy.{note} {size / 1e6:.1f} MB.

```python
from datasets import load_dataset

pages = load_dataset("FOLDER", "{options.views[0].renderer}")
```

{splits}; no patient is in two. Nothing of `test` may choose a model.

| configuration | what is drawn | {" | ".join(options.splits)} |
|---|---|{"---|" * len(options.splits)}
{table}

`images` (in the order of `captions`), `system`, `prompt`, `target`, the same as chat `messages`, `unlabelled`, `fold`,
`ecg_id`, `patient_id`, `age`, `sex`, and a column for each axis. An axis that no label tells is null in its own column
and stands in `unlabelled`; `target` then gives the majority value: leave that value out of the loss. Records without a
label on any axis of the format are left out.

| axis | question | values |
|---|---|---|
{axes}

## Licence and citation

{dataset.title} is under {dataset.licence}; drawn and relabelled here. Cite {dataset.citation}.
"""


def _config(name: str, counts: Mapping[str, int], default: bool) -> str:
    lines = [f"- config_name: {name}", *(("  default: true",) if default else ()), "  data_files:"]
    for split, count in counts.items():
        if count:
            lines += [f"  - split: {split}", f"    path: data/{name}/{split}-*.parquet"]
    return "\n".join(lines)
