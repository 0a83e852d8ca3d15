"""The readings of whole records, which are asked as parts of an explanation, so that each is asked once."""

from bench.dataset import Cohort, RecordId
from bench.explain.hiding.blackbox import BlackBox
from bench.explain.hiding.masked_case import Masked
from bench.progress import SILENT, Observer
from taxonomy.reading import Reading


def whole_readings(box: BlackBox, cohort: Cohort, observer: Observer = SILENT) -> dict[RecordId, Reading]:
    """Return the reading of each whole record, asking those that have none; raises as :meth:`BlackBox.readings`."""
    readings = box.readings([Masked(record) for record in cohort], observer)
    return {record.ecg_id: reading for record, reading in zip(cohort, readings, strict=True)}
