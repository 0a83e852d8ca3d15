"""The properties that a probe changes: the same of a recording and of a simulated heart."""

from collections.abc import Sequence
from dataclasses import dataclass

from bench.dataset import Dataset
from bench.dataset.phantom import Phantoms
from bench.tracing import beat_change, heart_change
from bench.tracing.beat_change import BeatChange
from bench.tracing.heart_change import HeartChange
from taxonomy.error import SettingError, unknown_name


@dataclass(frozen=True, eq=False)
class Change:
    """A change of one property.

    Attributes
    ----------
    name, unit : str
    axis : str
        The only axis on which the answer should move.
    on_heart : HeartChange
        How a phantom is changed: by a parameter of its heart.
    on_beats : BeatChange or None
        How a recording is changed: by signal processing; None where that cannot do it.
    """

    name: str
    unit: str
    axis: str
    on_heart: HeartChange
    on_beats: BeatChange | None = None


RATES = (-30, -20, -10, 0, 10, 20, 40, 60)
ANGLES = (-120, -90, -60, -30, 0, 30, 60, 90, 120)
PR_MS = (0, 20, 40, 60, 80, 120)
QRS_MS = (0, 10, 20, 40, 60, 80)
ST_MV = (0, 0.05, 0.1, 0.2, 0.3, 0.4)
QT_MS = (0, 20, 40, 60, 80, 120, 160)
VOLTAGES = (-0.8, -0.7, -0.6, -0.4, -0.2, 0)

CHANGES = {
    change.name: change
    for change in (
        Change(
            "rate", "/min", "rate",
            HeartChange(RATES, heart_change.rate, heart_change.expected_rate),
            BeatChange(RATES, beat_change.rate, beat_change.expected_rate),
        ),
        Change(
            "axis", "degrees", "axis",
            HeartChange(ANGLES, heart_change.axis, heart_change.expected_axis),
            BeatChange(ANGLES, beat_change.axis, beat_change.expected_axis),
        ),
        Change(
            "pr", "ms", "conduction",
            HeartChange(PR_MS, heart_change.pr, heart_change.expected_pr),
            BeatChange(PR_MS, beat_change.pr, beat_change.expected_pr),
        ),
        Change(
            "qrs", "ms", "conduction",
            HeartChange(QRS_MS, heart_change.qrs, heart_change.unknown),
            BeatChange(QRS_MS, beat_change.qrs, beat_change.unknown),
        ),
        Change(
            "st-inferior", "mV", "ischemia_stage",
            HeartChange(ST_MV, heart_change.raised("inferior"), heart_change.expected_acute),
            BeatChange(
                ST_MV, beat_change.st_shift((0.0, 0.87), (0, -0.3, -0.2, 0, 0, 0)), beat_change.expected_acute(0.1)
            ),
        ),
        Change(
            "st-anterior", "mV", "ischemia_stage",
            HeartChange(ST_MV, heart_change.raised("anterior"), heart_change.expected_acute),
            BeatChange(
                ST_MV, beat_change.st_shift((0.1, -0.15), (0.7, 1, 1, 0.8, 0.3, 0.1)), beat_change.expected_acute(0.2)
            ),
        ),
        Change(
            "fibrillation", "of RR", "rhythm",
            HeartChange((0, 0.2, 0.25, 0.3), heart_change.fibrillation, heart_change.expected_fibrillation),
            BeatChange((0, 0.05, 0.1, 0.2), beat_change.fibrillation, beat_change.expected_fibrillation),
        ),
        Change(
            "qt", "ms", "other_findings", HeartChange(QT_MS, heart_change.qt, heart_change.expected_qt)
        ),
        Change(
            "voltage", "of QRS", "other_findings",
            HeartChange(VOLTAGES, heart_change.voltage, heart_change.expected_voltage),
        ),
        Change(
            "premature", "beats", "other_findings",
            HeartChange((0, 1, 2, 3, 4), heart_change.premature, heart_change.expected_premature),
        ),
    )
}  # fmt: skip
"""ST of recordings is right from 0.1 mV on, 0.2 mV in V2 and V3 (Fourth Universal Definition of Myocardial Infarction,
Thygesen et al. 2018). A dose of fibrillation is how irregular RR is: the greatest change of an interval in a recording,
the coefficient of variation in a phantom, whose fibrillation has 0.2 at least."""


def change_named(name: str) -> Change:
    """Return the change of that name.

    Raises
    ------
    taxonomy.error.UnknownNameError
        When there is none; the message lists them and the nearest match.
    """
    if name not in CHANGES:
        raise unknown_name("change", name, CHANGES)
    return CHANGES[name]


def changes_on(dataset: Dataset, names: Sequence[str] = ()) -> list[Change]:
    """Return the changes of those names, in the order of the table; all that the dataset's records can have for none.

    Raises
    ------
    taxonomy.error.UnknownNameError
        When there is no such change.
    taxonomy.error.SettingError
        When only phantoms can be changed so, and the dataset holds recordings.
    """
    possible = [change for change in CHANGES.values() if change.on_beats or isinstance(dataset, Phantoms)]
    wanted = [change_named(name) for name in names]
    for change in wanted:
        if change not in possible:
            raise SettingError(
                f"change {change.name!r} can be made of phantoms only, not of recordings of {dataset.name}"
            )
    return [change for change in possible if not wanted or change in wanted]
