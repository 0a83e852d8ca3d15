"""The errors that a user can cause, for every package, and the message for an unknown name.

::

    BenchError              bad input from outside; the command line prints it and exits with 2
      UnknownNameError      a name (reader, renderer, axis, split, ...) that does not exist
      SettingError          an option, a configuration, a condition or a table of the user's that cannot be used
      DatasetError          a dataset, one of its files or one of its records that cannot be read or fetched
      FileError             another file from outside (predictions, features, a stored score) that cannot be understood
      StorageError          a folder or file that cannot be written, or that another process holds
      RenderError           a signal or a page style that cannot be drawn
      ReaderError           a reader, a model or its weights that cannot be found, loaded or built
      ReadingError          a reading that holds what the taxonomy does not know
      RunError              a run or a fine-tuning that cannot go on
        NothingAnswered     every call failed; the command line exits with 1
      StopReading           raised by a reader: no further case can be answered
      SubmissionError       a run that cannot be submitted, or a submission that does not hold what it says
"""

from collections.abc import Iterable
from difflib import get_close_matches

from taxonomy.redaction import redacted


class BenchError(Exception):
    """Bad input from outside: the command line prints the message and exits with 2.

    The message is one sentence that names the offending thing and its value, and says what to do. No key or password
    stands in it.
    """

    def __str__(self) -> str:
        return redacted(super().__str__())


class UnknownNameError(BenchError):
    """Raised when a name (a reader, renderer, axis, split) is not among those that exist."""


class SettingError(BenchError):
    """Raised when an option, a configuration, a condition or a table of the user's cannot be used."""


class DatasetError(BenchError):
    """Raised when a dataset, one of its files or one of its records cannot be read, fetched or used as asked."""


class FileError(BenchError):
    """Raised when another file from outside cannot be understood; the message names the line, column or value."""


class StorageError(BenchError):
    """Raised when a folder or file cannot be written, or is held by another process."""


class RenderError(BenchError):
    """Raised when a style or a signal cannot be drawn."""


class ReaderError(BenchError):
    """Raised when a reader, a model or its weights cannot be found, loaded or built."""


class ReadingError(BenchError):
    """Raised when a reading holds an axis, a value or a probability that the taxonomy does not know."""


class RunError(BenchError):
    """Raised when a run or a fine-tuning cannot go on; what is finished is kept."""


class NothingAnswered(RunError):
    """Raised when every call failed, with the commonest reasons; nothing was wrong with the command itself."""


class StopReading(BenchError):
    """Raised by a reader when no further case can be answered: no key, no such model, the cost limit.

    The run ends with this sentence; what was read so far is kept, and the same command resumes.
    """


class SubmissionError(BenchError):
    """Raised when a run cannot be submitted, or a submission does not hold what it says."""


def unknown_name(kind: str, name: str, known: Iterable[str]) -> UnknownNameError:
    """Return the error for an unknown name, which lists the known names and the nearest match.

    Parameters
    ----------
    kind : str
        The word for the named thing, such as ``"reader"``.
    name : str
        The unknown name.
    known : iterable of str
        Every valid name.
    """
    names = sorted(known)
    # Letters that changed places are the commonest slip, and a matcher of subsequences ranks them low.
    swapped = [one for one in names if sorted(one.lower()) == sorted(name.lower())]
    near = swapped or get_close_matches(name.lower(), names, n=1, cutoff=0.5)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    return UnknownNameError(f"unknown {kind} {name!r}: choose from {', '.join(names)}.{hint}")
