"""Has a reader memorised a public test set? Published records beside jittered copies and phantoms of the same truth."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from typing import Any

from bench.dataset import Cohort, RecordId
from bench.evidence import contamination_verdict as words
from bench.evidence.ablation import AUTO, ceiling_reader, first_repeats, say_resumed
from bench.evidence.conditions import reads_trace
from bench.evidence.drop import LEAST, WAVEFORM_AXES, Drop, Rights, Rule, accuracy_of, drops, excess, gap_difference
from bench.evidence.figure import Figure
from bench.progress import SILENT, Observer
from bench.run.caveat import same_simulator, taught_records
from bench.run.failed_call import check_runs
from bench.run.job import Job, limited, prepared, run_readings
from bench.run.options import RunOptions, check_limits
from bench.run.questionnaire import ask_cohort
from bench.run.settings import offer_of
from bench.view import View, cases_of
from bench.view.derived import Matches, copies_of, matched_phantoms
from readers.contract import Reader
from taxonomy.axis import AXIS_NAMES
from taxonomy.error import SettingError
from taxonomy.reading import Reading

Readings = Mapping[RecordId, Reading]
Ask = Callable[[str, Cohort], Readings]
"""Asks a reader about the records of one arm, named."""

PUBLISHED, COPIES, PHANTOMS, PHANTOM_COPIES = "published", "copies", "phantoms", "phantom copies"
HELD_OUT, HELD_OUT_PHANTOMS = "held out", "held-out phantoms"


@dataclass(frozen=True, eq=False)
class Study:
    """What is compared.

    Attributes
    ----------
    reader : Reader
    cohort : Cohort
        Published records, which the reader may have seen.
    view : View
        Its condition is not looked at: a reader of traces is shown no number, by which a record could be recognised.
    held_out : Cohort or None
        Records that it has not seen.
    only_copies : bool
        Leaves out phantoms.

    Raises
    ------
    SettingError
        When patients who are asked are held out too, or phantoms are left out beside held-out records.
    """

    reader: Reader
    cohort: Cohort
    view: View
    held_out: Cohort | None = None
    only_copies: bool = False

    def __post_init__(self) -> None:
        if self.held_out is None:
            return
        if self.only_copies:
            raise SettingError("held-out records are compared with their phantoms, which --only-copies leaves out")
        shared = {record.patient_id for record in self.cohort} & {record.patient_id for record in self.held_out}
        if shared:
            raise SettingError(
                f"patient {min(shared, key=str)} of the held-out split {self.held_out.split!r} is asked too: name a "
                "split of other patients"
            )

    @cached_property
    def shown(self) -> View:
        """The view in which every arm is asked.

        Raises
        ------
        SettingError
            When the reader sees neither a trace nor its numbers.
        """
        inputs = self.reader.inputs
        if "statements" in inputs or not (reads_trace(inputs) or "text" in inputs):
            raise SettingError(
                f"reader {self.reader.name!r} sees neither tracing nor numbers of a record, so that it has no copies "
                "to be compared on"
            )
        condition = "image-only" if reads_trace(inputs) else "full"
        return replace(self.view, condition=condition).settled(self.reader)

    @cached_property
    def axes(self) -> tuple[str, ...]:
        """The waveform-only axes that the reader answers.

        Raises
        ------
        SettingError
            When there is none.
        """
        asked = self.shown.form.axes if "text" in self.shown.inputs else AXIS_NAMES
        axes = tuple(name for name in WAVEFORM_AXES if name in asked and name in offer_of(self.reader, self.shown).axes)
        if not axes:
            raise SettingError(
                f"reader {self.reader.name!r} answers none of the axes that are compared: {', '.join(WAVEFORM_AXES)}"
            )
        return axes

    @cached_property
    def matches(self) -> Matches | None:
        """Phantoms of the same truth; None where none are wanted."""
        return None if self.only_copies else matched_phantoms(self.cohort, self.view.seed)

    @cached_property
    def held_out_matches(self) -> Matches | None:
        """Phantoms of the same truth as the held-out records."""
        if self.held_out is None or self.only_copies:
            return None
        return matched_phantoms(self.held_out, self.view.seed)

    @cached_property
    def arms(self) -> Mapping[str, Cohort]:
        """The records that are asked, by the name of the arm."""
        seed = self.view.seed
        found = {PUBLISHED: self.cohort, COPIES: copies_of(self.cohort, seed)}
        if self.matches:
            if not self.matches.cohort:
                raise SettingError("no record has a statement that a phantom can have: compare copies alone")
            found |= {PHANTOMS: self.matches.cohort, PHANTOM_COPIES: copies_of(self.matches.cohort, seed)}
        if self.held_out is not None and self.held_out_matches:
            found |= {HELD_OUT: self.held_out, HELD_OUT_PHANTOMS: self.held_out_matches.cohort}
        return found


@dataclass(frozen=True, eq=False)
class Reference:
    """A reader that was not taught the published records, and its answers to them and to their phantoms."""

    name: str
    published: Readings
    phantoms: Readings
    taught: int = 0


@dataclass(frozen=True, eq=False, repr=False)
class Contamination:
    """The result of a study.

    Attributes
    ----------
    reader, dataset, split : str
    data : str
        The dataset's credit line.
    is_simulated : bool
        Whether the published records are phantoms, so that fresh ones are drawn alike.
    cases, without, seed : int
        Published records, those of them without a phantom, and the seed of jitter and phantoms.
    arms : mapping of str to Figure or None
        Right answers over all axes together, by arm.
    copies : tuple of Drop
        From published records to copies: all axes together, then each.
    phantoms, phantom_copies : tuple of Drop
        From published records to phantoms, and from phantoms to their copies; empty where none were asked.
    excess : Figure or None
        By how much the drop on copies of published records is larger than that on copies of phantoms.
    held_out : Figure or None
        How much larger the gap to phantoms is on the published records than on held-out ones.
    held_out_split, reference : str
        Empty for none.
    reference_gap : Drop or None
        From published records to phantoms, of the reference.
    caveats : tuple of str
    run_id : str
        Of the run on the published records; empty when nothing was written to disk.
    """

    reader: str
    dataset: str
    split: str
    data: str
    is_simulated: bool
    cases: int
    without: int
    seed: int
    arms: Mapping[str, Figure | None]
    copies: tuple[Drop, ...]
    phantoms: tuple[Drop, ...] = ()
    phantom_copies: tuple[Drop, ...] = ()
    excess: Figure | None = None
    held_out: Figure | None = None
    held_out_split: str = ""
    reference: str = ""
    reference_gap: Drop | None = None
    caveats: tuple[str, ...] = ()
    run_id: str = ""

    @property
    def verdicts(self) -> tuple[str, ...]:
        """What is said of all axes together, in sentences without a full stop: of copies first."""
        fresh = self.phantom_copies[0] if self.phantom_copies else None
        said = [
            words.of_copies(self.copies[0]),
            words.of_cause(self.copies[0], fresh, self.excess, self.is_simulated),
        ]
        if self.phantoms:
            gap = self.phantoms[0]
            said.append(
                words.of_fresh(gap) if self.is_simulated else words.of_phantoms(gap, self.reference_gap, self.reference)
            )
        if self.held_out_split:
            said.append(words.of_held_out(self.held_out, self.held_out_split))
        return tuple(one for one in said if one)

    @property
    def axis_verdicts(self) -> Mapping[str, str]:
        """What is said of each axis from its copies, and of fresh phantoms where those decide."""
        found = {one.axis: words.of_copies(one) for one in self.copies[1:]}
        if self.is_simulated:
            for one in self.phantoms[1:]:
                if one.is_significant:
                    found[one.axis] += f"; {words.of_fresh(one)}"
        return found

    @property
    def is_found(self) -> bool:
        """Whether anything speaks of memory, on all axes together or on one."""
        fell = any(one.is_found for one in self.copies) and not any(
            sentence.startswith(words.BRITTLE) for sentence in self.verdicts
        )
        learnt = self.is_simulated and any(one.is_significant for one in self.phantoms)
        return fell or learnt or words.is_larger(self.held_out)

    def __repr__(self) -> str:
        return f"<Contamination of {self.reader}: n = {self.cases}, {self.verdicts[0]}>"

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON data, with the verdicts."""
        return {**asdict(self), "verdicts": self.verdicts, "axis_verdicts": dict(self.axis_verdicts)}


