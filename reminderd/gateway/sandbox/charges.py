"""What messages cost, and the networks that they go to: the same in the log, in details and in callbacks."""

from typing import NamedTuple

_RATE = 0.005  # US dollars a unit
_LONGEST_PREFIX = 3


class Network(NamedTuple):
    """A mobile network: its country, and the codes of both."""

    country: str
    mcc: str
    mnc: str


_NETWORKS = {
    "1": Network("US", "310", "260"),
    "33": Network("FR", "208", "01"),
    "34": Network("ES", "214", "07"),
    "44": Network("GB", "234", "30"),
    "49": Network("DE", "262", "01"),
    "52": Network("MX", "334", "020"),
    "61": Network("AU", "505", "01"),
    "91": Network("IN", "404", "45"),
    "370": Network("LT", "246", "01"),
    "972": Network("IL", "425", "03"),
}


class Charge(NamedTuple):
    """The price of one unit and of the whole message, as Plivo writes them."""

    rate: str
    amount: str


def charge(units: int, *, sent: bool) -> Charge:
    """What a message to somebody costs; nothing unless it was handed to a carrier."""
    return Charge(f"{_RATE:.5f}", f"{_RATE * units if sent else 0.0:.5f}")


FREE = Charge("0.00000", "0.00000")


def network(number: str) -> Network | None:
    """The network of a number of digits; None for the countries that nobody has written down here."""
    prefixes = (number[:length] for length in range(_LONGEST_PREFIX, 0, -1))
    return next((_NETWORKS[prefix] for prefix in prefixes if prefix in _NETWORKS), None)
