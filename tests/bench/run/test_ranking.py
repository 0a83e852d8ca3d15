"""Ranks: equal where readers are not shown to differ, chained from the top."""

import pytest

from bench.run.ranking import ranks


def differ(*pairs):
    return {frozenset(pair) for pair in pairs}


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        ((), [1, 1, 1, 1]),
        (("ab", "ac", "ad", "bc", "bd", "cd"), [1, 2, 3, 4]),
        (("ac", "bc", "ad", "bd"), [1, 1, 3, 3]),
        (("ac", "ad", "bd"), [1, 1, 1, 1]),
        (("ab", "ac", "ad"), [1, 2, 2, 2]),
        (("ab",), [1, 2, 2, 2]),
        (("ad", "bd", "cd"), [1, 1, 1, 4]),
    ],
)
def test_a_reader_shares_the_rank_of_the_group_that_it_is_not_shown_to_differ_from(shown, expected):
    assert ranks("abcd", differ(*shown)) == expected


def test_nobody_and_one_reader_have_ranks_too():
    assert ranks([], set()) == []
    assert ranks(["a"], set()) == [1]
