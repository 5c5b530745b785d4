from __future__ import annotations

import threading
from collections.abc import Iterator
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from projectionist.kit.tracing import (
    BATCH,
    MOST_KEPT,
    SPANS,
    TRACES,
    Kind,
    SpanContext,
    Traces,
    current,
    entered,
    nested,
    parent_of,
    traceparent,
)

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
hexadecimal = st.text("0123456789abcdef", min_size=32, max_size=32)


@pytest.fixture
def all_of_it() -> Iterator[None]:
    TRACES.open(1.0)
    yield
    TRACES.close()
    TRACES.take(MOST_KEPT)


def dropped() -> float:
    return sum(one.value for one in SPANS.family().series if one.labels == ("dropped",))


def test_a_traceparent_names_who_asks() -> None:
    assert parent_of(f"00-{TRACE}-{SPAN}-01") == SpanContext(TRACE, SPAN, sampled=True)
    assert parent_of(f"00-{TRACE}-{SPAN}-00") == SpanContext(TRACE, SPAN, sampled=False)
    assert parent_of(f"00-{TRACE}-{SPAN}-fe") == SpanContext(TRACE, SPAN, sampled=False)


def test_of_a_later_version_the_parts_of_the_first_are_taken() -> None:
    assert parent_of(f"cc-{TRACE}-{SPAN}-01") == parent_of(f"cc-{TRACE}-{SPAN}-01-more.of-it")
    assert parent_of(f"cc-{TRACE}-{SPAN}-01") == SpanContext(TRACE, SPAN, sampled=True)


@pytest.mark.parametrize(
    "header",
    [
        "",
        f"ff-{TRACE}-{SPAN}-01",
        f"00-{TRACE}-{SPAN}-01-more",
        f"00-{TRACE}-{SPAN}-01-",
        f"cc-{TRACE}-{SPAN}-01more",
        f"00-{TRACE.upper()}-{SPAN}-01",
        f"00-{'0' * 32}-{SPAN}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"00-{TRACE[1:]}-{SPAN}-01",
        f" 00-{TRACE}-{SPAN}-01",
        f"00-{TRACE}-{SPAN}-1",
        f"00-{TRACE}-{SPAN}-01\n",
    ],
)
def test_what_is_not_exactly_a_traceparent_names_nobody(header: str) -> None:
    assert parent_of(header) is None


@given(st.text(max_size=80))
def test_any_text_is_a_traceparent_or_none(header: str) -> None:
    found = parent_of(header)
    assert found is None or (len(found.trace_id), len(found.span_id)) == (32, 16)


def test_what_is_written_is_read_again(all_of_it: None) -> None:
    with entered("outer", Kind.SERVER, parent_of(f"00-{TRACE}-{SPAN}-01")) as span:
        assert parent_of(traceparent()) == span.context
        assert (span.context.trace_id, span.parent_id) == (TRACE, SPAN)


@given(hexadecimal)
def test_the_share_is_told_by_the_trace_and_a_larger_one_records_all_that_a_smaller_one_does(
    trace: str,
) -> None:
    shares = []
    for share in range(21):
        traces = Traces()
        traces.open(share / 20)
        shares.append(traces.samples(trace))
    assert (shares[0], shares[-1]) == (False, True)
    assert all(after or not before for before, after in pairwise(shares))


def test_the_lower_half_of_the_id_decides_as_it_does_elsewhere() -> None:
    traces = Traces()
    traces.open(0.5)
    assert traces.samples("f" * 16 + "7" + "f" * 15)
    assert not traces.samples("0" * 16 + "8" + "0" * 15)


def test_half_of_all_traces_is_about_a_half() -> None:
    traces = Traces()
    traces.open(0.5)
    sampled = sum(traces.begin("", Kind.SERVER, None).context.sampled for _ in range(2000))
    assert 850 < sampled < 1150


def test_while_nothing_is_recorded_no_span_is_made() -> None:
    with entered("outer", Kind.SERVER) as outer, nested("inner", Kind.CLIENT) as inner:
        outer.set("a", 1)
        inner.fail("b")
        assert outer is inner is current()
        assert traceparent() == ""
    assert (outer.attributes, outer.failed, TRACES.take()) == ({}, False, [])


def test_what_belongs_to_a_trace_that_is_not_recorded_is_not_either_and_who_goes_on_is_told(
    all_of_it: None,
) -> None:
    with (
        entered("outer", Kind.SERVER, SpanContext(TRACE, SPAN, sampled=False)),
        nested("in", Kind.CLIENT) as span,
    ):
        assert traceparent().startswith(f"00-{TRACE}-")
        assert traceparent().endswith("-00")
    assert not span.context.sampled
    assert TRACES.take() == []


def test_a_part_without_a_whole_is_not_recorded(all_of_it: None) -> None:
    with nested("inner", Kind.CLIENT):
        pass
    assert TRACES.take() == []


def test_parts_end_before_the_whole_and_say_where_they_belong(all_of_it: None) -> None:
    with entered("outer", Kind.SERVER) as outer, nested("inner", Kind.CLIENT):
        pass
    inner, last = TRACES.take()
    assert last is outer
    assert (inner.context.trace_id, inner.parent_id) == (outer.context.trace_id, outer.context.span_id)
    assert outer.began <= inner.began <= inner.ended <= outer.ended
    assert outer.parent_id == ""


def test_what_comes_beyond_the_room_is_dropped_and_counted() -> None:
    traces, enough, before = Traces(most=3), threading.Event(), dropped()
    traces.open(1.0, enough)
    for name in "abcde":
        traces.keep(traces.begin(name, Kind.SERVER, None))
    assert [one.name for one in traces.take()] == ["a", "b", "c"]
    assert dropped() - before == 2
    assert enough.is_set()


def test_who_sends_is_woken_by_a_whole_batch() -> None:
    traces, enough = Traces(), threading.Event()
    traces.open(1.0, enough)
    for _ in range(BATCH - 1):
        traces.keep(traces.begin("", Kind.SERVER, None))
    assert not enough.is_set()
    traces.keep(traces.begin("", Kind.SERVER, None))
    assert enough.is_set()
