"""The whole explanation of a reader that can only be asked: parts of what it is shown are hidden, and it is asked again."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from bench.dataset import Cohort, Record, RecordId
from bench.explain.belief.planted import Known
from bench.explain.hiding.blackbox import BlackBox
from bench.explain.hiding.inquired import Explained as Answered
from bench.explain.hiding.inquired import FindingExplained, Inquiry, inquire
from bench.explain.hiding.inquiry import InquiryOptions, Wholes, wholes
from bench.explain.hiding.known import truth_of_hiding
from bench.explain.hiding.masked_case import Masked
from bench.explain.hiding.plan import METHODS
from bench.explain.maps.metric import mass
from bench.explain.study.case import ExplainedCase, cases_of
from bench.explain.study.doses import doses_of
from bench.explain.study.found import Curves, Explained
from bench.explain.study.infarction import InfarctionCase, infarctions
from bench.explain.study.options import ExplainOptions
from bench.explain.study.trace import Trace
from bench.explain.study.truth_file import kept_truth
from bench.progress import SILENT, Observer
from measurements.conditioning import without_gaps
from measurements.segment import segmented
from taxonomy.axis import ISCHEMIA_TERRITORY
from taxonomy.error import RunError
from taxonomy.reading import Reading

NOT_ASKED = "No map: parts are hidden only where the answer is right."


@dataclass(frozen=True, eq=False)
class BlackBoxStudy:
    """One explanation of one black box.

    Attributes
    ----------
    options : ExplainOptions
    box : BlackBox
    observer : Observer
    """

    options: ExplainOptions
    box: BlackBox
    observer: Observer = SILENT

    @property
    def asked(self) -> InquiryOptions:
        """What it is asked."""
        return inquiry_options(self.options)
