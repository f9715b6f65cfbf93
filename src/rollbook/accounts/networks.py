"""Where a request comes from, no more exactly than is needed to recognise it or to slow a guesser."""

from ipaddress import IPv6Address, ip_address, ip_network
from typing import Final

from fastapi import Request

_BROWSERS: Final = {
    "Edg": "Edge",
    "OPR": "Opera",
    "Firefox": "Firefox",
    "Chrome": "Chrome",
    "Safari": "Safari",
}
_SYSTEMS: Final = {
    "CrOS": "ChromeOS",
    "Android": "Android",
    "iPhone": "iPhone",
    "iPad": "iPad",
    "Windows": "Windows",
    "Macintosh": "macOS",
    "Linux": "Linux",
}


def coarse(host: str) -> str:
    """Return a host's network: an IPv4 /24, an IPv6 /48; what is no address is returned as it is."""
    return _network(host, 24, 48)


def sender(host: str) -> str:
    """Return who counts as one sender: an address, or the /64 that one sender of IPv6 has all of."""
    return _network(host, 32, 64).removesuffix("/32")


def device_of(request: Request) -> str:
    """Return the kind of browser and system, as "Firefox on Windows"; never its version or more."""
    agent = request.headers.get("user-agent", "")
    browser = next((name for mark, name in _BROWSERS.items() if mark in agent), "A program")
    system = next((f" on {name}" for mark, name in _SYSTEMS.items() if mark in agent), "")
    return browser + system


def _network(host: str, bits: int, bits_of_six: int) -> str:
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        return host
    if isinstance(address, IPv6Address):
        address = address.ipv4_mapped or address
    length = bits_of_six if isinstance(address, IPv6Address) else bits
    return str(ip_network(f"{address}/{length}", strict=False))
