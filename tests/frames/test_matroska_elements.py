"""Matroska files written element by element: every form that is read, and what is told of it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from projectionist.errors import FilmEncrypted, IndexUnusable
from projectionist.frames.matroska import MatroskaIndex, open_matroska
from tests.frames.matroska_films import (
    CLUSTER,
    SCENES,
    TAGS,
    VOID,
    Cue,
    FilmBytes,
    Frame,
    element,
    encoding,
    film,
    gop,
    number,
    track,
)

MS = 1_000_000


def assert_shows_itself(content: bytes, scale: int = MS) -> MatroskaIndex:
    """Every keyframe's payload says the time that the index gives for it."""
    source = FilmBytes(content)
    index = open_matroska(source)
    for place, time_ns in enumerate(index.times_ns):
        offset, size = index.extent(place)
        ticks = (int(time_ns) + index.start_ns) // scale
        assert content[offset : offset + size] == Frame(ticks, size=size).payload
        hinted, count = index.hint(place)
        assert content[hinted : hinted + 4] == CLUSTER.to_bytes(4, "big")
        assert offset < hinted + count or size > count
    return index


@pytest.mark.parametrize("relative", [True, False])
@pytest.mark.parametrize("grouped", [True, False])
@pytest.mark.parametrize("unknown", [True, False])
@pytest.mark.parametrize("front", [True, False])
def test_every_way_of_writing_is_read(relative: bool, grouped: bool, unknown: bool, front: bool) -> None:
    scenes = [gop(start, grouped=grouped) for start in (0, 160, 320)]
    index = assert_shows_itself(film(scenes, relative=relative, unknown=unknown, front=front))
    assert list(index.times_ns) == [0, 160 * MS, 320 * MS]
    assert index.last_ns == 440 * MS
    assert not index.truncated
    assert (index.method, index.prefix, index.track_number, index.codec_id) == (
        "matroska-cues",
        b"",
        1,
        "V_TEST",
    )


@pytest.mark.parametrize("relative", [True, False])
def test_keyframes_in_mid_cluster_are_found(relative: bool) -> None:
    index = assert_shows_itself(film([gop(0) + gop(160), gop(320) + gop(480)], relative=relative))
    assert list(index.times_ns) == [0, 160 * MS, 320 * MS, 480 * MS]


def test_a_keyframe_far_inside_a_cluster_is_found() -> None:
    index = assert_shows_itself(film([[*gop(0), Frame(160, size=9000), Frame(200, key=True, size=9000)]]))
    assert list(index.times_ns) == [0, 200 * MS]


def test_the_last_frame_is_the_latest_shown_not_the_last_stored() -> None:
    reordered = [Frame(320, key=True), Frame(480), Frame(360), Frame(400)]
    leading = [Frame(440)]
    assert open_matroska(FilmBytes(film([gop(0), reordered, leading]))).last_ns == 480 * MS


def test_the_last_frame_is_looked_for_behind_clusters_of_sound_alone() -> None:
    sound = [[Frame(500 + 20 * place, key=True, track=2)] for place in range(50)]
    tracks = track() + track(number_=2, kind=2)
    assert open_matroska(FilmBytes(film([*SCENES, *sound], tracks=tracks))).last_ns == 440 * MS


def test_what_stands_between_and_behind_clusters_is_passed_over() -> None:
    more = element(VOID, bytes(5000)) + element(TAGS, bytes(30))
    assert assert_shows_itself(film(head=more, tail=more)).last_ns == 440 * MS


def test_times_count_in_the_scale_of_the_file() -> None:
    index = assert_shows_itself(film(info=number(0x2AD7B1, 100_000)), scale=100_000)
    assert list(index.times_ns) == [0, 16 * MS, 32 * MS]
    assert index.last_ns == 44 * MS


@pytest.mark.parametrize("scale", [0, 1 << 40, 1 << 63])
def test_an_impossible_scale_is_refused(scale: int) -> None:
    with pytest.raises(IndexUnusable, match="TimestampScale"):
        open_matroska(FilmBytes(film(info=number(0x2AD7B1, scale))))


def test_cues_are_sorted_and_named_once() -> None:
    index = assert_shows_itself(film(lie=lambda cues: cues[::-1] + cues[:2] + cues[1:]))
    assert list(index.times_ns) == [0, 160 * MS, 320 * MS]


