"""How a run scales: shards and Ray's workers against one process, and 1,000 cases with one of them killed.

Usage: python benchmarks/scale.py [--reader digitizer] [--cases 120] [--killed 1000]

The rate is that of the middle of a run, from a tenth of its readings to nine tenths, without start and score. Beside it
stands the CPU time of all its processes, in the middle by case and in all: on a machine that others use too, the rate
tells how much they left, and the CPU time what the division costs. Each run has an empty cache. Each process computes
alone (``ECG_BENCH_PROCESSES=1``), unless the variable says otherwise: else one process has all cores already.
"""

import argparse
import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
MARK = "SCALE_RUN"
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass
class Measured:
    """A run: wall and CPU seconds of all processes, and both from a tenth to nine tenths of its readings."""

    wall: float
    cpu: float
    middle: float
    middle_cpu: float
    readings: list[str]
    score: bytes


def marked(mark: str) -> list[int]:
    """Return the processes that were started with a mark in their environment."""
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if f"{MARK}={mark}".encode() in (path / "environ").read_bytes():
                found.append(int(path.name))
    return found


def cpu_of(process: int) -> float:
    """Return the CPU seconds of a process so far."""
    after_name = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(after_name[11]) + int(after_name[12])) / TICKS


def lines(out: Path) -> list[str]:
    """Return the readings that are there."""
    return [line for path in out.glob("*/readings*.jsonl") for line in path.read_text().splitlines()]


class Watch(threading.Thread):
    """Notes the CPU time of marked processes and the arrival of readings, and kills one at half time if asked to."""

    def __init__(self, mark: str, out: Path, cases: int, victim: str) -> None:
        super().__init__(daemon=True)
        self.mark, self.out, self.cases, self.victim = mark, out, cases, victim
        self.cpu: dict[int, float] = {}
        self.arrived: list[tuple[float, float, int]] = []
        self.over = threading.Event()

    def run(self) -> None:
        """Look ten times a second."""
        while not self.over.wait(0.1):
            for process in marked(self.mark):
                with contextlib.suppress(OSError):
                    self.cpu[process] = cpu_of(process)
            count = len(lines(self.out))
            self.arrived.append((time.monotonic(), sum(self.cpu.values()), count))
            if self.victim and count >= self.cases / 2:
                self.kill()

    def kill(self) -> None:
        """Kill the first process of that name."""
        for process in marked(self.mark):
            with contextlib.suppress(OSError):
                if self.victim in Path(f"/proc/{process}/cmdline").read_bytes().replace(b"\0", b" ").decode():
                    os.kill(process, signal.SIGKILL)
                    print(f"    killed {self.victim!r} at {len(lines(self.out))} readings")
                    self.victim = ""
                    return

    def middle(self) -> tuple[float, float]:
        """Return the seconds and the CPU seconds from a tenth of the readings to nine tenths."""
        begun, cpu = next((at, cpu) for at, cpu, count in self.arrived if count >= 0.1 * self.cases)
        ended, spent = next((at, cpu) for at, cpu, count in self.arrived if count >= 0.9 * self.cases)
        return ended - begun, spent - cpu


def measured(reader: str, cases: int, ways: list[list[str]], victim: str = "") -> Measured:
    """Run a command for each of several ways of asking a part, all at once; one that is killed is given again."""
    with tempfile.TemporaryDirectory() as place:
        mark, out = Path(place).name, Path(place) / "runs"
        environment = {
            **os.environ, "ECG_BENCH_CACHE": f"{place}/cache", MARK: mark, "OMP_NUM_THREADS": "1",
            "PYTHONPATH": str(ROOT),
        }  # fmt: skip
        words = [
            sys.executable,
            "-m",
            "bench",
            "run",
            "--reader",
            reader,
            "--data",
            f"phantoms:1,{cases}",
            "--out",
            str(out),
        ]
        watch, begun = Watch(mark, out, cases, victim), time.monotonic()
        watch.start()

        def start(way: list[str]) -> subprocess.Popen[bytes]:
            return subprocess.Popen([*words, *way], cwd=place, env=environment, stdout=subprocess.DEVNULL)

        for process, way in [(start(way), way) for way in ways]:
            code = process.wait()
            if code == -signal.SIGKILL:
                code = start(way).wait()
            if code:
                raise SystemExit(f"{way} ended with {code}")
        wall = time.monotonic() - begun
        watch.over.set()
        watch.join()
        (score,) = out.glob("*/score.json")
        return Measured(wall, sum(watch.cpu.values()), *watch.middle(), sorted(lines(out)), score.read_bytes())


def shards(count: int) -> list[list[str]]:
    """Return the ways of asking all shards."""
    return [["--shard", f"{index}/{count}"] for index in range(count)]


def ray(count: int) -> list[list[str]]:
    """Return the way of asking by Ray."""
    return [["--engine", "ray", "--workers", str(count)]]


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--reader", default="digitizer")
    parser.add_argument("--cases", type=int, default=120)
    parser.add_argument("--killed", type=int, default=1000)
    given = parser.parse_args()
    os.environ.setdefault("ECG_BENCH_PROCESSES", "1")
    print(f"{given.reader}, {given.cases} cases, load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    ways = {"one process": (1, [[]]), "2 shards": (2, shards(2)), "4 shards": (4, shards(4)),
            "Ray, 2 workers": (2, ray(2)), "Ray, 4 workers": (4, ray(4))}  # fmt: skip
    first: Measured | None = None
    for name, (parts, way) in ways.items() if given.cases else ():
        found = measured(given.reader, given.cases, way)
        first = first or found
        assert found.readings == first.readings and found.score == first.score, name
        speed = first.middle / found.middle
        print(
            f"{name:<16}{0.8 * given.cases / found.middle:6.1f} cases/s  {speed:5.2f} times  "
            f"{speed / parts:5.2f} of linear  {found.middle_cpu / given.cases / 0.8 * 1000:6.0f} CPU ms a case  "
            f"wall {found.wall:6.1f} s  CPU {found.cpu:6.1f} s  load {os.getloadavg()[0]:.1f}",
            flush=True,
        )
    if given.killed:
        alone = measured("resnet1d", given.killed, [[]])
        for name, way, victim in (
            ("4 shards", shards(4), "--shard 1/4"),
            ("Ray, 4 workers", ray(4), "ray::ReaderWorker"),
        ):
            found = measured("resnet1d", given.killed, way, victim)
            same = found.readings == alone.readings and found.score == alone.score
            print(
                f"{name}, one killed: {len(found.readings)} readings of {given.killed} cases, as by one process: {same}"
            )


if __name__ == "__main__":
    main()
