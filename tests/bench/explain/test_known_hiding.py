"""The methods of black boxes on evidence that is planted: as methods of an open network, and by hard answers."""

from dataclasses import replace

import numpy as np
import pytest

from bench.dataset import Cohort, Signal
from bench.explain.belief.double import DOUBLES
from bench.explain.belief.planted import LATE_QRS, NO_P, PLANTED_FS, PLANTS, ST_SHIFT, parted, taught, tracing_of, tracings
from bench.explain.belief.selftest import phantoms
from bench.explain.hiding.blackbox import black_box
from bench.explain.hiding.explaining import explanations, joint_explanation
from bench.explain.hiding.known import bridging_method, truth_of_hiding
from bench.explain.hiding.open_box import OpenBox
from bench.explain.hiding.plan import METHODS, planned, planned_jointly
from bench.explain.hiding.target import Target
from bench.explain.maps.cell import cells_of
from bench.explain.maps.method import Answer
from readers.contract import Case
from readers.network import Shown
from readers.torch_reader import TorchReader
from taxonomy.error import UnknownNameError
from taxonomy.reading import Reading
