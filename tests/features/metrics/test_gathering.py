from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from projectionist.features.metrics.gathering import BUCKETS, counted, grown, of_host, once
from projectionist.features.metrics.host import HostNow
from projectionist.kit.metrics import Counter, Family, Histogram, Kind, Series


def requests(**by_status: int) -> Family:
    series = tuple(Series(("GET", "/", status[1:]), float(count)) for status, count in by_status.items())
    return Family(
        "projectionist_http_requests_total", Kind.COUNTER, "", ("method", "route", "status"), series
    )


def test_what_happened_is_what_counters_grew_by() -> None:
    found = counted(grown([requests(s200=10, s500=2)], [requests(s200=17, s500=3, s404=1)]))
    assert (found["requests"], found["errors"]) == (once(9), once(1))


def test_a_counter_that_shrank_began_anew_with_its_process() -> None:
    found = counted(grown([requests(s200=1000)], [requests(s200=4)]))
    assert found["requests"] == once(4)


def test_what_no_process_counts_is_not_known_and_what_rests_is_nothing() -> None:
    found = counted(grown([requests(s200=5)], [requests(s200=5)]))
    assert found["requests"] == once(0)
    assert "jobs_done" not in found


def test_times_are_told_as_their_sum_and_between_which_bounds_they_fell() -> None:
    histogram = Histogram("projectionist_http_request_seconds", "", ("method", "route"))
    histogram.observe(0.003, "GET", "/")
    before = histogram.family()
    histogram.observe(0.2, "GET", "/")
    histogram.observe(99.0, "GET", "/other")
    found = counted(grown([before], [histogram.family()]))
    assert round(found["request_seconds"][1], 6) == 99.2
    assert [name for name in BUCKETS if found[name][1]] == ["request_bucket_5", "request_bucket_12"]


@given(st.lists(st.lists(st.integers(1, 50), max_size=5), min_size=1, max_size=6))
def test_all_that_is_counted_in_any_number_of_turns_is_told_once(turns: list[list[int]]) -> None:
    counter = Counter("projectionist_cache_moved_bytes_total", "")
    told, before = 0.0, counter.family()
    for turn in turns:
        for amount in turn:
            counter.add(by=amount)
        now = counter.family()
        told += counted(grown([before], [now]))["bytes_moved"][1]
        before = now
    assert told == sum(sum(turn) for turn in turns)


def test_the_processor_is_told_by_what_passed_between_two_looks() -> None:
    before = HostNow(cpu_busy_s=100, cpu_total_s=1000, net_sent=5, disk_read=100)
    now = HostNow(cpu_busy_s=115, cpu_total_s=1060, net_sent=25, disk_read=40)
    found = of_host(before, now)
    assert found == {"cpu": once(0.25), "net_sent": once(20)}, "a counter that fell back says nothing"


def test_a_machine_that_tells_nothing_has_no_measures() -> None:
    assert of_host(HostNow(), HostNow()) == {}
    assert of_host(None, HostNow(memory_used=30, memory_total=120)) == {"memory": once(0.25)}
