"""An explanation of any reader, as on the command line."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from bench.explain.belief.page_judging import METHODS as PAGE_METHODS
from bench.explain.belief.page_judging import open_pages
from bench.explain.belief.sample import EACH
from bench.explain.hiding.blackbox import BlackBox, black_box_on_disk
from bench.explain.hiding.inquiry import estimated
from bench.explain.hiding.masked_case import check_shown_a_trace
from bench.explain.maps.method import chosen
from bench.explain.study.black_box import BlackBoxStudy, inquiry_options
from bench.explain.study.found import Explained
from bench.explain.study.network import NetworkStudy
from bench.explain.study.options import EACH_ASKED, TRANSPLANTS, ExplainOptions
from bench.progress import SILENT, Observer
from bench.run.estimate import RunEstimate
from bench.run.options import check_limits
from readers.contract import Reader
from readers.network import OpenReader
from readers.session import SessionReader
from taxonomy.error import SettingError


@dataclass(frozen=True, eq=False)
class Explaining:
    """A reader that is to be explained: a network by its gradients, any other by hiding parts of what it is shown.

    Attributes
    ----------
    options : ExplainOptions
        Settled: nothing is left to the rule of its kind.
    reader : Reader
    """

    options: ExplainOptions
    reader: Reader

    @classmethod
    def of(cls, options: ExplainOptions) -> "Explaining":
        """Build the reader, and settle what was left open.

        Raises
        ------
        taxonomy.error.BenchError
            When something that was asked for is not there, or the reader cannot be explained so.
        """
        reader = options.run.built()
        check_shown_a_trace(reader)
        check_limits(reader, options.run.limits)
        is_network = isinstance(reader, OpenReader)
        _check_network(options) if is_network else _check_black_box(options, reader)
        each = options.belief.each or (EACH if is_network else EACH_ASKED)
        usual = TRANSPLANTS if is_network else 0
        transplants = usual if options.transplants is None else options.transplants
        return cls(replace(options, belief=replace(options.belief, each=each), transplants=transplants), reader)

    def found(self, observer: Observer = SILENT) -> Explained:
        """Explain it; whatever is finished is kept, so that a killed explanation goes on.

        Raises
        ------
        taxonomy.error.BenchError
            When no answer is right, or the reader can answer no further question.
        """
        if isinstance(self.reader, OpenReader):
            return NetworkStudy(self.options, self.reader, self.reader.network(), observer).found()
        with self._black_box(observer) as box:
            return BlackBoxStudy(self.options, box, observer).found()

    def planned(self, observer: Observer = SILENT) -> tuple[tuple[str, ...], RunEstimate | None]:
        """Return in words what would be asked, and of a black box what it would cost at most; nothing is sent."""
        if isinstance(self.reader, OpenReader):
            return NetworkStudy(self.options, self.reader, self.reader.network(), observer).planned(), None
        with self._black_box(observer, dry=True) as box:
            name = self.options.folder.name
            return estimated(box, self.options.cohort, inquiry_options(self.options), name)

    @contextmanager
    def _black_box(self, observer: Observer, dry: bool = False) -> Iterator[BlackBox]:
        with black_box_on_disk(self.options.run, self.options.cohort, observer, dry) as (box, _):
            yield box


def _check_network(options: ExplainOptions) -> None:
    chosen(options.belief.methods)
    if options.max_queries is not None:
        raise SettingError(
            f"--max-queries bounds what is asked of a black box, and {options.run.reader!r} shows its gradients: leave "
            "it out, or take fewer records with --each"
        )


def _check_black_box(options: ExplainOptions, reader: Reader) -> None:
    inquiry_options(replace(options, belief=replace(options.belief, each=options.belief.each or EACH_ASKED)))
    wanted = [name for name in (*options.belief.methods, options.shown) if name in PAGE_METHODS]
    if wanted:
        open_pages(reader)
    if options.belief.layer:
        raise SettingError(f"--layer names a network's layer, and reader {reader.name!r} is a black box: leave it out")
    if options.transplants and isinstance(reader, SessionReader):
        raise SettingError(
            f"--transplants asks a record up to hundreds of times, at no known price, and {reader.name!r} is behind an "
            "API: leave it out"
        )
