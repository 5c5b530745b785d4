"""Why nothing of a film can be shown: asked only once all ways of reading have failed."""

from __future__ import annotations

from itertools import islice

from projectionist.errors import FilmEncrypted, FilmError, FilmUndecodable
from projectionist.frames.film import DECODING_FAILED, Film

_TS_PACKET = 188
_TS_SYNC = 0x47
_TS_BYTES = 1 << 20
_PACKETS = 16


def why_dark(film: Film, fault: Exception | None) -> FilmError:
    """The error that says why; the film, just reopened, is read from its beginning. `fault` is the last one met."""
    if _has_encrypted_packets(film) or _is_scrambled(film):
        return FilmEncrypted(f"{film.path} is encrypted; use a copy that is not protected.")
    reason = str(fault).rstrip(".") if fault else ""
    if reason.startswith(str(film.path)):
        return FilmUndecodable(str(fault))
    return FilmUndecodable(
        f"{film.path} holds no picture that can be decoded{f' ({reason})' if reason else ''}; "
        "copy or download it again."
    )


def _has_encrypted_packets(film: Film) -> bool:
    """Whether the demuxer hands out how the packets are encrypted (ISO/IEC 23001-7)."""
    try:
        packets = islice(film.container.demux(film.stream), _PACKETS)
        return any(packet.has_sidedata("encryption_info") for packet in packets)
    except (*DECODING_FAILED, IndexError):
        return False


def _is_scrambled(film: Film) -> bool:
    """Whether most packets of a transport stream are marked as scrambled (ISO/IEC 13818-1, table 2-4)."""
    if film.container.format.name != "mpegts":
        return False
    content = film.source.pread(0, _TS_BYTES)
    first = content.find(bytes([_TS_SYNC]))
    packets = [content[at : at + 4] for at in range(max(0, first), len(content) - 3, _TS_PACKET)]
    filled = [packet for packet in packets if packet[0] == _TS_SYNC and packet[3] & 0x10]
    scrambled = sum(packet[3] >> 6 in (2, 3) for packet in filled)
    return scrambled * 2 > len(filled) > 0
