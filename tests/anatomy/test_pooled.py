"""What several networks of a subject show, put together."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from pipeline.anatomy import pooled
from pipeline.judges.number import Number

VALUES = np.array([0.52, 0.58, 0.55, 0.61])


def number(value: float, half: float, **more: object) -> Number:
    return {"value": value, "n": 20, "ci95": [value - half, value + half], **more}  # type: ignore[typeddict-item]


def test_the_interval_of_networks_that_differ_is_students() -> None:
    found = pooled.numbers([{"effects.a": number(value, 0.001, p=0.0)} for value in VALUES])["effects.a"]
    whole = stats.ttest_1samp(VALUES, 0)
    np.testing.assert_allclose(found["ci95"], whole.confidence_interval())
    assert (found["value"], found["n"], found["dof"]) == (pytest.approx(VALUES.mean()), 80, 3)
    assert found["p"] == pytest.approx(whole.pvalue)
    assert found["replicas"] == VALUES.tolist()


def test_the_interval_of_networks_that_agree_is_as_wide_as_their_images_make_it() -> None:
    found = pooled.numbers([{"a": number(0.5, 0.1)} for _ in range(4)])["a"]
    np.testing.assert_allclose(found["ci95"], [0.45, 0.55], err_msg="a fourth of the variance, half of the width")


def test_an_interval_stays_within_what_is_possible() -> None:
    found = pooled.numbers([{"a": number(value, 0.01, kind="share")} for value in (1.0, 0.7)])["a"]
    assert found["ci95"] == [0.0, 1.0]
    table = pd.DataFrame({"k": [1], "right": [1.0], "right_low": [0.9], "right_high": [1.0], "n": [5]})
    other = table.assign(right=0.5, right_low=0.4, right_high=0.6)
    (row,) = pooled.tables([table, other], ["k"], {"right": "share"}).to_dict("records")
    assert (row["right"], row["right_low"], row["right_high"], row["n"]) == (0.75, 0.0, 1.0, 10)


def test_the_intervals_of_tables_are_those_of_numbers() -> None:
    half = np.array([0.03, 0.01, 0.2, 0.02])
    tables = [
        pd.DataFrame({"k": [5, 4], "x": [v, -v], "x_low": [v - h, -v - h], "x_high": [v + h, h - v], "n": [20, 20]})
        for v, h in zip(VALUES, half, strict=True)
    ]
    found = pooled.tables(tables, ["k"], {}).set_index("k")
    numbers = pooled.numbers([{"x": number(v, h)} for v, h in zip(VALUES, half, strict=True)])["x"]
    np.testing.assert_allclose(found.loc[5, ["x", "x_low", "x_high"]], [numbers["value"], *numbers["ci95"]])
    assert found["n"].tolist() == [80, 80]


def test_what_a_single_network_has_is_left_out() -> None:
    found = pooled.numbers([{"a": number(1, 1), "b": number(1, 1)}, {"b": number(3, 1), "c": number(1, 1)}])
    assert list(found) == ["b"]
    assert found["b"]["value"] == 2
    columns = {"cell": ["jump-3", "jump-2"], "start": [3, 2], "level": [0.5, 0.7]}
    one, other = pd.DataFrame(columns), pd.DataFrame(columns).iloc[1:].assign(level=0.9)
    (row,) = pooled.tables([one, other], ["start"], {}).to_dict("records")
    assert row == {"cell": "jump-2", "start": 2, "level": pytest.approx(0.8)}


def test_two_networks_of_three_are_enough() -> None:
    tables = [pd.DataFrame({"k": [1], "x": [x], "x_low": [x], "x_high": [x]}) for x in (1.0, 2.0)]
    tables.append(pd.DataFrame({"k": [9], "x": [7.0], "x_low": [7.0], "x_high": [7.0]}))
    (row,) = pooled.tables(tables, ["k"], {}).to_dict("records")
    half = stats.t.ppf(0.975, 1) * np.std([1, 2], ddof=1) / np.sqrt(2)
    np.testing.assert_allclose([row["x"], row["x_low"], row["x_high"]], [1.5, 1.5 - half, 1.5 + half])


def test_what_can_only_be_one_of_few_values_has_their_median_and_ends() -> None:
    limits: list[dict[str, Number]] = [
        {"limits.2": {"value": value, "n": 10, "ci95": [0.0, 50.0], "p": 0.5, "snr_db": -value, "tried": tried}}
        for value, tried in ((9, 12), (0, 8), (4, 8), (5, 8))
    ]
    found = pooled.numbers(limits, lambda name: name.startswith("limits."))["limits.2"]
    assert (found["value"], found["ci95"], found["n"], found["snr_db"]) == (4, [0, 9], 40, -4)
    assert (found["tried"], found["replicas"], "p" in found) == (12, [9, 0, 4, 5], False)


def test_the_rival_that_most_networks_are_nearest_to_is_named() -> None:
    each = [{"a": number(value, 1, against=rival)} for value, rival in ((1, "edges"), (2, "centre"), (3, "centre"))]
    assert pooled.numbers(each)["a"]["against"] == "centre"


def test_one_network_stays_as_it_is() -> None:
    assert pooled.numbers([{"a": number(1, 1)}]) == {"a": number(1, 1)}


def test_rows_of_all_networks_say_whose_they_are() -> None:
    table = pd.DataFrame({"seed": [1, 2]})
    assert pooled.joined([table, table + 2]).to_dict("list") == {"seed": [1, 2, 3, 4], "network": [0, 0, 1, 1]}


def test_folders_are_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    assert pooled.folders(tmp_path / "nowhere") == pooled.folders(tmp_path) == []
    for name in ("10", "2", "maps"):
        (tmp_path / name).mkdir()
    assert [folder.name for folder in pooled.folders(tmp_path)] == ["2", "10"]


def test_ninety_five_of_a_hundred_intervals_hold_the_truth() -> None:
    """Networks differ by as much as the mean of their images is uncertain."""
    generator = np.random.default_rng(0)
    held = 0
    for _ in range(1000):
        effects = 1 + generator.normal(size=4) + generator.normal(size=4)
        found = pooled.numbers([{"a": number(effect, 1.96)} for effect in effects])["a"]
        held += found["ci95"][0] <= 1 <= found["ci95"][1]
    assert 930 <= held <= 985


def test_a_number_that_only_some_networks_sampled_has_no_interval() -> None:
    found = pooled.numbers([{"a": number(1, 1, p=0.3)}, {"a": {"value": 3.0, "n": 20}}])["a"]
    assert found == {"value": 2.0, "n": 40}


def test_networks_that_agree_without_error_are_no_surer_than_one_of_them() -> None:
    found = pooled.numbers([{"a": number(-0.25, 0, p=0.002)} for _ in range(3)])["a"]
    assert (found["ci95"], found["p"]) == ([-0.25, -0.25], 0.002)


def test_a_row_that_the_first_network_lacks_is_there_where_others_have_it() -> None:
    one = pd.DataFrame({"k": [1], "x": [1.0]})
    found = pooled.tables([one, one.assign(k=2), one.assign(k=2, x=3.0)], ["k"], {})
    assert found.to_dict("list") == {"k": [2], "x": [2.0]}


def test_a_value_that_no_network_has_is_none() -> None:
    table = pd.DataFrame({"k": [1, 2], "x": [1.0, np.nan], "x_low": [0.0, np.nan], "x_high": [2.0, np.nan]})
    found = pooled.tables([table, table], ["k"], {})
    assert np.isfinite(found.loc[0, ["x", "x_low", "x_high"]].astype(float)).all()
    assert not np.isfinite(found.loc[1, ["x", "x_low", "x_high"]].astype(float)).any()
