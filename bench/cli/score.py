"""``bench score``: a run's score again, or the score of predictions made elsewhere."""

from pathlib import Path
from typing import Any

import click

from bench.cli.option import data_option, selection_options


@click.command()
@click.argument("run", required=False, type=click.Path(path_type=Path))
@click.option("--predictions", type=click.Path(path_type=Path), help="CSV or JSONL with ecg_id and what was predicted.")
@data_option
@selection_options
@click.option("--danger", type=click.Path(path_type=Path), help="A danger table of your own (JSON).")
@click.option("--out", type=click.Path(path_type=Path), help="Where score.json and report.md of --predictions go.")
def score(run: Path | None, predictions: Path | None, data: Path | None, **selection: Any) -> None:
    """Score a run folder again, or predictions made elsewhere.

    A predictions file has a column ecg_id and any of: the axes (rate, rhythm, axis, conduction, ischemia_stage,
    ischemia_territory, other_findings parted by ';', diagnosis), probabilities NORM, MI, STTC, CD, HYP, or
    probabilities of SCP statements. A record of the split without a prediction counts as unanswered.

    \b
    Examples:
      bench score runs/resnet1d-ptbxl-sample-test-1a2b3c4d
      bench score --predictions mine.csv --data ~/ptb-xl --out scores/mine
    """
    from bench.run.rescoring import score_predictions, score_run
    from taxonomy.danger import danger_table

    table, out = danger_table(selection.pop("danger")), selection.pop("out")
    if (run is None) == (predictions is None):
        raise click.UsageError("name either a run folder or --predictions FILE")
    if run is not None:
        score_run(run, data, table)
        return
    from bench.dataset import Selection

    assert predictions is not None
    score_predictions(predictions, Selection(data, **selection).cohort(), (table, out))
