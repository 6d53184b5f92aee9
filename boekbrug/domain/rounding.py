"""The one place where amounts are rounded.

The Dutch tax authority lets VAT be rounded half up on the third decimal, per line or per invoice total, one method
used consistently; so every rounding in Boekbrug is half up (away from zero for negative amounts, which makes an
invoice and its credit note cancel out exactly).
"""

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal

CENT = Decimal("0.01")


def rounded(amount: Decimal, decimals: int = 2) -> Decimal:
    """The amount rounded half up to `decimals` places."""
    return amount.quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_HALF_UP)


def tax_on_net(net: Decimal, rate: Decimal) -> Decimal:
    """The VAT in cents on an amount excluding VAT; `rate` is a percentage."""
    return rounded(net * rate / 100)


def tax_within_gross(gross: Decimal, rate: Decimal) -> Decimal:
    """The VAT in cents contained in an amount including VAT; `rate` is a percentage."""
    return rounded(gross * rate / (100 + rate))


def split_cents(total: int, weights: Sequence[Decimal]) -> list[int]:
    """The total (whole cents) divided in proportion to the weights without losing or making a cent.

    Largest remainder method: every part is rounded towards zero, then the cents left over go to the largest remainders,
    the first of equals first. Weights may be of either sign; when they add up to zero the total is divided evenly.

    Raises ValueError when there is nothing to divide over.
    """
    if not weights:
        raise ValueError("a total cannot be split over no parts")
    whole = sum(weights, Decimal(0))
    shares = [Decimal(total) / len(weights)] * len(weights) if whole == 0 else [total * w / whole for w in weights]
    parts = [int(share) for share in shares]
    left = total - sum(parts)
    step = 1 if left >= 0 else -1
    by_remainder = sorted(range(len(shares)), key=lambda i: (-step * (shares[i] - parts[i]), i))
    for turn in range(abs(left)):
        parts[by_remainder[turn % len(parts)]] += step
    return parts


def round_to_total(amounts: Sequence[Decimal], total: int) -> list[int]:
    """The amounts (units) in whole cents that add up to `total` cents, each as near to itself as that allows.

    Every amount is rounded; what is then missing or too much is spread a cent at a time, first where rounding went
    furthest the other way, the first of equals first. Unlike `split_cents` it is exact for amounts of both signs.

    Raises ValueError when there is nothing to divide over.
    """
    if not amounts:
        raise ValueError("a total cannot be spread over no amounts")
    parts = [int(rounded(amount).scaleb(2)) for amount in amounts]
    left = total - sum(parts)
    step = 1 if left >= 0 else -1
    by_error = sorted(range(len(parts)), key=lambda i: (-step * (amounts[i].scaleb(2) - parts[i]), i))
    for turn in range(abs(left)):
        parts[by_error[turn % len(parts)]] += step
    return parts