def test_cues_of_other_tracks_are_left_alone() -> None:
    scenes = [[*frames, replace(frames[0], track=2)] for frames in SCENES]
    tracks = track(number_=1) + track(number_=2, kind=17)
    more = film(
        scenes, tracks=tracks, lie=lambda cues: cues + [Cue(40 * n, 10**6, 5, track=2) for n in range(99)]
    )
    assert list(assert_shows_itself(more).times_ns) == [0, 160 * MS, 320 * MS]


def test_a_cue_one_tick_beside_its_frame_means_that_frame() -> None:
    for relative in (True, False):
        content = film(
            relative=relative, lie=lambda cues: [replace(cue, ticks=cue.ticks + 1) for cue in cues]
        )
        index = open_matroska(FilmBytes(content))
        assert index.extent(0) == open_matroska(FilmBytes(film(relative=relative))).extent(0)


def test_the_wanted_video_track_is_the_one_that_libavformat_counts() -> None:
    frames = [[replace(frame, track=place + 1) for frame in gop(0) for place in range(4)]]
    strange = track(number_=3, codec=b"") + track(number_=4, kind=0x12)
    tracks = (
        track(number_=2, kind=2)
        + strange
        + track(number_=1, codec=b"V_ONE")
        + track(number_=9, codec=b"V_TWO")
    )
    source = FilmBytes(film(frames, tracks=tracks))
    assert open_matroska(source, video_ordinal=0).codec_id == "V_ONE"
    with pytest.raises(IndexUnusable, match="no keyframe of the video track"):
        open_matroska(source, video_ordinal=1)
    for beyond in (2, -1):
        with pytest.raises(IndexUnusable, match="2 video tracks"):
            open_matroska(source, video_ordinal=beyond)


def test_cropping_and_interlacing_are_told() -> None:
    crops = (
        number(identifier, pixels)
        for identifier, pixels in ((0x54CC, 2), (0x54BB, 4), (0x54DD, 6), (0x54AA, 8))
    )
    video = element(0xE0, *crops, number(0x9A, 1))
    index = open_matroska(FilmBytes(film(tracks=track(video))))
    assert (index.crop, index.interlaced) == ((2, 4, 6, 8), True)
    plain = open_matroska(FilmBytes(film()))
    assert (plain.crop, plain.interlaced) == ((0, 0, 0, 0), None)


def test_the_codec_delay_of_the_video_is_taken_off() -> None:
    tracks = track(number(0x56AA, 40 * MS)) + track(number_=2, kind=2)
    sound = [Frame(0, key=True, track=2)]
    index = open_matroska(FilmBytes(film([[*sound, *gop(100)]], tracks=tracks)))
    assert (list(index.times_ns), index.last_ns) == ([60 * MS], 180 * MS)


def test_stripped_headers_are_told_as_prefix() -> None:
    stripping = element(0x5034, number(0x4254, 3), element(0x4255, b"\0\0\1"))
    for content in (encoding(number(0x5032, 1), stripping), encoding(stripping)):
        assert open_matroska(FilmBytes(film(tracks=track(content)))).prefix == b"\0\0\1"
    elsewhere = encoding(number(0x5032, 2), element(0x5034, number(0x4254, 0)))
    assert open_matroska(FilmBytes(film(tracks=track(elsewhere)))).prefix == b""


@pytest.mark.parametrize("mark", [b"icpf", b"...."])
def test_prores_frames_get_back_the_mark_that_decoders_look_for(mark: bytes) -> None:
    content = film(tracks=track(codec=b"V_PRORES"))
    content = content.replace(b"1@320...", b"1@32" + mark)
    assert open_matroska(FilmBytes(content)).prefix == (b"" if mark == b"icpf" else b"\0\0\0\0icpf")


@pytest.mark.parametrize("algorithm", [0, 1, 2, 4])
def test_compressed_packets_are_refused(algorithm: int) -> None:
    content = film(tracks=track(encoding(element(0x5034, number(0x4254, algorithm)))))
    with pytest.raises(IndexUnusable, match="compressed"):
        open_matroska(FilmBytes(content))


def test_encrypted_video_is_named_so_with_and_without_an_index() -> None:
    encrypted = track(encoding(number(0x5033, 1), element(0x5035, number(0x47E1, 5))))
    for content in (film(tracks=encrypted), film(tracks=encrypted, lie=lambda cues: [])):
        with pytest.raises(FilmEncrypted):
            open_matroska(FilmBytes(content))
    sound = track() + track(encoding(number(0x5033, 1)), number_=2, kind=2)
    assert len(open_matroska(FilmBytes(film(tracks=sound))).times_ns) == 3
