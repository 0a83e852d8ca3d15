"""A measurement as a number and as it is printed."""

import pytest

from measurements import Measurement


@pytest.mark.parametrize(
    ("value", "printed"),
    [(59.6, 60), (59.5, 60), (60.5, 61), (59.49, 59), (-30.5, -31), (-30.4, -30), (-0.4, 0), (0.0, 0)],
)
def test_a_number_is_printed_with_halves_away_from_zero(value, printed):
    assert Measurement(value).printed == printed


def test_nothing_is_printed_for_what_could_not_be_measured():
    assert Measurement(reason="no P waves").printed is None
