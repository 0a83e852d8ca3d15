"""The whole contract between the benchmark and a reader: a case goes in, a reading comes out.

Labels never reach a reader. The run decides how much of a record a reader sees, so the same reader can be shown the
trace, a blank page or another patient's trace, and the difference is the result.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from measurements import Measurements
from renderers import Picture
from taxonomy import Reading
from taxonomy.target import DENSE, TargetFormat

Input = Literal["signal", "image", "text", "statements"]
INPUTS: tuple[Input, ...] = ("signal", "image", "text", "statements")


@dataclass(frozen=True)
class Prompt:
    """The words of a question.

    Attributes
    ----------
    text : str
        The words for this case, with the measurement block.
    measurements : Measurements or None
        The numbers in that text, as data; None where the condition shows none.
    system : str
        The words that every case shares: the task and the format of the answer.
    captions : tuple of str
        One for each image, in order.
    form : TargetFormat
        Format of the answer, for ``taxonomy.parsing.parse``.
    schema : mapping or None
        JSON schema of the answer.
    """

    text: str
    measurements: Measurements | None = None
    system: str = ""
    captions: tuple[str, ...] = ()
    form: TargetFormat = DENSE
    schema: Mapping[str, Any] | None = None


@dataclass(frozen=True, eq=False)
class Shot:
    """A question about another patient with its true answer, shown before the case's own question.

    Attributes
    ----------
    text : str
        The words of the question, as of :class:`Prompt`.
    images : tuple of EcgImage or PackedImage
    captions : tuple of str
        One for each image, in order.
    answer : str
        As a model would write it.
    """

    text: str
    images: tuple[Picture, ...]
    captions: tuple[str, ...]
    answer: str


@dataclass(frozen=True, eq=False)
class Case:
    """The part of a record that a reader may see: no label, path, patient or record id.

    Attributes
    ----------
    case_id : str
        Opaque and valid in one run only: PTB-XL's labels are public, and a record id would give them away.
    signal : float32 array (12, n_samples) in mV, or None
        Lead order I II III aVR aVL aVF V1..V6.
    fs : float or None
        Sampling rate of ``signal`` in Hz.
    images : tuple of EcgImage or PackedImage
        The rendering of this run; twelve images, one a lead, for ``leads``.
    prompt : Prompt or None
        The question, with its numbers.
    repeat : int
        Number of the repetition of the same question, from 0.
    statements : tuple of str or None
        Statements that an interpretation program printed, in its own acronyms.
    shots : tuple of Shot
        Worked examples, in the order in which they are shown; the same for nearly every case of a run.
    """

    case_id: str
    signal: NDArray[np.float32] | None = None
    fs: float | None = None
    images: tuple[Picture, ...] = ()
    prompt: Prompt | None = None
    repeat: int = 0
    statements: tuple[str, ...] | None = None
    shots: tuple[Shot, ...] = ()

    @property
    def every_image(self) -> tuple[Picture, ...]:
        """The images of the examples and of the case, in the order in which they are shown."""
        return (*(image for shot in self.shots for image in shot.images), *self.images)


@runtime_checkable
class Reader(Protocol):
    """Anything that reads ECGs.

    Attributes
    ----------
    name : str
        As on the leaderboard.
    inputs : frozenset of {"signal", "image", "text", "statements"}
        Parts of a case that it needs; the others are left empty.

    Optional attributes: ``preferred_fs`` (Hz), the sampling rate of the signal where the dataset has it, else it
    comes at the highest rate of the dataset; ``details`` (mapping of str to str), such as the digest of the
    weights, which goes into the manifest and the run id; ``trained_on`` (mapping with ``renderer``, ``px_per_mm``,
    ``format`` and ``demography``, as far as they matter), the defaults of a run's options; ``axes`` (frozenset of
    str), the axes that it answers, all without it: no other is scored; ``measures`` (frozenset of str), the axes on
    which it answers from this project's own measurement of the signal, so that its figure holds by construction
    where the truth rests on the same measurement (``rate by 12SL`` for a program's that PTB-XL+ quotes);
    ``taught_on`` (mapping of a dataset's name to its folds), the records that it was taught: a run on them says so,
    and is no submission; ``enlarges`` (bool), whether it draws parts of its pictures larger
    (:func:`renderers.closer.closer`), which then keep what they were drawn from.

    A reader that calls a service (``readers.session``) may have ``within(session)``, which returns a reader that keeps
    to the run's limits on concurrency and cost, and ``estimate(case)``, which returns the cost of a case.
    """

    name: str
    inputs: frozenset[Input]

    def read(self, cases: Iterable[Case]) -> Iterable[Reading]:
        """Yield one reading for each case, in the order given.

        ``cases`` may be a generator: take no more cases than are needed at once, and yield each reading as soon as it
        is ready, so that a killed run loses little.
        """
        ...
