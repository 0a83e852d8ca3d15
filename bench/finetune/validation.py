"""Evaluates a model in training on the validation split with the benchmark's own score."""

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from bench.dataset import Cohort
from bench.finetune.config import FinetuneConfig
from bench.run.scoring import score_readings
from bench.view import Question, QuestionKey
from bench.view.example import Examples
from readers.prefetch import prefetched
from readers.vlm.chat import Chat
from readers.vlm.option import VlmOptions
from readers.vlm.source import ModelSource
from taxonomy.reading import Reading

if TYPE_CHECKING:
    from readers.vlm.loading import Vlm

FIGURE = "difference"
"""Figure that selects the best checkpoint: accuracy minus majority, averaged over the axes asked for."""


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
        figures = {FIGURE: sum(axis.difference or 0.0 for axis in score.asked) / max(1, len(score.asked))}
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
