"""Throughput and memory of an API reader against a server on loopback with 300 ms latency.

``python benchmarks/api.py`` prints the throughput as a share of the ideal rate (concurrency / latency), drawing pages
for every case; ``--cases 21799 --latency 0.02`` has the size of PTB-XL and shows peak memory; ``--cases 1000 --faults
0.2`` makes one request in five fail.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
import urllib.request
from dataclasses import replace
from itertools import cycle, islice
from pathlib import Path

from bench.dataset import Cohort, Dataset, Record, Signal, open_dataset
from bench.run.questionnaire import Questionnaire, ask_all
from bench.view import Cases, Question, View
from bench.view.drawing import Ahead
from measurements.measurement import Measurement
from readers.registry import reader
from readers.session import Session, SessionReader
from taxonomy.reading import Reading

SERVER = Path(__file__).parent.parent / "tests" / "loopback" / "server.py"


def _renamed(record: Record, ecg_id: int) -> Record:
    """Return a record under another id, with its own signal."""

    def load(_: int, fs: int) -> Signal:
        return record.signal(fs)

    return replace(record, ecg_id=ecg_id, _load=load)


def timed_run(  # noqa: PLR0913
    dataset: Dataset, cases: int, concurrency: int, workers: int, folder: Path, timeout: float
) -> list[float]:
    """Read ``cases`` cases: a hundred records over and over, each under an id and with a number of its own.

    Returns
    -------
    list of float
        Seconds from the start to each reading.
    """
    some = dataset.cohort("all", limit=100)
    originals = list(islice(cycle(some), cases))
    records = tuple(_renamed(record, number) for number, record in enumerate(originals, start=1))
    measured = some.measure()
    features = {
        record.ecg_id: replace(measured[original.ecg_id], t_axis=Measurement(float(record.ecg_id)))
        for record, original in zip(records, originals, strict=True)
    }
    built = reader("openai:gpt-5.4", {"attempts": "6", "timeout": f"{timeout:g}"})
    assert isinstance(built, SessionReader)
    view = View().settled(built)
    job = Cases(view, Cohort(dataset, records, "all"), features, name="benchmark", ahead=Ahead(workers))
    session = Session(folder / "responses", "benchmark", concurrency)
    times: list[float] = []
    start = time.perf_counter()

    def note(question: Question, reading: Reading) -> None:
        times.append(time.perf_counter() - start)

    questions = Questionnaire(job, [Question(record) for record in records], {})
    readings = ask_all(built.within(session), questions, note, lambda done, total: None)
    print(f"{sum(reading.outcome == 'answered' for reading in readings.values())} of {len(readings)} answered")
    return times


def main() -> None:
    """Start the server, run the benchmark and print its figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=1500)
    parser.add_argument("--latency", type=float, default=0.3)
    parser.add_argument("--concurrency", type=int, default=32)
    parser.add_argument("--faults", type=float, default=0.0, help="share of requests that fail, in five ways")
    parser.add_argument("--workers", type=int, default=min(4, os.cpu_count() or 1))
    parser.add_argument("--data", default="phantoms:1", help="PTB-XL's folder; phantoms where none is named")
    options = parser.parse_args()
    patience = max(2.0, 6 * options.latency)
    command = [sys.executable, str(SERVER), "--latency", str(options.latency), "--faults", str(options.faults)]
    with (
        tempfile.TemporaryDirectory() as folder,
        subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server,
    ):
        assert server.stdout is not None
        address = f"http://127.0.0.1:{server.stdout.readline().strip()}"
        os.environ["OPENAI_BASE_URL"] = f"{address}/v1"
        try:
            dataset = open_dataset(options.data)
            times = timed_run(dataset, options.cases, options.concurrency, options.workers, Path(folder), patience)
            with urllib.request.urlopen(f"{address}/counts") as response:
                counts = json.load(response)
        finally:
            server.kill()
    ideal, n = options.concurrency / options.latency, len(times)
    first, last = n // 10, n - n // 10 - 1
    steady = (last - first) / (times[last] - times[first])
    used = resource.getrusage(resource.RUSAGE_SELF)
    print(f"{n} cases in {times[-1]:.1f} s: {n / times[-1] / ideal:.2f} of the ideal {ideal:.1f} a second")
    print(f"without the first and the last tenth, so without start-up: {steady / ideal:.2f}")
    print(f"{counts['requests']} requests for {counts['cases']} cases, at most {counts['most']} for one")
    print(f"peak memory {used.ru_maxrss / 1024:.0f} MB, CPU {used.ru_utime + used.ru_stime:.1f} s, main process")


if __name__ == "__main__":
    main()
