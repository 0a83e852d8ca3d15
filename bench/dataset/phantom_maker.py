"""The other process of :mod:`bench.dataset.made_ahead`: makes the phantoms whose numbers it is told."""

import json
import sys

from bench.dataset.measurement_cache import measure_record
from bench.dataset.phantom import Phantoms


def main() -> None:
    """Read numbers as JSON from standard input; write each one's measurements as a JSON line, and its samples."""
    phantoms, out = Phantoms(sys.argv[1]), sys.stdout.buffer
    for number in json.load(sys.stdin):
        record = phantoms.record(number)
        numbers = measure_record(record)
        out.write(json.dumps({"number": number, "numbers": numbers.to_json()}).encode() + b"\n")
        out.write(record.signal().mv.astype("<f4").tobytes())
        out.flush()


if __name__ == "__main__":
    try:
        main()
    except BrokenPipeError:  # who asked is gone
        sys.stderr.close()
