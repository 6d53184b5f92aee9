"""Reads the lines of sales and purchase invoices, new ones and changes to old ones."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from itertools import count

from sandbox._wefact_fields import (
    Refused,
    Sent,
    read_choice,
    read_day,
    read_group,
    read_list,
    read_number,
    read_strict_text,
    read_text,
    read_whole,
)
from sandbox._wefact_register import Register
from sandbox._wefact_settings import COST_CATEGORIES, PURCHASE_CODES, SALE_CODES
from sandbox._wefact_totals import ZERO, Line

Codes = Mapping[str, tuple[str, Decimal]]


class Lines:
    """Makes lines; every line of an administration has an id of its own."""

    def __init__(self, products: Register) -> None:
        self._products = products
        self._ids = count(1)

    def sale(self, sent: object, existing: Sequence[Line], day: date) -> tuple[Line, ...]:
        """The lines after a change: one with an ``Identifier`` is changed, one without is added. Raises Refused."""
        lines = {line.id: line for line in existing}
        for path, given in _paths(sent):
            line = self._old_or_new(path, given, lines, day, SALE_CODES)
            line = self._from_product(path, line, given)
            line = _common(path, line, given, SALE_CODES)
            lines[line.id] = _periodic(path, line, given)
        return tuple(lines.values())

    def purchase(self, sent: object, existing: Sequence[Line], day: date) -> tuple[Line, ...]:
        """The same of a purchase invoice. Raises Refused."""
        lines = {line.id: line for line in existing}
        for path, given in _paths(sent):
            line = _common(path, self._old_or_new(path, given, lines, day, PURCHASE_CODES), given, PURCHASE_CODES)
            if "CostCategory" in given:
                # The real one refuses a number here, live-checked.
                category = read_strict_text(f"{path}.CostCategory", given["CostCategory"])
                line = replace(
                    line, cost_category=read_choice(f"{path}.CostCategory", category, ("", *COST_CATEGORIES))
                )
            lines[line.id] = line
        return tuple(lines.values())

    def credit(self, lines: Iterable[Line], original: str, day: date) -> tuple[Line, ...]:
        """The lines of the invoice that credits another one, with the extra line that names it."""
        back = [replace(line, id=next(self._ids), price=-line.price) for line in lines]
        code, (_, rate) = next(iter(SALE_CODES.items()))
        note = Line(next(self._ids), day, f"Corresponderende factuur: {original}", Decimal(1), ZERO, code, rate)
        return (*back, note)

    def _old_or_new(self, path: str, given: Sent, lines: Mapping[int, Line], day: date, codes: Codes) -> Line:
        if given.get("Identifier") in (None, ""):
            code, (_, rate) = next(iter(codes.items()))
            return Line(next(self._ids), day, "", Decimal(1), ZERO, code, rate)
        line = lines.get(read_whole(f"{path}.Identifier", given["Identifier"]))
        if line is None:
            raise Refused(f"Invalid value for '{path}.Identifier'")
        return line

    def _from_product(self, path: str, line: Line, given: Sent) -> Line:
        code = read_text(f"{path}.ProductCode", given.get("ProductCode"))
        if not code:
            return line
        fields = self._products.find({"ProductCode": code}).fields
        return replace(
            line, product_code=code, description=fields["ProductKeyPhrase"], price=Decimal(fields["PriceExcl"]),
            tax_code=fields["TaxCode"], rate=SALE_CODES[fields["TaxCode"]][1], period=fields["PricePeriod"],
            suffix=fields["NumberSuffix"],
        )  # fmt: skip


def _paths(sent: object) -> list[tuple[str, Sent]]:
    return [
        (f"InvoiceLines[{at}]", read_group(f"InvoiceLines[{at}]", line))
        for at, line in enumerate(read_list("InvoiceLines", sent))
    ]


def _common(path: str, line: Line, given: Sent, codes: Codes) -> Line:
    if "Date" in given:
        line = replace(line, day=read_day(f"{path}.Date", given["Date"]) or line.day)
    if "Description" in given:
        line = replace(line, description=read_text(f"{path}.Description", given["Description"]))
    if "Number" in given:
        line = replace(line, number=read_number(f"{path}.Number", given["Number"]))
    if "PriceExcl" in given:
        line = replace(line, price=read_number(f"{path}.PriceExcl", given["PriceExcl"]))
    if "TaxCode" in given:
        code = read_choice(f"{path}.TaxCode", given["TaxCode"], tuple(codes))
        return replace(line, tax_code=code, rate=codes[code][1])
    if "TaxPercentage" in given:
        rate = read_number(f"{path}.TaxPercentage", given["TaxPercentage"])
        code = next((code for code, (_, known) in codes.items() if known == rate), "")
        if not code:
            raise Refused(f"Invalid value for '{path}.TaxPercentage'")
        return replace(line, tax_code=code, rate=rate)
    return line


def _periodic(path: str, line: Line, given: Sent) -> Line:
    """What only a sales line has: discount and periods."""
    if "NumberSuffix" in given:
        line = replace(line, suffix=read_text(f"{path}.NumberSuffix", given["NumberSuffix"]))
    if "DiscountPercentage" in given:
        line = replace(line, discount=read_percentage(f"{path}.DiscountPercentage", given["DiscountPercentage"]))
    if "DiscountPercentageType" in given:
        kind = read_choice(f"{path}.DiscountPercentageType", given["DiscountPercentageType"], ("line", "subscription"))
        line = replace(line, discount_type=kind)
    if "Periods" in given:
        line = replace(line, periods=read_whole(f"{path}.Periods", given["Periods"]))
    if "Periodic" in given:
        line = replace(line, period=read_choice(f"{path}.Periodic", given["Periodic"], ("", *"dwmkhjt")))
    if "StartDate" in given:
        line = replace(line, starts=read_day(f"{path}.StartDate", given["StartDate"]))
    if "EndDate" in given:
        line = replace(line, ends=read_day(f"{path}.EndDate", given["EndDate"]))
    return line


def read_percentage(name: str, value: object) -> Decimal:
    """A discount of nothing to all. Raises Refused."""
    number = read_number(name, value)
    if not 0 <= number <= 100:
        raise Refused(f"Invalid value for '{name}'")
    return number
