"""Two reports side by side: what has changed, by made-up summaries whose answer is known."""

import json
from pathlib import Path

import pytest

from pipeline.errors import UserError
from pipeline.orchestration import cli
from pipeline.reporting import agree


def entry(value: float, half: float = 1.0, **more: object) -> dict:
    return {"value": value, "n": 9, "ci95": [value - half, value + half], **more}


def ledger(*verdicts: str) -> dict:
    return {f"claims.c{i}": entry(1, verdict=verdict) for i, verdict in enumerate(verdicts)}


def test_a_report_agrees_with_itself() -> None:
    s = ledger("supported", "inconclusive") | {"a": entry(1), "b": {"value": 3, "n": 1}}
    found = agree.agree(s, s)
    assert (found.agrees, found.changed, found.apart, found.unequal) == (True, [], [], [])
    assert (found.held, found.intervals, found.claims) == (6, 6, 2)


@pytest.mark.parametrize(
    ("one", "other", "agrees", "flipped"),
    [
        (["supported"] + ["inconclusive"] * 39, ["contradicted"] + ["inconclusive"] * 39, False, 1),
        (["contradicted"] + ["inconclusive"] * 39, ["supported"] + ["inconclusive"] * 39, False, 1),
        (["supported"] * 40, ["inconclusive"] * 2 + ["supported"] * 38, True, 0),
        (["supported"] * 40, ["inconclusive"] * 3 + ["supported"] * 37, False, 0),
        (["supported"] * 10, ["supported"] * 9, False, 0),
    ],
)
def test_one_flip_or_more_than_one_change_in_twenty_is_no_agreement(one, other, agrees: bool, flipped: int) -> None:
    found = agree.agree(ledger(*one), ledger(*other))
    assert (found.agrees, sum(each.flipped for each in found.changed)) == (agrees, flipped)


def test_a_claim_that_one_report_lacks_has_no_data_there() -> None:
    found = agree.agree(ledger("supported", "supported"), ledger("supported"))
    assert [(each.name, each.one, each.other) for each in found.changed] == [("c1", "supported", "no data")]
    assert found.only_one == ["claims.c1"]


def test_intervals_are_counted_both_ways_and_distances_are_in_standard_errors() -> None:
    one = {"near": entry(1), "far": entry(0, 1.96), "lopsided": {"value": 0, "n": 9, "ci95": [-1.96, 9]}}
    other = {"near": entry(1.5, 0.2), "far": entry(5, 1.96), "lopsided": {"value": -2, "n": 9, "ci95": [-2, -2]}}
    found = agree.agree(one, other)
    assert (found.held, found.intervals) == (1, 6)
    by_name = {each.name: each.errors for each in found.apart}
    assert by_name["far"] == pytest.approx(5 / 2**0.5, rel=1e-3)
    assert by_name["lopsided"] == pytest.approx(2, rel=1e-3), "the half that faces the other value counts"
    assert found.apart[0].name == "far"
    assert agree.agree({"a": entry(0, 4.303, dof=2)}, {"a": entry(2, 0)}).apart[0].errors == pytest.approx(2, rel=1e-3)


def test_the_range_of_several_networks_is_no_interval() -> None:
    one, other = ({"limit": entry(value, 2.0, ranged=True)} for value in (10, 20))
    found = agree.agree(one, other)
    assert (found.held, found.intervals, found.apart, found.unequal) == (0, 0, [], [])


def test_what_was_counted_must_be_equal_and_times_are_left_out(tmp_path: Path) -> None:
    for folder, parameters, seconds in (("one", 5, 3.0), ("other", 6, 9.0)):
        (tmp_path / folder).mkdir()
        numbers = {"train.wide.parameters": {"value": parameters, "n": 1}, "train.wide.seconds": entry(seconds, 0.1)}
        (tmp_path / folder / "summary.json").write_text(json.dumps(numbers))
    found = agree.agree(agree.read(tmp_path / "one"), agree.read(tmp_path / "other"))
    assert (found.unequal, found.apart, found.agrees) == (["train.wide.parameters"], [], True)


@pytest.mark.parametrize("text", [None, "{", "[1]", '{"a": 1}', '{"a": {"value": 1}}'])
def test_what_is_no_report_is_a_sentence(tmp_path: Path, text: str | None) -> None:
    if text is not None:
        (tmp_path / "summary.json").write_text(text)
    with pytest.raises(UserError, match=r"summary") as error:
        agree.read(tmp_path)
    assert str(error.value).endswith(".")


def test_the_command_prints_a_table_writes_json_and_ends_with_the_answer(tmp_path: Path, capsys, monkeypatch) -> None:
    for folder, verdict in (("one", "supported"), ("other", "contradicted")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "summary.json").write_text(json.dumps(ledger(verdict) | {"a": entry(1), "b": entry(2)}))
    cli.agree(tmp_path / "one", tmp_path / "one", None)
    assert "The reports agree." in capsys.readouterr().out
    with pytest.raises(SystemExit) as ended:
        cli.agree(tmp_path / "one", tmp_path / "other", tmp_path / "agree.json")
    assert ended.value.code == 1
    printed = capsys.readouterr().out
    assert "| c0 (flipped) | supported | contradicted |" in printed
    assert "6 of 6 intervals (100 %) hold the other report's value." in printed
    saved = json.loads((tmp_path / "agree.json").read_text())
    assert (saved["agrees"], saved["changed"][0]["flipped"]) == (False, True)
