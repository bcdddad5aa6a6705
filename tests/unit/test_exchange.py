"""An answer counts for the question it belongs to, in any split; nothing else is an answer."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onionrig.movers.round_trips.line import Exchange


def test_a_question_is_its_number_in_eight_bytes():
    exchange = Exchange()
    assert exchange.ask(10.0) == b"\0\0\0\0\0\0\0\1"
    assert exchange.answered(b"\0\0\0\0\0\0\0\1", 10.25) == 0.25
    assert exchange.ask(11.0) == b"\0\0\0\0\0\0\0\2"


@given(st.lists(st.sets(st.integers(1, 7)), min_size=1, max_size=300))
def test_answers_may_come_in_any_split_and_end_with_their_last_byte(cuts):
    exchange = Exchange()
    for second, cut in enumerate(cuts):
        question = exchange.ask(float(second))
        edges = [0, *sorted(cut), 8]
        shown = [exchange.answered(question[a:b], second + b / 8) for a, b in pairwise(edges)]
        assert shown == [None] * len(cut) + [1.0]
        assert exchange.asked_at is None


@given(st.binary(min_size=1, max_size=20))
def test_bytes_that_are_not_the_answer_break_the_exchange(content):
    exchange = Exchange()
    question = exchange.ask(0.0)
    if question.startswith(content):
        assert exchange.answered(content, 1.0) is (None if len(content) < 8 else 1.0)
    else:
        with pytest.raises(ConnectionError):
            exchange.answered(content, 1.0)


def test_an_answer_before_any_question_is_an_error():
    with pytest.raises(ConnectionError):
        Exchange().answered(b"\0", 0.0)


def test_an_answer_that_comes_twice_is_an_error():
    exchange = Exchange()
    question = exchange.ask(0.0)
    exchange.answered(question, 0.5)
    with pytest.raises(ConnectionError):
        exchange.answered(question, 0.6)
