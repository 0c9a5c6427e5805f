"""Numbers as people read them: three digits, thousands apart, a dash for what is not known."""

from __future__ import annotations

import math

NONE = "–"


def count(n: int, one: str, many: str = "") -> str:
    """A number of things.

    >>> count(1, "reply", "replies"), count(1200, "call")
    ('1 reply', '1,200 calls')
    """
    return f"{n:,} {one if n == 1 else many or one + 's'}"


def number(x: float, digits: int = 3) -> str:
    """A number with ``digits`` decimals and a true minus; a dash for NaN.

    >>> number(-0.5), number(float("nan")), number(0.1234)
    ('−0.500', '–', '0.123')
    """
    if math.isnan(x):
        return NONE
    rounded = f"{x:.{digits}f}"
    return rounded.replace("-", "−") if float(rounded) else rounded.lstrip("-")


def signed(x: float, digits: int = 3) -> str:
    """A number with its sign; 0 has none.

    >>> signed(0.25), signed(-2.0), signed(0.0)
    ('+0.250', '−2.000', '0.000')
    """
    shown = number(x, digits)
    return f"+{shown}" if x > 0 and float(shown) else shown


def short(x: float) -> str:
    """A number as short as it can be without loss of what matters.

    >>> short(3.0), short(-0.25), short(12345.678)
    ('3', '−0.25', '12,346')
    """
    if math.isnan(x):
        return NONE
    shown = f"{x:,.0f}" if abs(x) >= 1000 else f"{x:.4g}"
    return shown.replace("-", "−")


def rate(x: float) -> str:
    """Things a second, in three digits.

    >>> rate(1263.7), rate(3.341)
    ('1,260', '3.34')
    """
    return short(float(f"{x:.3g}"))


def percent(part: float, whole: float) -> str:
    """A share. It never rounds to all or nothing when it is neither.

    >>> percent(1, 3), percent(999, 1000), percent(0, 5), percent(1, 0)
    ('33 %', '99.9 %', '0 %', '–')
    """
    if not whole or math.isnan(part):
        return NONE
    share = 100 * part / whole
    if 0 < share < 1 or 99 < share < 100:
        return "<0.1 %" if share < 0.1 else ">99.9 %" if share > 99.9 else f"{share:.1f} %"
    return f"{share:.0f} %"


def money(x: float) -> str:
    """An amount in the unit of the prices given.

    >>> money(0.0), money(0.00123), money(12.5)
    ('0', '0.0012', '12.50')
    """
    return "0" if not x else f"{x:,.2f}" if x >= 1 else f"{x:.2g}"


def duration(seconds: float) -> str:
    """A time span.

    >>> duration(0.25), duration(42.0), duration(125.0), duration(7300.0)
    ('0.25 s', '42 s', '2 min 5 s', '2 h 1 min')
    """
    if seconds < 60:
        return f"{seconds:.2g} s" if seconds < 9.95 else f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"
