"""What the doctor brings to the web."""

from __future__ import annotations

from projectionist.features.doctor import api
from projectionist.features.doctor.service import Doctor
from projectionist.web.ports import WebFeature


def web_feature(doctor: Doctor) -> WebFeature:
    """The API of the doctor; the program gives handlers `doctor`."""
    return WebFeature(name="doctor", handlers=api.HANDLERS)
