"""The card of an adapter: what it is, what it was made from, what the validation split said, and its curve."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.finetune.setup import CURVE
from bench.finetune.validation import FIGURE
from bench.report.card import no_device
from bench.report.plot import BLUE, ORANGE, new_figure, save, without_frame
from bench.storage import write_whole
from readers.vlm.adapter import AdapterManifest, read_manifest

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PICTURE = "curve.png"


def write_adapter_card(folder: Path) -> None:
    """Write ``README.md`` and ``curve.png`` into the folder of a finished adapter, from what lies there.

    Raises
    ------
    taxonomy.error.BenchError
        When the folder holds no finished adapter, or cannot be written.
    """
    manifest = read_manifest(folder)
    history = json.loads((folder / CURVE).read_text(encoding="utf-8"))
    save(curve_plot(history), folder / PICTURE)
    write_whole(folder / "README.md", adapter_card(manifest))


def adapter_card(manifest: AdapterManifest) -> str:
    """Return the model card: Hugging Face's front matter, then what a person asks first."""
    made, taught = manifest.made, manifest.taught
    data, config = made["dataset"], made["config"]
    note = " (phantoms: simulated ECGs, no patients)" if data["is_simulated"] else ""
    looks = "\n".join(
        f"| {look['step']} | {look[f'eval_{FIGURE}']:.3f} | {100 * look['eval_no_answer']:.1f}% |"
        for look in made["looks"]
    )
    settings = "\n".join(
        f"| {name} | {value} |" for part in ("lora", "training") for name, value in config[part].items()
    )
    return f"""---
base_model: {manifest.base}
library_name: peft
pipeline_tag: image-text-to-text
tags: [ecg, lora, {data["name"]}, ecg-bench]
---

# ECG adapter for {manifest.base}

LoRA adapter, taught to answer in format `{taught["format"]}` from `{taught["renderer"]}` pages at {taught["px_per_mm"]}
px/mm under condition `{taught["condition"]}`. {no_device("lora:FOLDER")}

- base: {manifest.base}, version {manifest.base_version}
- data: {data["name"]} {data["version"]}{note}, {data["training_records"]} records of
  {data["training_split"]}; {data["validation_split"]} ({data["validation_records"]} records) chose the checkpoint; the
  test split was not read. {data["citation"]}, {data["licence"]}
- best look: step {made["best_step"]}, Cohen's kappa {made["best_kappa"]:.3f}, the mean over the axes asked for
- made with: {", ".join(f"{name} {version}" for name, version in made["packages"].items())}

![loss and looks at the validation split]({PICTURE})

| step | mean kappa | no answer |
|---|---|---|
{looks}

`finetune.toml` makes it again; `manifest.json` says the rest.

| setting | value |
|---|---|
{settings}
"""


def curve_plot(history: Sequence[Mapping[str, Any]]) -> "Figure":
    """Return the training loss and the looks at the validation split over the steps."""
    figure = new_figure(7.5, 3.2)
    loss, look = figure.subplots(1, 2)
    losses = [(entry["step"], entry["loss"]) for entry in history if "loss" in entry]
    looks = [(entry["step"], entry[f"eval_{FIGURE}"]) for entry in history if f"eval_{FIGURE}" in entry]
    loss.plot(*zip(*losses, strict=True) if losses else ((), ()), color=BLUE)
    loss.set_title("training loss, on the answer alone", fontsize=9)
    look.axhline(0, color="#444444", linewidth=1)
    look.plot(*zip(*looks, strict=True) if looks else ((), ()), color=ORANGE, marker="o", markersize=4)
    look.set_title("validation split: mean kappa", fontsize=9)
    for plot in (loss, look):
        plot.set_xlabel("step")
        without_frame(plot)
    return figure
