"""Keys and passwords do not stand in any text."""

import json

import pytest

from taxonomy import redaction
from taxonomy.axis import AXES
from taxonomy.redaction import redacted, redacted_data
from taxonomy.secret import keep_address, keep_secret, shown_address


@pytest.fixture(autouse=True)
def nothing_known(monkeypatch):
    monkeypatch.setattr(redaction, "_known", set())
    redaction._pattern.cache_clear()
    yield
    redaction._pattern.cache_clear()


def test_a_key_is_found_wherever_it_stands_and_so_is_the_end_that_messages_quote():
    keep_secret("sk-test-abcdefgh12345678")
    assert redacted("xsk-test-abcdefgh12345678y, ending in 12345678") == "x[secret]y, ending in [secret]"
    assert redacted("nothing of it") == "nothing of it"


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("http://me:hunter22@h/v1", "password hunter22"),
        ("http://me:p%40ss%2Fword@h/v1", "password p@ss/word"),
        ("http://me:p%40ss%2Fword@h/v1", "password p%40ss%2Fword"),
        ("http://me:pass/word@h/v1", "Port could not be cast to integer value as 'pass/word'"),
        ("http://me:hunter22@h/v1/@scope", "password hunter22"),
        ("http://tokenalone@h/v1", "token tokenalone"),
        ("http://h/v1?api_key=hidden99&x=1", "key hidden99"),
        ("http://me:hunter22@h/v1", "Authorization: Basic bWU6aHVudGVyMjI="),
    ],
)
def test_what_an_address_gives_away_is_a_secret(address, said):
    keep_address(address)
    assert "[secret]" in redacted(said)


def test_a_password_with_quotes_is_found_in_json_too():
    keep_address('http://me:pass"word\\x@h/v1')
    assert "word" not in redacted(json.dumps({"error": 'bad pass"word\\x'}))


def test_the_user_of_any_address_is_left_out():
    assert redacted("GET http://a:b@h/x failed, ftp://c@i too") == "GET http://h/x failed, ftp://i too"
    assert redacted("write to me@example.org") == "write to me@example.org"


def test_a_word_of_the_answers_is_no_secret():
    for axis in AXES:
        for value in axis.values:
            keep_secret(value)
    keep_secret("none")
    keep_secret("abc")
    answer = json.dumps({axis.name: sorted(axis.values) for axis in AXES})
    assert redacted(answer) == answer


def test_a_text_may_be_redacted_twice():
    keep_secret("secret")
    assert redacted(redacted("a secret")) == redacted("a secret") == "a [secret]"


def test_a_short_secret_is_a_word_of_its_own():
    keep_secret("norm")
    assert redacted("normal; norm.") == "normal; [secret]."


def test_texts_of_json_data_are_redacted_and_numbers_stay():
    keep_secret("hunter22hunter22")
    data = {"raw": "the key hunter22hunter22", "list": ["hunter22hunter22", 3, None, True]}
    assert redacted_data(data) == {"raw": "the key [secret]", "list": ["[secret]", 3, None, True]}


def test_an_address_is_shown_without_what_is_private():
    assert shown_address("http://me:pw@[::1]:80/v1?t=1#x") == "http://[::1]:80/v1"
    for wrong in ("http://me:pass/word@h/v1", "nothing", "http:///v1"):
        with pytest.raises(ValueError):
            shown_address(wrong)
