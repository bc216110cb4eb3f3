"""What messages cost, where the price of a segment is known."""


def cost_of(segments: int, price: float | None) -> float | None:
    """What so many segments cost, without the rounding errors of many additions."""
    return None if price is None else round(segments * price, 6)


def money(amount: float, currency: str) -> str:
    """`12.40 USD`; what is less than one unit with four digits, since a segment costs less than a cent."""
    digits = 2 if abs(amount) >= 1 or not amount else 4
    return f"{amount:,.{digits}f} {currency}"