def gathered(study: Study, ask: Ask, reference: Reference | None = None) -> Contamination:
    """Ask a reader about every arm, and return what the comparisons show.

    Raises
    ------
    taxonomy.error.SettingError
        When the reader cannot be compared, or answers none of the axes.
    """
    axes, cohort, matches = study.axes, study.cohort, study.matches
    rights = {name: rights_of(ask(name, records), records, axes) for name, records in study.arms.items()}
    if matches:
        rights = {
            name: _agreeing(one, matches) if name in (PHANTOMS, PHANTOM_COPIES) else one for name, one in rights.items()
        }
    patients = {record.ecg_id: record.patient_id for record in cohort}
    deciding = 1 + (cohort.dataset.is_simulated and matches is not None) + (study.held_out is not None)

    def compared(first: str, second: str, least: float = 0.0) -> tuple[Drop, ...]:
        return drops(rights[first], rights[second], patients, Rule(deciding, least)) if second in rights else ()

    pairs = (PUBLISHED, COPIES), (PHANTOMS, PHANTOM_COPIES)
    published, fresh = (tuple(rights.get(name, {}) for name in pair) for pair in pairs)
    return Contamination(
        reader=study.reader.name,
        dataset=cohort.dataset.name,
        split=cohort.split,
        data=cohort.dataset.credit,
        is_simulated=cohort.dataset.is_simulated,
        cases=len(cohort),
        without=matches.without if matches else 0,
        seed=study.view.seed,
        arms={name: accuracy_of(one, _patients(study, name)) for name, one in rights.items()},
        copies=compared(PUBLISHED, COPIES, LEAST),
        phantoms=compared(PUBLISHED, PHANTOMS),
        phantom_copies=compared(PHANTOMS, PHANTOM_COPIES),
        excess=excess((published[0], published[1]), (fresh[0], fresh[1]), patients) if matches else None,
        held_out=_held_out(study, rights, deciding),
        held_out_split=study.held_out.split if study.held_out is not None and matches else "",
        reference=reference.name if reference else "",
        reference_gap=_reference_gap(reference, study, patients) if reference else None,
        caveats=tuple(_caveats(study, reference)),
    )


