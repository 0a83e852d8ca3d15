"""The dataset card of an export, with the front matter that the datasets library reads."""

from collections.abc import Mapping

from bench.dataset import Dataset
from bench.export.options import ExportOptions
from renderers import RENDERERS
from taxonomy.axis import AXES, NORMALITY
from taxonomy.target import target_format


def card(options: ExportOptions, dataset: Dataset, rows: Mapping[str, Mapping[str, int]], size: int) -> str:
    """Return ``README.md``: configurations and splits for the datasets library, then what a person asks first.

    Parameters
    ----------
    options : ExportOptions
    dataset : Dataset
    rows : mapping of str to mapping of str to int
        Rows by renderer and split.
    size : int
        Bytes of all parquet files.
    """
    configs = "\n".join(_config(name, counts, name == options.renderers[0]) for name, counts in rows.items())
    table = "\n".join(
        f"| {name} | {RENDERERS[name].description} | {' | '.join(str(counts[split]) for split in options.splits)} |"
        for name, counts in rows.items()
    )
    axes = "\n".join(f"| `{axis.name}` | {axis.question} | {', '.join(axis.values)} |" for axis in (*AXES, NORMALITY))
    task, form = options.task, target_format(options.task.format)
    sample = " **This is the embedded sample, not all of PTB-XL.**" if dataset.is_sample else ""
    return f"""---
license: cc-by-4.0
pretty_name: PTB-XL rendered by ECG bench
task_categories: [image-text-to-text]
tags: [ecg, medical, ptb-xl, ecg-bench]
configs:
{configs}
---

# PTB-XL, rendered

Real 12-lead ECGs of {dataset.name} {dataset.version} as pictures at {task.px_per_mm} px/mm, with prompts of condition
`{task.condition}`, targets of format `{form.name}` ({form.description}), and the truth on every axis of ECG bench's
taxonomy.{sample} {size / 1e6:.1f} MB.

```python
from datasets import load_dataset

pages = load_dataset("FOLDER", "{options.renderers[0]}")
```

Folds 1 to 8 are `train`, 9 is `validation`, 10 is `test`, as the authors of PTB-XL recommend; no patient is in two.
Nothing of fold 10 may choose a model.

| configuration | what is drawn | {" | ".join(options.splits)} |
|---|---|{"---|" * len(options.splits)}
{table}

`images` (in the order of `captions`), `system`, `prompt`, `target`, the same as chat `messages`, `fold`, `ecg_id`,
`patient_id`, `age`, `sex`, and a column for each axis. An axis that no label tells is null, also in a dense `target`:
leave it out of the loss. Records without a label on any axis of the format are left out.

| axis | question | values |
|---|---|---|
{axes}

## Licence and citation

PTB-XL is under CC BY 4.0; drawn and relabelled here. Cite:

- Wagner P, Strodthoff N, Bousseljot RD, Kreiseler D, Lunze FI, Samek W, Schaeffter T. PTB-XL, a large publicly
  available electrocardiography dataset. Scientific Data 7, 154 (2020). doi:10.1038/s41597-020-0495-6
- Wagner P, Strodthoff N, Bousseljot RD, Samek W, Schaeffter T. PTB-XL (version 1.0.3). PhysioNet (2022).
  doi:10.13026/kfzx-aw45
- Goldberger AL et al. PhysioBank, PhysioToolkit, and PhysioNet. Circulation 101(23), e215-e220 (2000)
"""


def _config(name: str, counts: Mapping[str, int], default: bool) -> str:
    lines = [f"- config_name: {name}", *(("  default: true",) if default else ()), "  data_files:"]
    for split, count in counts.items():
        if count:
            lines += [f"  - split: {split}", f"    path: data/{name}/{split}-*.parquet"]
    return "\n".join(lines)
