"""What do pooled joint masks take beside their forward passes? Seven records, 110 masks each, of resnet1d.

    OMP_NUM_THREADS=1 taskset -c 0,1 python benchmarks/joint_masks.py [--rounds 3] [--records 7] [--data PTBXL_DIR]

The bare loop is the same networks over as many inputs in the same batches. As an open network the reader is masked at
its input; as a black box it is shown masked recordings, which it filters, measures and z-scores each time. The
correlation of what either says of 12 leads and 6 segments tells what that costs in truth: a z-score of a masked lead
enlarges the rest of it.
"""

import argparse
import time
from collections.abc import Callable, Sequence
from typing import TypeVar

import numpy as np
import torch

from bench.dataset import Cohort, Record, open_dataset
from bench.explain.hiding.blackbox import black_box
from bench.explain.hiding.explaining import joint_explanation
from bench.explain.hiding.joint_effect import JointExplanation
from bench.explain.hiding.open_box import OpenBox
from bench.explain.hiding.plan import JOINT_LEADS, planned_jointly
from bench.explain.hiding.target import Target
from readers.contract import Case
from readers.network import Network
from readers.resnet1d.reader import Resnet1dReader

TARGET = Target("conduction", "lbbb")

Result = TypeVar("Result")


def main() -> None:
    """Print the seconds of each way, round by round and in the median, and their ratios to the bare loop."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--records", type=int, default=7)
    parser.add_argument("--data", default="phantoms:1", help="PTB-XL's folder; phantoms where none is named")
    options = parser.parse_args()
    cohort = open_dataset(options.data).cohort("all")
    said = (one for one in cohort if cohort.dataset.truth(one).values[TARGET.axis] == TARGET.value)
    records = [record for record, _ in zip(said, range(options.records), strict=False)]
    reader = Resnet1dReader()
    network = reader.network()
    rounds = [_round(reader, network, records, cohort) for _ in range(options.rounds)]
    bare, opened, black, alike = np.median(np.array(rounds), axis=0).tolist()
    print(f"median   bare {bare:.1f} s, open {opened:.1f} s ({opened / bare:.2f}), ", end="")
    print(f"black box {black:.1f} s ({black / bare:.2f}), correlation {alike:.2f}")


def _round(
    reader: Resnet1dReader, network: Network, records: Sequence[Record], cohort: Cohort
) -> tuple[float, float, float, float]:
    plan = planned_jointly(records, JOINT_LEADS)
    bare, _ = _timed(lambda: _forward(network, records[0], plan.questions))
    opened, at_input = _timed(lambda: joint_explanation(OpenBox(network), plan, TARGET))
    black, in_mv = _timed(lambda: joint_explanation(black_box(reader, cohort.of(records)), plan, TARGET))
    alike = _alike(at_input, in_mv)
    print(f"bare {bare:.1f} s, open {opened:.1f} s, black box {black:.1f} s, correlation {alike:.2f}", flush=True)
    return bare, opened, black, alike


def _timed(call: Callable[[], Result]) -> tuple[float, Result]:
    begun = time.perf_counter()
    result = call()
    return time.perf_counter() - begun, result


def _forward(network: Network, record: Record, count: int) -> None:
    signal = record.signal()
    shown = network.prepare(Case("bare", signal=signal.mv, fs=signal.fs))
    leads = torch.from_numpy(shown.leads)
    beside = None if shown.beside is None else torch.from_numpy(shown.beside)
    size = OpenBox(network).batch
    with torch.inference_mode():
        for start in range(0, count, size):
            rows = min(size, count - start)
            network.logits(leads.expand(rows, -1, -1).contiguous(), None if beside is None else beside.expand(rows, -1))


def _alike(one: JointExplanation, other: JointExplanation) -> float:
    return float(np.corrcoef(list(one.values.values()), list(other.values.values()))[0, 1])


if __name__ == "__main__":
    main()
