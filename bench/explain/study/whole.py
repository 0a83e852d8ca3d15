"""An explanation of any reader, as on the command line."""

from collections.abc import Iterator
from contextlib import contextmanager

from bench.explain.hiding.blackbox import BlackBox, black_box_on_disk
from bench.explain.hiding.inquiry import estimated
from bench.explain.hiding.masked_case import check_shown_a_trace
from bench.explain.maps.method import chosen
from bench.explain.study.black_box import BlackBoxStudy, inquiry_options
from bench.explain.study.found import Explained
from bench.explain.study.network import NetworkStudy
from bench.explain.study.options import ExplainOptions
from bench.progress import SILENT, Observer
from bench.run.estimate import RunEstimate
from bench.run.options import check_limits
from readers.contract import Reader
from readers.network import Network, OpenReader
from taxonomy.error import SettingError


def explain(options: ExplainOptions, observer: Observer = SILENT) -> Explained:
    """Explain a reader: a network by its gradients, any other by hiding parts of what it is shown.

    Raises
    ------
    taxonomy.error.BenchError
        When something that was asked for is not there, or the reader cannot be explained so.
    """
    reader = _reader(options)
    if isinstance(reader, OpenReader):
        return _of_network(options, reader, reader.network(), observer).found()
    with _black_box(options, reader, observer) as box:
        return BlackBoxStudy(options, box, observer).found()


def planned(options: ExplainOptions, observer: Observer = SILENT) -> tuple[tuple[str, ...], RunEstimate | None]:
    """Return in words what would be asked, and of a black box what it would cost at most; nothing is sent.

    Raises
    ------
    taxonomy.error.BenchError
        As :func:`explain`, as far as it is known before anything is asked.
    """
    reader = _reader(options)
    if isinstance(reader, OpenReader):
        return _of_network(options, reader, reader.network(), observer).planned(), None
    with _black_box(options, reader, observer, dry=True) as box:
        return estimated(box, options.cohort, inquiry_options(options), options.folder.name)


def _reader(options: ExplainOptions) -> Reader:
    reader = options.run.built()
    check_shown_a_trace(reader)
    check_limits(reader, options.run.limits)
    return reader


def _of_network(options: ExplainOptions, reader: Reader, network: Network, observer: Observer) -> NetworkStudy:
    chosen(options.belief.methods)
    if options.max_queries is not None:
        raise SettingError(
            f"--max-queries bounds what is asked of a black box, and {options.run.reader!r} shows its gradients: leave "
            "it out, or take fewer records with --each"
        )
    return NetworkStudy(options, reader, network, observer)


@contextmanager
def _black_box(options: ExplainOptions, reader: Reader, observer: Observer, dry: bool = False) -> Iterator[BlackBox]:
    inquiry_options(options)
    if options.belief.layer:
        raise SettingError(
            f"--layer names a layer of a network, and reader {reader.name!r} is a black box: leave it out"
        )
    with black_box_on_disk(options.run, options.cohort, observer, dry) as (box, _):
        yield box
