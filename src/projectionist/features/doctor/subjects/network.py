"""Checks of how people reach the pages: what the settings say, before anybody asks."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from projectionist.features.doctor.checks import Check, Finding, Subject, failed, passed, warned
from projectionist.features.doctor.ground import Ground
from projectionist.features.doctor.subjects.files import named
from projectionist.kit.outbound import is_local
from projectionist.settings import Settings

_WIDEST_PUBLIC = 256


def look_at_tls(ground: Ground) -> Finding:
    """Whether people come by HTTPS, as the settings have it."""
    return judge_tls(ground.settings.host, ground.settings.base_url)


def judge_tls(host: str, base_url: str) -> Finding:
    """Passwords go over that way; only the machine itself may do without."""
    parts = urlsplit(base_url)
    if parts.scheme == "https":
        return passed(f"People come by HTTPS, to {parts.netloc}.")
    if parts.scheme == "http" and not is_local(parts.hostname or ""):
        return failed(f"People come to {parts.netloc} by HTTP: passwords can be overheard on the way.")
    if is_local(host):
        return passed("Only this machine reaches the pages.")
    return warned(f"The pages are served to other machines at {host} by HTTP, and no base URL names a proxy.")


def look_at_proxies(ground: Ground) -> Finding:
    """Whose word on a visitor's address is believed."""
    return judge_proxies(ground.settings.trusted_proxies)


def judge_proxies(networks: tuple[str, ...]) -> Finding:
    """Who is believed can pretend to be anybody's address."""
    wide = []
    for text in networks:
        network = ipaddress.ip_network(text, strict=False)
        if network.prefixlen == 0:
            return failed(f"The word of every machine is believed ({text}).")
        if not network.is_private and network.num_addresses > _WIDEST_PUBLIC:
            wide.append(text)
    if wide:
        return warned(f"The word of wide public networks is believed: {named(wide)}.")
    return passed(f"Believed are {named(networks)}." if networks else "No proxy's word is believed.")


def look_at_visitors(ground: Ground) -> Finding:
    """Whether a proxy hides who comes."""
    return judge_visitors(ground.settings)


def judge_visitors(settings: Settings) -> Finding:
    """Behind a proxy that is not believed, all people have the proxy's address."""
    if not settings.base_url:
        return passed(
            "No proxy stands in front, as far as the settings say: visitors have their own addresses."
        )
    if not settings.trusted_proxies:
        return warned(
            "A base URL names a proxy in front, and none is trusted: all visitors seem to come from its address."
        )
    return passed(f"The proxy in front ({named(settings.trusted_proxies)}) tells the addresses of visitors.")


def look_at_host_names(ground: Ground) -> Finding:
    """Which names browsers may ask for."""
    return judge_host_names(ground.settings.allowed_hosts)


def judge_host_names(names: tuple[str, ...]) -> Finding:
    """A page of another site can make its own name lead here."""
    if "*" in names:
        return failed("Every host name is allowed.")
    return passed(f"Allowed besides its own: {named(names)}." if names else "Only its own names are allowed.")


def look_at_base_url(ground: Ground) -> Finding:
    """Whether links lead to a place that is there."""
    return judge_base_url(ground.settings.base_url, ground.settings.base_path)


def judge_base_url(base_url: str, base_path: str) -> Finding:
    """A base URL with a path, and a base path, must say the same."""
    path = urlsplit(base_url).path.rstrip("/")
    if base_url and path != base_path.rstrip("/"):
        return failed(f"The base URL has the path {path or '/'}, and the base path is {base_path or '/'}.")
    return passed("The base URL and the base path fit together." if base_url else "No base URL is set.")


CHECKS = (
    Check(
        "https",
        Subject.NETWORK,
        "People come by HTTPS",
        "What is typed into a page that comes by HTTP can be read by everybody on the way.",
        "Put a proxy with a certificate in front, and set PROJECTIONIST_BASE_URL to its https:// address.",
        look_at_tls,
    ),
    Check(
        "trusted-proxies",
        Subject.NETWORK,
        "Few are believed about a visitor's address",
        "Who is believed can take any address, and so get around every limit.",
        "Name only the address of your proxy in PROJECTIONIST_TRUSTED_PROXIES.",
        look_at_proxies,
    ),
    Check(
        "visitor-addresses",
        Subject.NETWORK,
        "Visitors have addresses of their own",
        "Where all share one address, one person's wrong passwords lock out all the others.",
        "Name the address of your proxy in PROJECTIONIST_TRUSTED_PROXIES, and let it send X-Forwarded-For.",
        look_at_visitors,
    ),
    Check(
        "host-names",
        Subject.NETWORK,
        "Only known host names are answered",
        "Otherwise pages of other sites can make their own name lead here, and read along.",
        "Replace * in PROJECTIONIST_ALLOWED_HOSTS by the names that people use.",
        look_at_host_names,
    ),
    Check(
        "base-path",
        Subject.NETWORK,
        "The base URL and the base path fit together",
        "Links in mails and redirects would lead past the pages.",
        "Set PROJECTIONIST_BASE_PATH to the path of PROJECTIONIST_BASE_URL.",
        look_at_base_url,
    ),
)
