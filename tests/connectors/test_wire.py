from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from connectors._wire import Fields, Json, Unreadable, clean, parse_json, plain, to_json, without_zeros

NUMBERS = st.integers(-(10**18), 10**18) | st.decimals(allow_nan=False, allow_infinity=False, places=4)
JSON = st.recursive(
    st.none() | st.booleans() | st.text() | NUMBERS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(JSON)
def test_json_comes_back_as_it_was_written(value: Json) -> None:
    try:
        text = to_json(value)
        text.encode()
    except UnicodeEncodeError:
        return
    assert parse_json(text) == value


def test_no_float_is_written() -> None:
    with pytest.raises(TypeError):
        to_json({"price": 12.1})  # type: ignore[dict-item]


@given(st.text())
@example("T\b\u032d")  # an accent that stands next to its letter once the control character is gone
def test_clean_text_is_one_visible_line(text: str) -> None:
    cleaned = clean(text, 50)
    assert len(cleaned) <= 50
    assert cleaned.isprintable() or any(c in "\u200c\u200d" for c in cleaned) or not cleaned.isascii()
    assert not set(cleaned) & set(map(chr, [*range(32), 127, 0x202E, 0xD800]))
    cleaned.encode()
    assert clean(cleaned, 50) == cleaned


def test_clean_keeps_names_whole() -> None:
    assert clean(" Zoë\u0000 \r\n van\tder  Éénd\u202e ") == "Zoë van der Éénd"
    assert clean("Zoe\u0308") == "Zoë"


@pytest.mark.parametrize(
    ("given", "expected"),
    [("21.00", "21.00"), (21, "21.00"), (Decimal("9.9"), "9.90"), (" 12.10 ", "12.10"), ("-0.00", "0.00"),
     (Decimal("24.200000000000003"), "24.20"), ("+3", "3.00"), ("0012.5", "12.50")],
)  # fmt: skip
def test_numbers_however_they_are_written(given: Json, expected: str) -> None:
    assert str(Fields({"n": given}).exact_number("n", 2)) == expected


@pytest.mark.parametrize(
    "given",
    [None, "", "abc", "1,5", "1.000,50", "1e3", "NaN", "١٢", True, False, [], {}, ["1"], {"a": 1}, "12.345", 10**40,
     Decimal("NaN"), Decimal("sNaN"), Decimal("Infinity"), Decimal("1e999999"), Decimal("1e-999999"), "9" * 400,
     "9999999999.00", "0x10", "--1", "1 2"],
)  # fmt: skip
def test_what_is_no_amount(given: Json) -> None:
    with pytest.raises(Unreadable) as caught:
        Fields({"n": given}, "here").exact_number("n", 2)
    assert caught.value.field == "here.n"
    assert len(caught.value.problem) < 100


def test_flags_objects_and_lists_however_they_are_written() -> None:
    fields = Fields(
        {"yes": "true", "one": 1, "no": "0", "none": None, "what": "maybe", "empty": [], "text": "", "single": {"a": 1},
         "many": [{"a": 1}, []], "numbered": {"line1": {"a": 1}, "line2": {"a": 2}}}
    )  # fmt: skip
    assert [fields.flag(name, default=False) for name in ("yes", "one", "no", "none", "gone")] == [
        True, True, False, False, False
    ]  # fmt: skip
    with pytest.raises(Unreadable):
        fields.flag("what", default=False)
    assert not fields.object("empty") and not fields.object("text") and not fields.object("gone")
    assert [member.whole("a") for member in fields.objects("single")] == [1]
    assert len(fields.objects("many")) == 2
    assert fields.objects("gone") == [] and fields.numbered("empty") == []
    assert [member.whole("a") for member in fields.numbered("numbered")] == [1, 2]
    with pytest.raises(Unreadable):
        fields.object("yes")
    with pytest.raises(Unreadable):
        fields.text("single")


@pytest.mark.parametrize(("given", "expected"), [("2.0000", "2"), ("10", "10"), ("0.50", "0.5"), ("100.00", "100")])
def test_zeros_at_the_end_go(given: str, expected: str) -> None:
    assert str(without_zeros(Decimal(given))) == expected


@given(st.text() | st.text("<>&;script/style ", max_size=2000))
def test_what_an_error_page_says_is_short_and_bare(text: str) -> None:
    assert len(plain(text)) <= 200


def test_a_page_of_opening_brackets_takes_no_time() -> None:
    plain("<" * 5_000_000)
    plain("<script" * 500_000)


@pytest.mark.parametrize("number", ["1" * 5000, "1e99999999999999999999", "-1e400", "1" * 40])
def test_a_number_that_nobody_means_spoils_its_own_field_only(number: str) -> None:
    first, second = Fields(parse_json(f'{{"all": [{{"a": {number}, "b": 1}}, {{"a": 2}}]}}')).objects("all")
    assert second.whole("a") == 2
    for read in (first.text, lambda name: first.number(name, 2), lambda name: first.money(name, "EUR")):
        with pytest.raises(Unreadable):
            read("a")
    assert first.whole("b") == 1
