"""One training set for all processes of a launch: its signals are mapped from a file, not copied."""

import mmap
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bench.storage import whole_file

if TYPE_CHECKING:
    from accelerate import Accelerator

    from readers.resnet1d.dataset import TrainingSet


def shared(examples: "TrainingSet | None", accelerator: "Accelerator", folder: Path) -> "TrainingSet":
    """Return the training set of the main process in every process.

    Parameters
    ----------
    examples : TrainingSet or None
        None in every process but the main one, which they wait for.
    accelerator : Accelerator
    folder : Path
        Where the signals lie until all processes have mapped them, if they are in no file yet.
    """
    if accelerator.num_processes == 1:
        assert examples is not None
        return examples
    from accelerate.utils import broadcast_object_list

    from readers.resnet1d.dataset import TrainingSet

    path = folder / "signals.npy"
    told: list[Any] = [None]
    if examples is not None:
        others = {one.name: getattr(examples, one.name) for one in fields(examples) if one.name != "signal"}
        told = [(_file_of(examples.signal, path), others)]
    broadcast_object_list(told)
    where, others = told[0]
    signal = np.load(where, mmap_mode="r", allow_pickle=False)
    accelerator.wait_for_everyone()
    if accelerator.is_main_process:
        path.unlink(missing_ok=True)  # what is mapped stays until the last process ends
    return TrainingSet(signal=signal, **others)


def _file_of(signal: NDArray[np.float32], path: Path) -> Path:
    """Return the file that an array is mapped from, as a whole; ``path``, written now, where there is none."""
    if isinstance(signal, np.memmap) and isinstance(signal.base, mmap.mmap) and signal.filename:
        return Path(signal.filename)
    with whole_file(path) as part:
        np.save(part, signal)
    return path
