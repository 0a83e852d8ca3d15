"""An explanation of any reader, as on the command line."""

from bench.dataset import RecordId
from bench.explain.hiding.blackbox import BlackBox, black_box_on_disk
from bench.explain.hiding.masked_case import Masked, check_shown_a_trace
from bench.explain.maps.method import chosen, network_of
from bench.explain.study.found import Explained
from bench.explain.study.network import NetworkStudy
from bench.explain.study.options import ExplainOptions
from bench.progress import SILENT, Observer
from bench.run.options import check_limits
from readers.network import OpenReader
from taxonomy.reading import Reading


def explain(options: ExplainOptions, observer: Observer = SILENT) -> Explained:
    """Explain a reader: a network by its gradients, any other by hiding parts of what it is shown.

    Raises
    ------
    taxonomy.error.BenchError
        When something that was asked for is not there, or the reader cannot be explained so.
    """
    reader = options.run.built()
    check_shown_a_trace(reader)
    check_limits(reader, options.run.limits)
    network = network_of(reader, chosen(options.belief.methods))
    if isinstance(reader, OpenReader) and network is not None:
        with black_box_on_disk(options.run, options.cohort, observer) as (box, _):
            readings = whole_readings(box, options, observer)
        return NetworkStudy(options, reader, network, readings, observer).found()
    raise NotImplementedError


def whole_readings(box: BlackBox, options: ExplainOptions, observer: Observer = SILENT) -> dict[RecordId, Reading]:
    """Return the reading of each whole record, asking those that have none."""
    records = list(options.cohort)
    readings = box.readings([Masked(record) for record in records], observer)
    return {record.ecg_id: reading for record, reading in zip(records, readings, strict=True)}