def rights_of(readings: Readings, cohort: Cohort, axes: tuple[str, ...]) -> Rights:
    """Return whether the answer to each labelled record was right, by axis; failed calls are left out."""
    truths = cohort.truths()
    answered = {ecg_id: reading for ecg_id, reading in readings.items() if reading.outcome != "failed"}
    return {
        axis: {
            ecg_id: not reading.error and truths[ecg_id].accepts(axis, reading.values.get(axis))
            for ecg_id, reading in answered.items()
            if truths[ecg_id].values[axis] is not None
        }
        for axis in axes
    }


def contamination_in_memory(
    study: Study, reference: Reader | None = None, observer: Observer = SILENT
) -> Contamination:
    """Ask a reader about every arm without writing to disk.

    Parameters
    ----------
    study : Study
    reference : Reader, optional
        A reader that was not taught the published records; beside phantoms of real records alone.
    observer : Observer
    """

    def asked(reader: Reader, view: View, name: str, cohort: Cohort) -> Readings:
        cases = replace(cases_of(view, cohort, observer), name=name)
        return first_repeats(ask_cohort(reader, cases, observer))

    told = None
    if reference is not None and PHANTOMS in study.arms:
        view = Study(reference, study.cohort, replace(study.view, format="")).shown
        published, phantoms = (asked(reference, view, name, study.arms[name]) for name in (PUBLISHED, PHANTOMS))
        told = Reference(reference.name, published, phantoms, taught_records(reference, study.cohort))
    return gathered(study, lambda name, cohort: asked(study.reader, study.shown, name, cohort), told)


def contamination_on_disk(
    options: RunOptions, study: Study, reference: str = AUTO, observer: Observer = SILENT
) -> Contamination:
    """Ask a reader about every arm; each is a run of its own that resumes.

    Parameters
    ----------
    options : RunOptions
    study : Study
        Of :func:`study_of`.
    reference : str
        As of :func:`reference_name`.
    observer : Observer

    Raises
    ------
    taxonomy.error.NothingAnswered
        When every call of all arms failed.
    taxonomy.error.BenchError
        As ``bench run``.
    """
    jobs = arm_jobs(options, study, observer)
    say_resumed(jobs.values(), observer)

    def ask(name: str, cohort: Cohort) -> Readings:
        observer.say(f"{name}: {len(cohort):,} records")
        part = observer.part("arm", list(jobs).index(name) + 1, len(jobs))
        return first_repeats(run_readings(limited(jobs, name), part))

    name = reference_name(study, reference)
    told = _asked_reference(options, study, name, observer) if name not in ("", options.reader) else None
    answers = {arm: ask(arm, records) for arm, records in study.arms.items()}
    check_runs({arm: job.folder for arm, job in jobs.items()}, observer)
    found = gathered(study, lambda arm, records: answers[arm], told)
    settings = jobs[PUBLISHED].settings
    return replace(found, reader=settings.reader, run_id=settings.run_id)


def study_of(options: RunOptions, held_out: str = "", only_copies: bool = False) -> Study:
    """Return the study that the options of a run describe; nothing is asked yet.

    Parameters
    ----------
    options : RunOptions
    held_out : str
        A split that the reader has not seen; empty for none. It is sampled as the asked one.
    only_copies : bool

    Raises
    ------
    taxonomy.error.BenchError
        As ``bench run``, or as of :class:`Study`.
    """
    cohort = options.selection.cohort()
    other = None
    if held_out:
        other = replace(options.selection, split=held_out, ids=None).cohort(dataset=cohort.dataset)
    return Study(options.built(), cohort, options.view, other, only_copies)


