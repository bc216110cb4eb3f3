"""Typographic characters that cost a text its place in the GSM alphabet, and what they are replaced by."""

_REPLACED = {
    "'": "‘’‚‛′‵‹›`´",
    '"': "“”„‟″‶«»",
    "-": "‐‑‒–—―−‣•▪●◦∙",
    "...": "…",
    ".": "·",
    "/": "⁄∕",
    " ": "\t\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000",
    "\n": "\u0085\u2028\u2029",
    # Not the joiners: emoji and some scripts are written with them.
    "": "\u00ad\u200b\u2060\ufeff",
}
_TABLE = str.maketrans({character: plain for plain, characters in _REPLACED.items() for character in characters})


def plain(text: str) -> str:
    """`text` with typographic quotes, dashes, dots and spaces as they stand in the GSM alphabet; letters stay."""
    return text.translate(_TABLE)
