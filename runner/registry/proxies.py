"""Which proxy leads to a host, by the environment's variables as Go programs read them.

The rules are those of golang.org/x/net/http/httpproxy, so that our calls take the same way as the daemon's.
"""

import os
from ipaddress import ip_address, ip_network


def proxy_for(scheme: str, host: str, port: int, no_proxy: str) -> str:
    """The URL of the proxy from HTTP_PROXY or HTTPS_PROXY, or "" for none.

    no_proxy: the hosts that are reached without one, as the variable NO_PROXY gives them.
    """
    name = f"{scheme}_proxy"
    proxy = os.environ.get(name.upper()) or os.environ.get(name) or ""
    if not proxy or is_loopback(host):
        return ""
    if any(_covers(entry.strip(), host.lower(), port) for entry in no_proxy.lower().split(",")):
        return ""
    return proxy if "://" in proxy else f"http://{proxy}"


def is_loopback(host: str) -> bool:
    """Whether a host is this machine."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _covers(entry: str, host: str, port: int) -> bool:
    """Whether an entry is about a host: `*`, an address, a network, or a domain; with a port or without."""
    if entry in ("", "*"):
        return entry == "*"
    if "/" in entry:
        try:
            return ip_address(host) in ip_network(entry, strict=False)
        except ValueError:
            return False
    name, _, number = entry.rpartition(":")
    if number.isdigit() and (":" not in name or name.endswith("]")) and name:
        if int(number) != port:
            return False
        entry = name
    domain = entry.strip("[]").removeprefix("*")
    return host == domain or host.endswith(domain if domain.startswith(".") else f".{domain}")