def arm_jobs(options: RunOptions, study: Study, observer: Observer = SILENT) -> Mapping[str, Job]:
    """Return the job of each arm; nothing is written."""
    check_limits(study.reader, options.limits)
    study.axes  # noqa: B018  # a reader that cannot be compared is refused before anything is simulated
    options = replace(options, view=replace(options.view, condition=study.shown.condition))
    return {name: prepared(options, observer, cohort) for name, cohort in study.arms.items()}


def reference_name(study: Study, named: str = AUTO) -> str:
    """Return the name of the reader that the gap to phantoms is held against; empty for none.

    ``auto`` takes ``digitizer`` for a reader of images and ``resnet1d`` for any other, and none where the published
    records are phantoms themselves: fresh ones are drawn alike and need no reference.

    Raises
    ------
    SettingError
        When a reader is named where none is asked.
    """
    if study.only_copies or study.cohort.dataset.is_simulated:
        if named not in ("", AUTO):
            why = "--only-copies asks no phantoms" if study.only_copies else "the records are phantoms themselves"
            raise SettingError(f"{why}, so no reference is asked: leave out --reference {named}")
        return ""
    return named if named != AUTO else ceiling_reader(study.reader.inputs)


def _asked_reference(options: RunOptions, study: Study, name: str, observer: Observer) -> Reference:
    base = replace(options, reader=name, options={}, view=replace(options.view, format=""), repeats=1)
    own = replace(study, reader=base.built(), view=base.view)
    base = replace(base, view=replace(base.view, condition=own.shown.condition))
    answers = [
        first_repeats(run_readings(prepared(base, observer, study.arms[arm]), observer))
        for arm in (PUBLISHED, PHANTOMS)
    ]
    return Reference(name, answers[0], answers[1], taught_records(own.reader, study.cohort))


def _reference_gap(reference: Reference, study: Study, patients: Mapping[RecordId, RecordId]) -> Drop | None:
    if study.matches is None:
        return None
    published = rights_of(reference.published, study.cohort, study.axes)
    phantoms = rights_of(reference.phantoms, study.matches.cohort, study.axes)
    return drops(published, _agreeing(phantoms, study.matches), patients)[0]


def _held_out(study: Study, rights: Mapping[str, Rights], deciding: int) -> Figure | None:
    if study.held_out is None or study.held_out_matches is None:
        return None
    phantoms = _agreeing(rights[HELD_OUT_PHANTOMS], study.held_out_matches)
    patients = [_patients(study, name) for name in (PUBLISHED, HELD_OUT)]
    found = gap_difference((rights[PUBLISHED], rights[PHANTOMS]), (rights[HELD_OUT], phantoms), patients)
    return found and replace(found, p=min(1.0, deciding * (found.p or 0.0)))


def _agreeing(rights: Rights, matches: Matches) -> Rights:
    """Return the answers to phantoms whose truth on the axis is that of the record."""
    return {
        axis: {ecg_id: right for ecg_id, right in one.items() if ecg_id in matches.agree[axis]}
        for axis, one in rights.items()
    }


def _patients(study: Study, arm: str) -> Mapping[RecordId, RecordId]:
    return {record.ecg_id: record.patient_id for record in study.arms[arm]}


def _caveats(study: Study, reference: Reference | None) -> list[str]:
    cohort, matches = study.cohort, study.matches
    said = [cohort.coverage.said]
    taught = taught_records(study.reader, cohort)
    if taught:
        said.append(f"{taught:,} of these {len(cohort):,} records lie in folds that were taught to this reader.")
    if not reads_trace(study.reader.inputs):
        said.append(
            "It sees no tracing but numbers measured on it, and those of a copy are often the same: the jitter tests "
            "little of it."
        )
    if cohort.dataset.is_simulated:
        said.append(
            "The published records are phantoms of a known seed; whether a reader has memorised real ones needs real "
            "public records: --data with PTB-XL's folder."
        )
    # Its arm of phantoms is simulated whatever the published records are.
    said += same_simulator(study.reader.name, getattr(study.reader, "details", {}), True)
    if matches:
        least = min(len(matches.agree[axis] & set(cohort.ids)) for axis in study.axes)
        said.append(
            f"{len(matches.cohort):,} of {len(cohort):,} records have a phantom; on the axis where fewest of them have "
            f"the same truth it is {least:,}. The others are left out there."
        )
    if reference and reference.taught:
        said.append(
            f"{reference.taught:,} of these records were taught to the reference {reference.name}, so that it is not "
            "clean here."
        )
    return said
