"""The card of an adapter: what it is, what it was made from, what fold 9 said, and its curve as a picture."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.finetune.validation import FIGURE
from bench.report.picture import save
from readers.vlm.adapter import AdapterManifest

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PICTURE = "curve.png"
LOSS_COLOUR, LOOK_COLOUR = "#0072b2", "#e69f00"
"""Okabe and Ito's blue and orange."""


def write_card(folder: Path, manifest: AdapterManifest, history: Sequence[Mapping[str, Any]]) -> None:
    """Write ``README.md`` and ``curve.png`` into the adapter's folder."""
    save(curve_picture(history), folder / PICTURE)
    (folder / "README.md").write_text(card(manifest), encoding="utf-8")


def card(manifest: AdapterManifest) -> str:
    """Return the model card: Hugging Face's front matter, then what a person asks first."""
    made, taught = manifest.made, manifest.taught
    data, config = made["dataset"], made["config"]
    sample = " (the embedded sample: too few records for a model of use)" if data["is_sample"] else ""
    looks = "\n".join(
        f"| {look['step']} | {100 * look[f'eval_{FIGURE}']:+.1f} | {100 * look['eval_no_answer']:.1f}% |"
        for look in made["looks"]
    )
    settings = "\n".join(
        f"| {name} | {value} |" for part in ("lora", "training") for name, value in config[part].items()
    )
    return f"""---
base_model: {manifest.base}
library_name: peft
pipeline_tag: image-text-to-text
tags: [ecg, lora, ptb-xl, ecg-bench]
---

# ECG adapter for {manifest.base}

LoRA adapter, taught to answer in format `{taught["format"]}` from `{taught["renderer"]}` pages at {taught["px_per_mm"]}
px/mm under condition `{taught["condition"]}`. It is no medical device, and whether it reads the trace or recites what
is common is for `bench ablate --reader lora:FOLDER` to say.

- base: {manifest.base}, version {manifest.base_version}
- data: {data["name"]} {data["version"]}{sample}, {data["training_records"]} records of folds 1 to 8; fold 9
  ({data["validation_records"]} records) chose the checkpoint; fold 10 was not read. PTB-XL: Wagner et al. 2020,
  doi:10.1038/s41597-020-0495-6, CC BY 4.0
- best look: step {made["best_step"]}, {100 * made["best_difference"]:+.1f} points against the majority on fold 9, mean
  over the axes asked for
- made with: {", ".join(f"{name} {version}" for name, version in made["packages"].items())}

![loss and looks at fold 9]({PICTURE})

| step | fold 9 against majority, points | no answer |
|---|---|---|
{looks}

`finetune.toml` makes it again; `manifest.json` says the rest.

| setting | value |
|---|---|
{settings}
"""


def curve_picture(history: Sequence[Mapping[str, Any]]) -> "Figure":
    """Return the training loss and the looks at fold 9 over the steps."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.5, 3.2), layout="constrained")
    loss, look = figure.subplots(1, 2)
    losses = [(entry["step"], entry["loss"]) for entry in history if "loss" in entry]
    looks = [(entry["step"], 100 * entry[f"eval_{FIGURE}"]) for entry in history if f"eval_{FIGURE}" in entry]
    loss.plot(*zip(*losses, strict=True) if losses else ((), ()), color=LOSS_COLOUR)
    loss.set_title("training loss, on the answer alone", fontsize=9)
    look.axhline(0, color="#444444", linewidth=1)
    look.plot(*zip(*looks, strict=True) if looks else ((), ()), color=LOOK_COLOUR, marker="o", markersize=4)
    look.set_title("fold 9: points against the majority", fontsize=9)
    for plot in (loss, look):
        plot.set_xlabel("step")
        plot.spines[["top", "right"]].set_visible(False)
    return figure
