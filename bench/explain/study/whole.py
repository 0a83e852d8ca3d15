"""An explanation of any reader, as on the command line."""

from bench.explain.hiding.masked_case import check_shown_a_trace
from bench.explain.maps.method import chosen, network_of
from bench.explain.study.found import Explained
from bench.explain.study.network import NetworkStudy
from bench.explain.study.options import ExplainOptions
from bench.progress import SILENT, Observer
from bench.run.options import check_limits
from readers.network import OpenReader


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
        return NetworkStudy(options, reader, network, observer).found()
    raise NotImplementedError
