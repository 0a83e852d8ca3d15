"""Evaluates a model in training on the validation split with the benchmark's own score."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from bench.dataset import Cohort, RecordId
from bench.finetune.config import FinetuneConfig
from bench.run.scoring import score_readings
from bench.score.kappa import kappa as kappa_of
from bench.view import Question, QuestionKey
from bench.view.example import Examples
from readers.prefetch import prefetched
from readers.vlm.chat import Chat
from readers.vlm.option import VlmOptions
from readers.vlm.source import ModelSource
from taxonomy.axis import axis_named, with_derived
from taxonomy.reading import Reading
from taxonomy.truth import Truth

if TYPE_CHECKING:
    from readers.vlm.loading import Vlm

FIGURE = "kappa"
"""Cohen's kappa, the mean over the axes of the format.

Accuracy would not do: a model that says the majority to every record has more of it than one that knows a little and
errs a little."""

CHOICE = "choice"
"""Figure that selects the best checkpoint: the mean kappa, nothing below chance, and among equals who answers more."""

SILENCE = 0.001
"""What a model that answers no record at all loses in the choice; it is enough to part models without any kappa."""


@dataclass(frozen=True, eq=False)
class Validation:
    """Asks a model in training about records of the validation split."""

    examples: Examples
    config: FinetuneConfig
    source: ModelSource
    chat: Chat

    def figures(self, model: Any) -> dict[str, float]:  # noqa: ANN401  # a PeftModel, which peft leaves untyped
        """Return the figures of an evaluation by name; the processes of a launch share the records.

        Parameters
        ----------
        model : peft.PeftModel
            Its training mode is restored.
        """
        was_training = model.training
        model.eval()
        try:
            readings = self._gathered(model)
        finally:
            model.train(was_training)
        score = score_readings(readings, self.records, form=self.examples.form.name)
        kappa = mean_kappa(readings, self.records.truths(), self.examples.form.axes)
        figures = {FIGURE: kappa, CHOICE: max(kappa, 0.0) - SILENCE * score.unanswered}
        figures |= {f"accuracy_{axis.axis}": axis.accuracy or 0.0 for axis in score.asked}
        return figures | {"no_answer": score.unanswered}

    @property
    def records(self) -> Cohort:
        """The records of an evaluation, spread evenly over the validation split."""
        cohort, limit = self.examples.cases.cohort, self.config.training.validation
        if not limit or len(cohort) <= limit:
            return cohort
        return cohort.of(cohort[number * len(cohort) // limit] for number in range(limit))

    def _gathered(self, model: Any) -> dict[QuestionKey, Reading]:  # noqa: ANN401
        from accelerate import PartialState
        from accelerate.utils import gather_object

        from readers.vlm.reader import answers

        state, vlm = PartialState(), self._vlm(model)
        questions = [Question(record) for record in self.records[state.process_index :: state.num_processes]]
        batches = prefetched(
            map(self.examples.cases.case, questions), vlm.options.batch, lambda batch: (batch, self.chat.encode(batch))
        )
        readings = (reading for cases, prompts in batches for reading in answers(vlm, cases, prompts))
        own = [(question.key.ecg_id, reading.to_json()) for question, reading in zip(questions, readings, strict=True)]
        return {QuestionKey(ecg_id): Reading.from_json(data) for ecg_id, data in gather_object(own)}

    def _vlm(self, model: Any) -> "Vlm":  # noqa: ANN401
        from readers.vlm.loading import Vlm

        training = self.config.training
        options = VlmOptions(
            **asdict(self.config.load),
            batch=training.validation_batch,
            max_tokens=training.max_tokens,
            probabilities="off",
        )
        return Vlm(self.source, model, self.chat, options)


def mean_kappa(readings: Mapping[QuestionKey, Reading], truths: Mapping[RecordId, Truth], axes: Sequence[str]) -> float:
    """Return the mean over axes of Cohen's kappa between readings and truth; 0 where no axis has one.

    Parameters
    ----------
    readings : mapping of QuestionKey to Reading
        A record without one counts as not answered.
    truths : mapping of RecordId to Truth
        An unlabelled axis leaves the record out of that axis.
    axes : sequence of str
        An axis without a kappa (no labelled record; findings too rare) is left out of the mean.
    """
    found = []
    for axis in map(axis_named, axes):
        labelled = [ecg_id for ecg_id, truth in truths.items() if truth.values[axis.name] is not None]
        read = [readings.get(QuestionKey(ecg_id), Reading()) for ecg_id in labelled]
        answers = [with_derived(reading.values).get(axis.name) for reading in read]
        if labelled and (one := kappa_of(axis, answers, [truths[ecg_id] for ecg_id in labelled])) is not None:
            found.append(one)
    return sum(found) / len(found) if found else 0.0
