"""What a reader says of some findings as a black box, and what that takes in questions and seconds.

    OMP_NUM_THREADS=1 python benchmarks/inquiry.py --reader digitizer [--each 5] [--truth] [--methods NAME ...]

Four findings of the test phantoms, by default with leads_and_segments, the deletion curves among the questions.
``--truth`` adds how well the same methods find planted evidence.
"""

import argparse
import tempfile
import time
from pathlib import Path

from bench.dataset import Selection
from bench.explain.belief.estimate import Estimate
from bench.explain.hiding.blackbox import black_box_on_disk
from bench.explain.hiding.effect import TWO_WAY
from bench.explain.hiding.inquired import Inquiry, inquire
from bench.explain.hiding.inquiry import InquiryOptions, shown_view
from bench.explain.hiding.known import truth_of_hiding
from bench.run.options import RunOptions

TARGETS = ("conduction=lbbb", "conduction=rbbb", "ischemia_territory=inferior", "other_findings=lvh")


def main() -> None:
    """Print the figures of one reader, with seconds and questions."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--reader", default="digitizer")
    parser.add_argument("--each", type=int, default=5)
    parser.add_argument("--methods", nargs="*", default=())
    parser.add_argument("--targets", nargs="*", default=TARGETS)
    parser.add_argument("--data", default="phantoms:1")
    parser.add_argument("--truth", action="store_true")
    given = parser.parse_args()
    options = InquiryOptions(tuple(given.targets), tuple(given.methods), each=given.each)
    dataset = Selection(given.data).cohort().dataset
    truth = truth_of_hiding(dataset, options.methods or (TWO_WAY,)) if given.truth else ()
    for known in truth:
        print(f"{known.method}, {known.kind}: area {_said(known.area)}, above the null {_said(known.above_null)}")
    with tempfile.TemporaryDirectory() as folder:
        run = RunOptions(given.reader, {}, Selection(given.data), out=Path(folder))
        run = RunOptions(given.reader, {}, run.selection, shown_view(run.built()), out=run.out)
        cohort = run.selection.cohort()
        with black_box_on_disk(run, cohort) as (box, _):
            begun = time.perf_counter()
            found = inquire(box, cohort, options, truth)
            took = time.perf_counter() - begun
    print(f"{found.reader}: {found.questions:,} questions in {took:.0f} s, {1000 * took / found.questions:.0f} ms each")
    _tell(found)


def _tell(found: Inquiry) -> None:
    for row in found.rows:
        print(f"{row.method}, {row.answers} answers of {row.patients} patients: {row.verdict}")
        if (clinical := row.clinical) is not None:
            print(f"  mass {_said(clinical.mass)}, area {_said(clinical.area)}, ", end="")
            print(f"above the energy {_said(clinical.above_energy)}, pointing {_said(clinical.pointing)}")
        print(f"  deletion {_said(row.deletion)}, above the energy {_said(row.deletion_above_energy)}")
        print(f"  insertion {_said(row.insertion)}, above the energy {_said(row.insertion_above_energy)}")
    for of in found.findings:
        print(f"{of.target.name}: {of.asked} asked, {of.missed} missed")
        for method, effects in of.pooled.items():
            first = sorted(effects, key=lambda effect: -effect.value)[:4]
            print(f"  {method}: " + ", ".join(f"{effect.part.name} {effect.value:.2f}" for effect in first))
        for method, joint in of.joints.items():
            above = [f"{effect.part.name} {effect.value:.2f}" for effect in joint.effects if effect.is_above_null]
            print(f"  {method}: above the null of {joint.null:.2f}: {', '.join(above) or 'nothing'}")


def _said(one: Estimate | None) -> str:
    return "unknown" if one is None else f"{one.value:.2f} ({one.low:.2f} to {one.high:.2f})"


if __name__ == "__main__":
    main()
