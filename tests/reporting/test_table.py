"""Numbers and tables as text."""

import pytest

from pipeline.reporting.table import Column, Table, effect, listed, percent, text, words


@pytest.mark.parametrize(
    ("number", "form", "shown"),
    [
        ({"value": 1.234, "n": 9, "ci95": [1.1, 1.35]}, {}, "1.23 [1.10, 1.35]"),
        ({"value": 0.5, "n": 9}, {"digits": 1, "times": 100}, "50.0"),
        ({"value": 1234.5, "n": 9, "ci95": [900.4, 1500.2]}, {}, "1,234 [900, 1,500]"),
        (0.25, {"sign": True}, "+0.25"),
    ],
)
def test_a_number_has_its_interval_and_the_digits_asked_for(number, form: dict, shown: str) -> None:
    assert text(number, **form) == shown


@pytest.mark.parametrize(("value", "shown"), [(16.4, "+16.4 [+5.7, +26.6] %"), (0.6, "+0.60 [+0.50, +0.70] %")])
def test_an_effect_has_the_digits_that_it_needs(value: float, shown: str) -> None:
    ends = [5.7, 26.6] if value > 1 else [0.5, 0.7]
    assert effect({"value": value, "n": 3, "ci95": ends}, "%") == shown


def test_a_table_has_a_cell_for_every_column() -> None:
    table = Table([words("name"), Column("share %", 0, 100), Column("count")], [["`a`", 0.25, 1234], ["b", None, 2]])
    assert str(table).splitlines() == [
        "| name | share % | count |",
        "| :-- | --: | --: |",
        "| `a` | 25 | 1,234 |",
        "| b | \u2013 | 2 |",
    ]
    with pytest.raises(ValueError, match="shorter"):
        str(Table([words("name"), Column("count")], [["a"]]))


def test_an_interval_in_a_cell_stays_on_one_line() -> None:
    assert Column("a").shown({"value": 1, "n": 9, "ci95": [0.5, 1.5]}) == "1.00 [0.50,\u00a01.50]"


def test_words_are_listed_as_in_a_sentence() -> None:
    assert [listed(words) for words in ([], ["a"], ["a", "b"], ["a", "b", "c"])] == ["", "a", "a and b", "a, b and c"]
    assert [percent(share) for share in (0.125, 0.05, 1)] == ["12.5 %", "5 %", "100 %"]
