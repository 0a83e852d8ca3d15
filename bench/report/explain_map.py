"""The map of a case of the gallery as a file beside its picture, for pages that draw it over the trace themselves."""

import base64
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.storage import as_json, write_whole
from renderers.explained import Overlay
from renderers.style import LEADS
from taxonomy.error import FileError
from taxonomy.outside import MEBIBYTE, Bounds, object_in

VERSION = 1

LEAST_FS = 100
"""Hz that are kept at least: a map is smoothed over 40 ms before it is drawn."""

FULL = 127
"""Stands for the full colour of what speaks for an answer, its negative for that of what speaks against it."""

BOUNDS = Bounds(size=16 * MEBIBYTE, once=True)


@dataclass(frozen=True, eq=False)
class DepthMap:
    """How deeply a trace is coloured.

    Attributes
    ----------
    fs : float
        In Hz.
    depth : int8 array (12, n_values)
        In the order of ``LEADS``, from -127 (speaks against the answer) to 127 (for it).
    """

    fs: float
    depth: NDArray[np.int8]

    @classmethod
    def of(cls, overlay: Overlay) -> "DepthMap":
        """Return the depths of what is drawn on a page."""
        step = max(1, round(overlay.fs / LEAST_FS))
        return cls(overlay.fs / step, np.round(overlay.depth[:, ::step] * FULL).astype(np.int8))

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON data: the depths as base64, lead after lead."""
        depths = base64.b64encode(self.depth.tobytes()).decode("ascii")
        return {"version": VERSION, "fs": self.fs, "leads": list(LEADS), "depth": depths}


def map_path(picture: Path) -> Path:
    """Return where the map of a picture lies: beside it."""
    return picture.with_suffix(".json")


def write_map(picture: Path, overlay: Overlay) -> None:
    """Write the map that a picture shows; raises StorageError when the folder cannot be written."""
    write_whole(map_path(picture), as_json(DepthMap.of(overlay).to_json()))


def read_map(path: Path) -> DepthMap:
    """Return the map in a file that :func:`write_map` wrote; raises FileError for any other."""
    told = object_in(path, FileError, BOUNDS)
    fs, depths = told.get("fs"), told.get("depth")
    known = told.get("version") == VERSION and told.get("leads") == list(LEADS)
    if not known or not isinstance(depths, str) or not isinstance(fs, int | float) or not fs > 0:
        raise FileError(f"{path} is no map of version {VERSION}: make it anew with 'bench explain'")
    try:
        found = np.frombuffer(base64.b64decode(depths, validate=True), dtype=np.int8)
        return DepthMap(fs, found.reshape(len(LEADS), -1))
    except ValueError as error:
        raise FileError(f"{path} is damaged ({error}): make it anew with 'bench explain'") from error
