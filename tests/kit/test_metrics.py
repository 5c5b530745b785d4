from __future__ import annotations

import re
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from projectionist.errors import ServerLacks, ServerUnreachable
from projectionist.kit.calls import CALLS, timed_call
from projectionist.kit.exposition import exposition, with_label
from projectionist.kit.metrics import MOST_SERIES, OTHER, Counter, Family, Histogram, Kind, Registry, Series

LINE = re.compile(r'([a-z_]+)(?:\{((?:[a-z_]+="(?:[^"\\\n]|\\[\\n"])*",?)*)\})? (\S+)')
PAIR = re.compile(r'([a-z_]+)="((?:[^"\\\n]|\\[\\n"])*)"')
NAMES = st.text("abcdefghij_", min_size=1, max_size=8)


def unescaped(text: str) -> str:
    return re.sub(r"\\(.)", lambda found: "\n" if found[1] == "n" else found[1], text)


def read(text: str) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    """What a scraper makes of it; every line is either a comment or one number."""
    found = {}
    for line in text.split("\n")[:-1]:
        if not line.startswith("# "):
            match = LINE.fullmatch(line)
            assert match is not None, line
            labels = tuple((name, unescaped(value)) for name, value in PAIR.findall(match[2] or ""))
            assert (match[1], labels) not in found, line
            found[match[1], labels] = float(match[3])
    return found


def test_a_counter_grows_for_each_set_of_labels_by_itself() -> None:
    counter = Counter("things_total", "Things.", ("kind",))
    counter.add("red")
    counter.add("red", by=2.5)
    counter.add("blue")
    assert counter.family().series == (Series(("red",), 3.5), Series(("blue",), 1.0))


def test_nothing_is_lost_where_many_threads_count_at_once() -> None:
    counter, histogram = Counter("a_total", "A."), Histogram("b_seconds", "B.")

    def work() -> None:
        for _ in range(2000):
            counter.add()
            histogram.observe(0.2)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counter.family().series[0].value == 16000
    assert sum(histogram.family().series[0].counts) == 16000


def test_a_histogram_counts_what_is_on_a_bound_below_it_and_what_is_beyond_all_at_the_end() -> None:
    histogram = Histogram("b_seconds", "B.", bounds=(0.1, 1.0))
    for value in (0.05, 0.1, 0.11, 1.0, 7.0):
        histogram.observe(value)
    (series,) = histogram.family().series
    assert series.counts == (2, 2, 1)
    assert series.value == pytest.approx(8.26)
    told = read(exposition([histogram.family()]))
    assert told["b_seconds_bucket", (("le", "0.1"),)] == 2
    assert told["b_seconds_bucket", (("le", "1"),)] == 4
    assert told["b_seconds_bucket", (("le", "+Inf"),)] == told["b_seconds_count", ()] == 5


def test_a_family_never_has_more_series_than_it_may_however_many_labels_come() -> None:
    counter = Counter("a_total", "A.", ("who",))
    for number in range(MOST_SERIES + 50):
        counter.add(str(number))
    counter.add("3")
    series = {one.labels: one.value for one in counter.family().series}
    assert len(series) == MOST_SERIES + 1
    assert (series[(OTHER,)], series[("3",)]) == (50, 2)


def test_two_metrics_of_one_name_are_refused() -> None:
    registry = Registry()
    registry.counter("a_total", "A.")
    with pytest.raises(ValueError, match="two metrics of the name a_total"):
        registry.histogram("a_total", "A.")


def test_families_of_one_name_from_several_processes_stand_together() -> None:
    one = Family("a_total", Kind.COUNTER, "A.", ("kind",), (Series(("x",), 1),))
    told = exposition(
        [with_label(one, "process", "p1"), Family("b", Kind.GAUGE, "B."), with_label(one, "process", "p2")]
    )
    assert told.splitlines() == [
        "# HELP a_total A.",
        "# TYPE a_total counter",
        'a_total{kind="x",process="p1"} 1',
        'a_total{kind="x",process="p2"} 1',
        "# HELP b B.",
        "# TYPE b gauge",
    ]


@given(
    st.lists(st.tuples(st.text(), st.floats(allow_nan=False)), max_size=6, unique_by=lambda one: one[0]),
    NAMES,
    st.text(),
)
def test_whatever_stands_in_a_label_is_read_back(
    values: list[tuple[str, float]], name: str, about: str
) -> None:
    values = [(label, value) for label, value in values if "\r" not in label]
    series = tuple(Series((label,), value) for label, value in values)
    told = read(exposition([Family(name, Kind.GAUGE, about, ("label",), series)]))
    assert told == {(name, (("label", label),)): value for label, value in values}


def calls(service: str) -> dict[str, int]:
    return {one.labels[1]: sum(one.counts) for one in CALLS.family().series if one.labels[0] == service}


def test_a_call_that_finds_nothing_was_answered_and_one_that_is_lost_has_failed() -> None:
    with timed_call("a test"):
        pass
    with pytest.raises(ServerLacks), timed_call("a test"):
        raise ServerLacks("It is not there.")
    with pytest.raises(ServerUnreachable), timed_call("a test"):
        raise ServerUnreachable("It is away.")
    assert calls("a test") == {"answered": 2, "failed": 1}


def test_labels_that_nothing_is_observed_of_any_more_are_forgotten_where_that_is_wanted() -> None:
    now = [0.0]
    kept = Histogram("a_seconds", "A.", ["who"], kept_s=100.0, clock=lambda: now[0])
    always = Histogram("b_seconds", "B.", ["who"], clock=lambda: now[0])
    for histogram in (kept, always):
        histogram.observe(1.0, "gone")
        histogram.observe(1.0, "here")
    now[0] = 60.0
    kept.observe(2.0, "here")
    now[0] = 120.0
    assert [(one.labels, one.value) for one in kept.family().series] == [(("here",), 3.0)]
    assert len(always.family().series) == 2
    kept.observe(5.0, "gone")
    assert {one.labels: one.value for one in kept.family().series} == {("here",): 3.0, ("gone",): 5.0}


def test_the_calls_of_an_address_that_is_not_asked_any_more_are_forgotten() -> None:
    assert CALLS._kept_s == 2 * 86400
