"""The embedded sample: 488 real records of PTB-XL v1.0.3, lossless, in this package.

All records at 100 Hz, folds 9 and 10 at 500 Hz too. PTB-XL: Wagner et al. 2020, Scientific Data 7:154, CC BY 4.0.
"""

from bench.dataset.sample.sample import Sample

__all__ = ["Sample"]
