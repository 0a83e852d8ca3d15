"""The whole contract between the benchmark and a reader: a case goes in, a reading comes out.

Labels never reach a reader. What of a record it may see is decided by the run, so the same reader can be asked with the
trace, without it, or with another patient's, and the difference is the result.
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
    """What a reader is told in words.

    Attributes
    ----------
    text : str
        What is told of this case, the measurement block included.
    measurements : Measurements or None
        The numbers that stand in that text, as data; None where the condition shows none.
    system : str
        What is the same for every case: the task and the form of the answer.
    captions : tuple of str
        One for each image, in their order.
    form : TargetFormat
        How the answer is asked for, which is how ``taxonomy.parsing.parse`` must read it.
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
class Case:
    """What a reader may see of one record: no label, no path, no patient, no record id.

    Attributes
    ----------
    case_id : str
        Opaque and valid in one run only, since PTB-XL's labels are public and a record id would look them up.
    signal : float32 array (12, n_samples) in mV, or None
        Lead order I II III aVR aVL aVF V1..V6.
    fs : float or None
        Sampling rate of ``signal`` in Hz.
    images : tuple of EcgImage or PackedImage
        The rendering of this run; twelve images, one a lead, for ``leads``.
    prompt : Prompt or None
        The question and the numbers that go with it.
    repeat : int
        Which of several times the same is asked, from 0 on.
    statements : tuple of str or None
        What an interpretation program printed of the record, in its own acronyms.
    """

    case_id: str
    signal: NDArray[np.float32] | None = None
    fs: float | None = None
    images: tuple[Picture, ...] = ()
    prompt: Prompt | None = None
    repeat: int = 0
    statements: tuple[str, ...] | None = None


@runtime_checkable
class Reader(Protocol):
    """Anything that reads ECGs.

    Attributes
    ----------
    name : str
        As on the leaderboard.
    inputs : frozenset of {"signal", "image", "text", "statements"}
        What it needs of a case; the rest of the case is left empty.

    A reader may also have ``preferred_fs`` (Hz): the signal then comes at that rate where the dataset has it, else at
    the highest rate that there is. ``details`` (mapping of str to str) goes into the manifest and decides the run id:
    the digest of weights, the version of a model. ``trained_on`` (mapping with ``renderer``, ``px_per_mm``,
    ``format``) is how a run draws and asks unless the user says otherwise.

    A reader that asks elsewhere and waits (``readers.session``) may have ``within(session)``, which returns the reader
    that works within the run's limits on concurrency and cost, and ``estimate(case)``, what a case would cost.
    """

    name: str
    inputs: frozenset[Input]

    def read(self, cases: Iterable[Case]) -> Iterable[Reading]:
        """Yield one reading for each case, in the order given.

        ``cases`` may be a generator: take from it no more than is needed at once, and yield as soon as an
        answer is there, so that a killed run loses little.
        """
        ...
