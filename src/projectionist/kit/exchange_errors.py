"""What a failed exchange by HTTP means, in words, out of the errors of those that carried it."""

from __future__ import annotations

import ssl
import time
from email.utils import parsedate_to_datetime


def tls_error(error: BaseException | None) -> ssl.SSLError | None:
    """The error of TLS that is behind another, or None."""
    while error is not None:
        if isinstance(error, ssl.SSLError):
            return error
        error = error.__cause__ or error.__context__
    return None


def tls_words(error: ssl.SSLError) -> str:
    """What is wrong with TLS, as the end of a sentence that begins with the server."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return (
            f"has a certificate that this machine does not trust ({error.verify_message}); use the name that is in "
            "it, have its issuer trusted here, or switch its check off for this server."
        )
    return (
        f"did not agree on TLS ({error.reason or 'handshake failed'}); "
        "check whether its address begins with http:// or https://."
    )


def why_lost(error: BaseException) -> str:
    """The system's own word for a failed connection."""
    deepest: BaseException | None = error
    while deepest is not None:
        if isinstance(deepest, OSError) and deepest.strerror:
            return deepest.strerror.lower()
        deepest = deepest.__cause__ or deepest.__context__
    return "the connection was closed"


def retry_after(value: str) -> float | None:
    """Seconds, from seconds or a date."""
    if value.isascii() and value.isdigit():
        return float(value)
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - time.time())
    except (ValueError, OverflowError):
        return None
