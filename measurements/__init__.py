"""What an interpretation program measures on a ten-second ECG: rate, intervals and frontal axes."""

from measurements.measurement import VERSION, Measurement, Measurements
from measurements.measuring import measure

__all__ = ["VERSION", "Measurement", "Measurements", "measure"]
