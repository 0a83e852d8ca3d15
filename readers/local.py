"""Which readers may be shown a recording of one's own: those that run on this machine, and look at it."""

from readers.contract import Reader
from readers.session import SessionReader
from taxonomy.error import SettingError


def check_local(built: Reader, name: str) -> None:
    """Check that a reader sends nothing away and looks at the recording or at what was measured on it.

    A recording of a person is sent to no service, whatever key lies in the environment.

    Parameters
    ----------
    built : Reader
    name : str
        As the user wrote it, for the message.

    Raises
    ------
    taxonomy.error.SettingError
        When it calls a service, or looks at neither signal nor picture nor numbers.
    """
    if isinstance(built, SessionReader):
        raise SettingError(
            f"reader {name!r} sends what it reads to a service, and no recording of one's own is sent away"
        )
    if "statements" in built.inputs or not {"signal", "image", "text"}.intersection(built.inputs):
        raise SettingError(f"reader {name!r} looks at no signal and no picture: choose one that does, such as resnet1d")
