"""What fold 9 says of a model in training: the benchmark's own score of its own answers."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from bench.dataset import Cohort
from bench.finetune.config import FinetuneConfig
from bench.run.scoring import score_readings
from bench.score import Score
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
"""What decides which checkpoint is the best: mean over the axes asked for of accuracy minus majority."""


@dataclass(frozen=True, eq=False)
class Validation:
    """Asks a model in training about records of fold 9.

    Attributes
    ----------
    examples : Examples
    config : FinetuneConfig
    source : ModelSource
    chat : Chat
    """

    examples: Examples
    config: FinetuneConfig
    source: ModelSource
    chat: Chat

    def figures(self, model: Any) -> dict[str, float]:  # noqa: ANN401  # a PeftModel, whose types peft leaves open
        """Return the figures of a look, by name; every process of a launch takes its share of the records.

        Parameters
        ----------
        model : peft.PeftModel
            Left in training mode if it was.
        """
        was_training = model.training
        model.eval()
        try:
            readings = self._gathered(model)
        finally:
            model.train(was_training)
        score = score_readings(readings, self.records, form=self.examples.form.name)
        return figures_of(score)

    @property
    def records(self) -> Cohort:
        """The records that are looked at: spread evenly over the validation split where not all are."""
        every, most = self.examples.cases.cohort, self.config.training.validation
        if not most or len(every) <= most:
            return every
        return every.of(every[number * len(every) // most] for number in range(most))

    def _gathered(self, model: Any) -> dict[QuestionKey, Reading]:  # noqa: ANN401
        from accelerate import PartialState
        from accelerate.utils import gather_object

        state = PartialState()
        own = [
            (asked.ecg_id, reading.to_json())
            for asked, reading in self._readings(model, state.process_index, state.num_processes)
        ]
        return {QuestionKey(ecg_id): Reading.from_json(data) for ecg_id, data in gather_object(own)}

    def _readings(self, model: Any, first: int, step: int) -> Iterator[tuple[QuestionKey, Reading]]:  # noqa: ANN401
        from readers.vlm.reader import answers

        questions = [Question(record) for record in self.records[first::step]]
        vlm = self._vlm(model)
        batches = prefetched(
            map(self.examples.cases.case, questions), vlm.options.batch, lambda part: (part, self.chat.encode(part))
        )
        found = (reading for cases, prompts in batches for reading in answers(vlm, cases, prompts))
        for question, reading in zip(questions, found, strict=True):
            yield question.key, reading

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


def figures_of(score: Score) -> dict[str, float]:
    """Return the figures that a look logs: the mean difference, accuracy on each axis, and answers that are none."""
    figures = {FIGURE: sum(axis.difference or 0.0 for axis in score.asked) / max(1, len(score.asked))}
    figures |= {f"accuracy_{axis.axis}": axis.accuracy or 0.0 for axis in score.asked}
    return figures | {"no_answer": score.unanswered}
