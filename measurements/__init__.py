"""Measure rate, intervals and frontal axes on a ten-second ECG, as interpretation programs do."""

from measurements.measurement import VERSION, Measurement, Measurements
from measurements.measuring import is_kept, keep, measure

__all__ = ["VERSION", "Measurement", "Measurements", "is_kept", "keep", "measure"]
