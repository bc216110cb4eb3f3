"""How much of a request Plivo's signatures vouch for."""

from enum import Enum, auto

from starlette.datastructures import Headers

from reminderd.gateway.signatures import Params, verify_v2, verify_v3

_V2, _V3 = "x-plivo-signature-v2", "x-plivo-signature-v3"
# Of the account, and of the main account where that is one of its subaccounts.
_NAMES = {_V2: (_V2, "x-plivo-signature-ma-v2"), _V3: (_V3, "x-plivo-signature-ma-v3")}


class Signed(Enum):
    """WHOLE: all of it. ADDRESS: where it goes to, and not what it says. NOT: nothing."""

    WHOLE = auto()
    ADDRESS = auto()
    NOT = auto()


def signed(method: str, url: str, headers: Headers, token: str, form: Params) -> Signed:
    """url: as Plivo was given it, with the query that came. form: of a POST.

    Where there is anything of version 3, version 2 does not count: it vouches for less, and could be another request's.
    """
    third, nonce = _given(headers, _V3), headers.get(f"{_V3}-nonce")
    if nonce is not None or any(third):
        found = any(verify_v3(method, url, nonce, each, token, form) for each in third)
        return Signed.WHOLE if found else Signed.NOT
    second, nonce = _given(headers, _V2), headers.get(f"{_V2}-nonce")
    return Signed.ADDRESS if any(verify_v2(url, nonce, each, token) for each in second) else Signed.NOT


def _given(headers: Headers, version: str) -> list[str]:
    return [",".join(headers.getlist(name)) for name in _NAMES[version]]
