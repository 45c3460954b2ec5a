"""Profiles change what they name, keep every comment, and leave no trace in the next."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipeline import params
from pipeline.diffusion import costs, unet
from pipeline.errors import UserError
from pipeline.orchestration import profiles

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "params.yaml").read_text()
FOLDER = ROOT / "profiles"
NAMES = profiles.names(FOLDER)


def variants_of(name: str) -> dict[str, Any]:
    return params.parse(profiles.apply(TEXT, name, FOLDER)).variants


def leaves(values: dict[str, Any], path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every value with its path; variants count as one, and so does a subject that is taken away."""
    for key, value in values.items():
        if isinstance(value, dict) and key != "variants":
            yield from leaves(value, (*path, key))
        else:
            yield (*path, key), value


def profile(name: str) -> dict[tuple[str, ...], Any]:
    """What a profile and those that it is based on change."""
    values = yaml.safe_load((FOLDER / f"{name}.yaml").read_text())
    based_on = values.pop("based_on", None)
    return {**(profile(based_on) if based_on else {}), **dict(leaves(values))}


def test_the_named_ones_are_there() -> None:
    assert set(NAMES) >= {"tiny", "digits", "mnist-cpu", "mnist-gpu", "fashion-gpu", "cifar10-paper"}


@pytest.mark.parametrize("name", NAMES)
def test_a_profile_is_laid_over_what_is_there_and_is_sound(name: str) -> None:
    applied = yaml.safe_load(profiles.apply(TEXT, name, FOLDER))
    expected = {**dict(leaves(yaml.safe_load(TEXT))), **profile(name)}
    for path in [path for path, value in expected.items() if path[0] == "subjects" and value is None]:
        del expected[path]
    assert dict(leaves(applied)) == expected
    assert list(applied["variants"]) == list(expected["variants",]), "in the profile's order"
    assert params.parse(profiles.apply(TEXT, name, FOLDER)).model_dump() == applied


@pytest.mark.parametrize("name", NAMES)
def test_every_comment_stays_and_the_default_comes_back_byte_for_byte(name: str) -> None:
    there = profiles.apply(TEXT, name, FOLDER)
    comments = [[line.split("# ", 1)[1] for line in text.splitlines() if "# " in line] for text in (TEXT, there)]
    assert comments[0] == comments[1]
    assert profiles.apply(there, profiles.DEFAULT, FOLDER) == TEXT


def test_the_default_names_every_key_that_another_changes() -> None:
    default = set(profile(profiles.DEFAULT))
    for name in NAMES:
        named = {path for path in profile(name) if path in default or path[:2] in default}
        assert named == set(profile(name)), name


def test_a_subject_comes_and_goes_with_a_profile() -> None:
    there = params.parse(profiles.apply(TEXT, "digits-text", FOLDER)).subjects
    assert list(there) == ["baseline", "no_time_embedding", "text", "res_blocks_0"]
    again = profiles.apply(profiles.apply(TEXT, "digits-text", FOLDER), "digits-all", FOLDER)
    assert "text" not in params.parse(again).subjects


def test_what_no_profile_names_stays_the_user_s() -> None:
    own = TEXT.replace("  clip_norm: 1.0 ", "  clip_norm: 0.5 ")
    assert own != TEXT
    assert "  clip_norm: 0.5 " in profiles.apply(own, "mnist-cpu", FOLDER)


def test_the_paper_s_ablation_is_the_source_s() -> None:
    paper = params.parse(profiles.apply(TEXT, "cifar10-paper", FOLDER))
    assert (paper.diffusion.schedule, paper.diffusion.timesteps) == ("cosine", 4000)
    assert paper.train.images / paper.train.batch_size == 100_000
    assert len(paper.replicas) == 3
    assert [paper.architecture(v).channels[0] for v in ("baseline", "wide")] == [32, 64]
    assert [paper.architecture(v).res_blocks for v in ("res_blocks_0", "res_blocks_1", "baseline")] == [0, 1, 2]
    bare = paper.architecture("no_attention")
    assert (bare.attention, bare.middle_attention) == ([], False)


def test_an_unknown_profile_or_file_is_a_sentence() -> None:
    with pytest.raises(UserError, match=r"no profile 'huge'; profiles/ has .*digits"):
        profiles.apply(TEXT, "huge", FOLDER)
    with pytest.raises(UserError, match="not there"):
        profiles.apply("", "tiny", FOLDER)
    with pytest.raises(UserError, match="not YAML"):
        profiles.apply("a: [1", "tiny", FOLDER)


def test_a_profile_may_be_based_on_another() -> None:
    mnist, fashion = (yaml.safe_load(profiles.apply(TEXT, name, FOLDER)) for name in ("mnist-gpu", "fashion-gpu"))
    before, after = dict(leaves(mnist)), dict(leaves(fashion))
    assert {".".join(key) for key in before if before[key] != after[key]} == {
        "data.name",
        "data.caption",
        "judges.classifier.min_accuracy",
        *(f"clip.{sentence}" for sentence in ("plain", "good", "clear", "blurry")),
        "report.folder",
        "report.title",
    }


def test_a_profile_based_on_itself_or_on_nothing_is_a_sentence(tmp_path: Path) -> None:
    for name, base in {"digits": None, "a": "b", "b": "c", "c": "a", "lost": "nowhere"}.items():
        (tmp_path / f"{name}.yaml").write_text(f"based_on: {base}\n" if base else "flow: {workers: 1}\n")
    with pytest.raises(UserError, match="a, which is based on b, which is based on c, which is based on a"):
        profiles.apply(TEXT, "a", tmp_path)
    with pytest.raises(UserError, match="profile lost is based on 'nowhere', but there is no profile 'nowhere'"):
        profiles.apply(TEXT, "lost", tmp_path)


def test_a_key_that_is_there_twice_is_a_sentence() -> None:
    with pytest.raises(UserError, match="flow is there twice"):
        profiles.apply(TEXT + "flow: {workers: 2}\n", "tiny", FOLDER)


def test_a_file_without_sections_is_a_sentence_and_an_empty_section_is_filled() -> None:
    for text in ("# nothing\n", "- a\n"):
        with pytest.raises(UserError, match="holds no sections"):
            profiles.apply(text, "tiny", FOLDER)
    start = TEXT.index("flow:")
    assert yaml.safe_load(profiles.apply(TEXT[:start] + "flow:\n", "tiny", FOLDER))["flow"]["workers"] == 2


def test_values_that_would_not_be_sound_are_refused() -> None:
    own = TEXT.replace("  max_loss: 10.0", "  max_loss: -1 ")
    with pytest.raises(UserError, match=r"train\.max_loss"):
        profiles.apply(own, "tiny", FOLDER)


@pytest.mark.parametrize("name", [name for name in NAMES if "wide_shallow" in variants_of(name)])
def test_the_wide_and_shallow_variant_has_the_baseline_s_multiply_adds_within_2_percent(name: str) -> None:
    values = params.parse(profiles.apply(TEXT, name, FOLDER))
    channels = 3 if values.data.name == "cifar10" else 1
    found = [
        costs.measure(unet.build(values.architecture(variant), values.data.image_size, channels, 10, 0)).multiply_adds
        for variant in ("baseline", "wide_shallow")
    ]
    assert found[1] / found[0] == pytest.approx(1, abs=0.02)
