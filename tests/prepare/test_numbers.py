"""Numbers are read exactly, and what is no number is never made one."""

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from equity.prepare import numbers

relaxed = settings(deadline=None, max_examples=100, derandomize=True)


def one(read, text, **notation):
    found = read(pd.Series([text]), **notation).iloc[0]
    return None if pd.isna(found) else found


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("$52,345.00", 52345.0),
        ("52345", 52345.0),
        ("61 500", 61500.0),
        ("61\u00a0500", 61500.0),
        ("61\u202f500", 61500.0),
        ("61\u2009500", 61500.0),
        ("61'500", 61500.0),
        ("61’500.50", 61500.5),
        ("USD 50,000", 50000.0),
        ("52345 USD", 52345.0),
        ("50,000 €", 50000.0),
        ("＄５２,３４５", 52345.0),
        (".50", 0.5),
        ("0", 0.0),
        ("(1,200)", -1200.0),
        ("($1,200.00)", -1200.0),
        ("-5", -5.0),
        ("\u22125", -5.0),
        ("-$5", -5.0),
        ("$-5", -5.0),
        ("1200-", -1200.0),
        *((text, None) for text in ("", "NaN", "nan", "inf", "-inf", "1e309", "1e5")),
        *((text, None) for text in ("9" * 400, "(-5)", "--5", "(5", "5)", "$", ".")),
        *((text, None) for text in ("5,2", "1,23,456", "52,345,00", "1 234,567")),
        *((text, None) for text in ("USD 5 USD", "52k", "5-6", "52²", "0x1F", "1_000")),
    ],
)
def test_money(text, value):
    assert one(numbers.money, text) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1.234,50", 1234.5),
        ("1234,5", 1234.5),
        ("€ 1.234,50", 1234.5),
        ("52.345", 52345.0),  # a point sets thousands apart, and nothing else
        ("52.34", None),
        ("52,345.00", None),
        ("41,7", 41.7),
    ],
)
def test_money_with_a_decimal_comma(text, value):
    assert one(numbers.money, text, decimal=",") == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        *(("0", 0), ("007", 7), ("1,012", 1012), ("1 012", 1012), ("20.0", 20)),
        *(("20.00", 20), ("999999999", 999_999_999)),
        *((text, None) for text in ("1.000", "2.5", "-1", "", "1e3", "9999999999")),
        *((text, None) for text in ("inf", "NaN", "*", "<5", "12*", "1,2", "½", "²")),
    ],
)
def test_counts(text, value):
    assert one(numbers.count, text) == value


def test_a_count_with_a_point_is_what_the_decimal_mark_makes_it():
    assert one(numbers.count, "1.000", decimal=",") == 1000
    assert one(numbers.count, "1.000", decimal=".") is None


def test_currencies():
    text = pd.Series(["$5", "US$ 5", "USD 5", "5 €", "EUR 5", "£5", "CAD 5", "5", "x"])
    found = numbers.currency(text).to_list()
    assert found == ["USD", "USD", "USD", "EUR", "EUR", "GBP", "CAD", "", ""]


@given(st.integers(0, 10**9 - 1))
@relaxed
def test_a_count_is_read_however_its_thousands_are_set_apart(count):
    for mark in (",", " ", "\u00a0", "\u2009", "\u202f", "'"):
        assert one(numbers.count, f"{count:,}".replace(",", mark)) == count


@given(st.integers(-(10**14), 10**14))
@relaxed
def test_money_is_exact_to_the_cent(cents):
    """`float` is the nearest number to a text, and so is what is read here."""
    text = f"{abs(cents) // 100:,}.{abs(cents) % 100:02}"
    expected = float(text.replace(",", "")) * (-1 if cents < 0 else 1)
    assert one(numbers.money, f"-${text}" if cents < 0 else f"${text}") == expected
    other = text.translate({ord(","): ".", ord("."): ","})
    assert one(numbers.money, other, decimal=",") == abs(expected)


@given(st.text(max_size=12))
@relaxed
def test_nothing_is_read_as_infinite_and_nothing_fails(text):
    for read in (numbers.number, numbers.money, numbers.count):
        found = one(read, text)
        assert found is None or abs(found) < 10**16


def test_the_index_is_kept_and_the_input_is_not_changed():
    text = pd.Series(["5", "x", "5"], index=[7, 3, 9])
    for read in (numbers.number, numbers.money, numbers.count, numbers.currency):
        assert read(text).index.to_list() == [7, 3, 9]
        assert len(read(text.iloc[:0])) == 0
    assert text.to_list() == ["5", "x", "5"]
