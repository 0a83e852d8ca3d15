"""One's own recordings: files of several kinds, read without labels."""

from bench.dataset.recording.kind import KINDS, FileKind, kind_of
from bench.dataset.recording.own import OwnRecordings
from bench.dataset.recording.reading import Recording, read_recording
from bench.dataset.recording.told import Told
from bench.dataset.recording.traces import Traces

__all__ = ["KINDS", "FileKind", "OwnRecordings", "Recording", "Told", "Traces", "kind_of", "read_recording"]
