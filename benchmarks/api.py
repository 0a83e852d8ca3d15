"""How fast, and in how much memory, an API reader runs against a server on loopback with 300 ms latency.

``python benchmarks/api.py`` prints the throughput as a share of the ideal rate (concurrency over latency), pages drawn
for every case; ``--cases 21799 --latency 0.02`` is the size of PTB-XL and shows the peak memory; ``--cases 1000
--faults 0.2`` is a storm of faults.
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

from bench.run.case import CaseBuilder, Question
from bench.run.runner import Step, ask_all

from bench.dataset import Record, Signal
from bench.dataset.sample import Sample
from bench.run.folder import RunFolder
from bench.run.settings import RunSettings
from measurements.measurement import Measurement
from readers.api.openai import OpenAIReader
from readers.session import Session

SERVER = Path(__file__).parent.parent / "tests" / "loopback" / "server.py"


def _renamed(record: Record, ecg_id: int) -> Record:
    """Return a record under another id, with its own signal."""

    def load(_: int, fs: int) -> Signal:
        return record.signal(fs)

    return replace(record, ecg_id=ecg_id, _load=load)


def run(cases: int, concurrency: int, workers: int, folder: Path) -> list[float]:
    """Read ``cases`` cases (the sample's records over and over, each under an id and with a number of its own).

    Returns
    -------
    list of float
        Seconds from the beginning to each reading.
    """
    sample = Sample()
    records = [_renamed(record, number) for number, record in enumerate(islice(cycle(sample), cases), start=1)]
    numbers = sample.cohort("all").measure()
    by_id = {
        record.ecg_id: replace(numbers[original.ecg_id], t_axis=Measurement(float(record.ecg_id)))
        for record, original in zip(records, cycle(sample), strict=False)
    }
    ids = tuple(record.ecg_id for record in records)
    settings = RunSettings("openai", {}, "sample", "1", "f", True, "test", ids, form="dense")
    session = Session(folder / "responses", settings.run_id, concurrency)
    reader = OpenAIReader("gpt-5.4", attempts="6", timeout="2").within(session)
    builder = CaseBuilder(settings, reader, by_id, workers)
    times: list[float] = []
    begun = time.perf_counter()

    def note(_: Step) -> None:
        times.append(time.perf_counter() - begun)

    readings = ask_all(RunFolder(folder / "run"), builder, [Question(record) for record in records], note)
    print(f"{sum(reading.outcome == 'answered' for reading in readings.values())} of {len(readings)} answered")
    return times


def main() -> None:
    """Start the server, run, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=1500)
    parser.add_argument("--latency", type=float, default=0.3)
    parser.add_argument("--concurrency", type=int, default=32)
    parser.add_argument("--faults", type=float, default=0.0, help="share of requests that fail, in five ways")
    parser.add_argument("--workers", type=int, default=min(4, os.cpu_count() or 1))
    options = parser.parse_args()
    command = [sys.executable, str(SERVER), "--latency", str(options.latency), "--faults", str(options.faults)]
    with (
        tempfile.TemporaryDirectory() as folder,
        subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server,
    ):
        assert server.stdout is not None
        address = f"http://127.0.0.1:{server.stdout.readline().strip()}"
        os.environ["OPENAI_BASE_URL"] = f"{address}/v1"
        (Path(folder) / "run").mkdir()
        try:
            times = run(options.cases, options.concurrency, options.workers, Path(folder))
            with urllib.request.urlopen(f"{address}/counts") as told:
                counts = json.load(told)
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
