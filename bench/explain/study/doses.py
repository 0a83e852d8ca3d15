"""The doses at which answers flip, from a probe of the same records."""

from dataclasses import replace

from bench.explain.study.options import ExplainOptions
from bench.progress import SILENT, Observer
from bench.tracing.flip_dose import FlipSummary, flip_summaries
from bench.tracing.probe_run import ProbeOptions, run_probe


def doses_of(options: ExplainOptions, observer: Observer = SILENT) -> tuple[FlipSummary, ...]:
    """Return where the answers flip; the probe's folder is that of ``bench probe`` with the same options.

    Raises
    ------
    taxonomy.error.BenchError
        As :func:`bench.tracing.probe_run.run_probe`.
    """
    run = replace(options.run, view=replace(options.run.view, condition="full"))
    return flip_summaries(run_probe(ProbeOptions(run), observer).flips)
