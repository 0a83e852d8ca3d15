"""DICOM waveforms (PS3.3 C.10.9): 12-lead ECG, General ECG and ambulatory ECG objects, read by pydicom."""

import io
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from bench.dataset.recording.lead import BY_NUMBER
from bench.dataset.recording.missing import library
from bench.dataset.recording.told import Told
from bench.dataset.recording.traces import Traces, channels
from bench.dataset.recording.unit import millivolts
from readers.isolation import Crash, attempt
from taxonomy.error import DatasetError
from taxonomy.outside import outside_bytes

LARGEST = 256 << 20
MOST_GROUPS, MOST_CHANNELS = 64, 256

DEFLATED = b"1.2.840.10008.1.2.1.99"
"""Transfer syntax of a file that is unpacked when it is opened, to any size."""


def read_dicom(path: Path, told: Told) -> Traces:
    """Read a DICOM file: of its multiplex groups, the longest original one with the most of the twelve leads.

    Raises
    ------
    DatasetError
        When pydicom is missing, the file is damaged or deflated, or holds no calibrated waveform.
    """
    pydicom = library("pydicom", f"{path} is a DICOM file, which")
    data = outside_bytes(path, DatasetError, LARGEST)
    if DEFLATED in data:
        raise DatasetError(
            f"{path} is a deflated DICOM file, which is not unpacked: store it as Explicit VR Little Endian"
        )

    def parsed() -> Traces:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return _traces(path, pydicom.dcmread(io.BytesIO(data)))

    # A damaged file can make the parser raise anything, and what it raises may quote the file.
    outcome = attempt(parsed, DatasetError)
    if isinstance(outcome, Crash):
        raise DatasetError(
            f"{path} cannot be read as a DICOM waveform: it is damaged ({outcome.words.partition(':')[0]})"
        )
    return outcome.value


def _traces(path: Path, dataset: Any) -> Traces:  # noqa: ANN401  # pydicom's data sets are of any content
    groups = list(dataset.get("WaveformSequence") or [])[:MOST_GROUPS]
    if not groups:
        raise DatasetError(
            f"{path} is a DICOM file without a waveform: an ECG object is needed, not a picture or report"
        )
    found = [channels([_lead(one) for one in _definitions(path, group)], path) for group in groups]

    def worth(place: int) -> tuple[int, bool, int]:
        group = groups[place]
        is_original = str(group.get("WaveformOriginality", "ORIGINAL")).upper() == "ORIGINAL"
        return len(found[place].places), is_original, int(group.NumberOfWaveformSamples)

    best = max(range(len(groups)), key=worth)
    group, chosen = groups[best], found[best]
    handler = library("pydicom.waveforms.numpy_handler", f"{path} is a DICOM file, which")
    raw = handler.multiplex_array(dataset, best, as_raw=True)
    padding = _padding(group, raw.dtype)
    definitions = _definitions(path, group)
    leads = {}
    for lead, place in chosen.places.items():
        gain, zero = _calibration(path, lead, definitions[place])
        mv = (raw[:, place] * gain + zero).astype(np.float32)
        if padding is not None:
            mv[raw[:, place] == padding] = np.nan
        leads[lead] = mv
    return Traces(leads, float(group.SamplingFrequency), chosen.notes, chosen.others)


def _definitions(path: Path, group: Any) -> Sequence[Any]:  # noqa: ANN401
    definitions = list(group.ChannelDefinitionSequence)
    if len(definitions) != int(group.NumberOfWaveformChannels) or len(definitions) > MOST_CHANNELS:
        raise DatasetError(f"{path} defines {len(definitions)} channels of {int(group.NumberOfWaveformChannels)}")
    return definitions


def _lead(channel: Any) -> str | None:  # noqa: ANN401
    """Return the name of a channel: by its code in SCP-ECG or MDC (PS3.16 CID 3001), else by its words."""
    source = (channel.get("ChannelSourceSequence") or [None])[0]
    if source is None:
        return str(channel.get("ChannelLabel", "")) or None
    scheme, code = str(source.get("CodingSchemeDesignator", "")), str(source.get("CodeValue", ""))
    before, _, number = code.rpartition("-" if scheme == "SCPECG" else ":")
    if before in ("5.6.3-9", "2") and number.isdecimal() and len(number) < 6:
        return BY_NUMBER.get(int(number)) or str(source.get("CodeMeaning", "")) or None
    return str(source.get("CodeMeaning", "")) or str(channel.get("ChannelLabel", "")) or None


def _calibration(path: Path, lead: str, channel: Any) -> tuple[float, float]:  # noqa: ANN401
    """Return mV per unit of the file, and mV at its zero."""
    units = (channel.get("ChannelSensitivityUnitsSequence") or [None])[0]
    if units is None or "ChannelSensitivity" not in channel:
        raise DatasetError(f"{path} does not calibrate lead {lead}: it has no channel sensitivity")
    factor = millivolts(str(units.get("CodeValue", "")), path)
    gain = float(channel.ChannelSensitivity) * float(channel.get("ChannelSensitivityCorrectionFactor") or 1.0)
    zero = float(channel.get("ChannelBaseline") or 0.0)
    if not (np.isfinite([gain, zero]).all() and gain):
        raise DatasetError(f"{path} does not calibrate lead {lead}: its sensitivity is {gain:g}")
    return gain * factor, zero * factor


def _padding(group: Any, kind: Any) -> int | None:  # noqa: ANN401
    """Return the value that stands for no sample; None where the file has none."""
    written = group.get("WaveformPaddingValue")
    if isinstance(written, bytes):
        return int(np.frombuffer(written[: kind.itemsize], kind)[0]) if len(written) >= kind.itemsize else None
    return None if written is None else int(written)
