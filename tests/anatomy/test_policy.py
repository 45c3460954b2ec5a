"""A policy is kept and applied as it was found, or refused."""

import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from pipeline.anatomy import policy, rivals, shortcuts
from pipeline.anatomy.drawing import draw
from pipeline.anatomy.interventions import parse, plan
from pipeline.anatomy.policy import Policy
from pipeline.anatomy.sweep import Loop
from pipeline.data.tensors import from_network
from pipeline.diffusion import sampling, unet
from pipeline.diffusion.subject import Subject
from pipeline.errors import UserError
from tests import plain_loop

TIMESTEPS = [999, 810, 590, 400, 210, 0]
CUT = [
    {"remove": "steps", "start": 6, "count": 2},
    {"remove": "blocks", "start": 3, "count": 1, "number": 2, "fill": "cache"},
    {"remove": "skips", "start": 2, "count": 1, "numbers": [1, 3]},
    {"remove": "rest", "start": 2},
]
SEEDS = np.arange(7) + 40


def cut(**difference: object) -> Policy:
    values = {"timesteps": TIMESTEPS, "sampler": "ddpm", "clip": True, "blocks": 4, "intervention": parse(CUT)}
    return Policy(**{**values, "learnt": {"cost": 0.55, "ssim": 0.9, "seeds": 48}, **difference})


def sampled(subject: Subject, followed: Policy, seeds: np.ndarray = SEEDS, batch_size: int = 4) -> np.ndarray:
    return draw(subject, followed, seeds, seeds % 3, batch_size)


@pytest.mark.parametrize("kept", [cut(), policy.plain(TIMESTEPS, "ddim", False)], ids=["cut", "plain"])
def test_a_saved_policy_comes_back(kept: Policy, tmp_path: Path) -> None:
    kept.save(tmp_path / "folder" / "ssim-0.9.json")
    assert policy.load(tmp_path / "folder" / "ssim-0.9.json") == kept


def test_a_policy_says_how_often_the_network_is_called() -> None:
    assert cut().calls == 4, "steps 6, 4, 3 and 2"
    assert policy.plain(TIMESTEPS, "ddim", True).calls == 6


def of_steps(steps: int, blocks: int, removals: list) -> Policy:
    timesteps = list(range(steps * 10, 0, -10))
    return cut(timesteps=timesteps, blocks=blocks, intervention=parse([dict(each) for each in removals]))


@pytest.mark.parametrize(("interval", "kept"), [(2, 1), (4, 8), (5, 6)])
@pytest.mark.parametrize("end", [None, 1, 3])
def test_deepcache_is_recognised_with_and_without_an_early_end(interval: int, kept: int, end: int | None) -> None:
    removals = [each.model_dump() for each in rivals.deepcache(50, interval, kept, True)]
    if end:  # what would begin later is dropped, as the search does it
        removals = [
            {**each, "count": min(each["count"], each["start"] - end + 1)} for each in removals if each["start"] >= end
        ]
        removals.append({"remove": "rest", "start": end})
    assert of_steps(50, 9, removals).interval == interval


def test_the_search_s_own_cached_schedule_is_deepcache() -> None:
    params = SimpleNamespace(cuts=[3], rests=[1], blocks=[8])
    jumps, zeros, cached = [each for each in shortcuts.schedules(params, 50) if each]
    assert of_steps(50, 9, cached).interval == 4
    assert of_steps(50, 9, zeros).interval is None
    assert of_steps(50, 9, jumps).interval is None


CACHED = {"remove": "blocks", "number": 6, "fill": "cache"}


@pytest.mark.parametrize("removals", [
    [],
    [{**CACHED, "start": 9, "count": 9}],  # one whole call only
    [{**CACHED, "start": 9, "count": 2}, {**CACHED, "start": 6, "count": 3}, {**CACHED, "start": 2, "count": 2}],
    [{**CACHED, "start": 9, "count": 2}, {**CACHED, "start": 6, "count": 2, "number": 7}],
    [{**CACHED, "start": k, "count": 1} for k in (9, 7)] + [{"remove": "steps", "start": 6, "count": 6}],
    [{**CACHED, "start": 9, "count": 2}, {**CACHED, "start": 6, "count": 6}],
    [{"remove": "skips", "numbers": [1], "fill": "cache", "start": k, "count": 1} for k in (9, 7, 5, 3, 1)],
])  # fmt: skip
def test_what_is_not_deepcache_is_not_called_so(removals: list[dict]) -> None:
    assert of_steps(10, 9, removals).interval is None


BROKEN = {
    "unknown key": ({"colour": 1}, "colour is 1"),
    "unknown sampler": ({"sampler": "euler"}, "sampler is 'euler'.*'ddim' or 'ddpm'"),
    "word for a number": ({"blocks": "4"}, "blocks is '4'"),
    "no timesteps": ({"timesteps": []}, "timesteps is .*at least 1 item"),
    "a timestep below 0": ({"timesteps": [5, -1]}, "timesteps.1 is -1"),
    "unsound intervention": ({"intervention": [CUT[0] | {"start": 0}]}, "intervention.0.steps.start is 0"),
    "a number that is none": ({"learnt": {"cost": "x"}}, "learnt.cost is 'x'"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_policy_is_one_sentence(case: str, tmp_path: Path) -> None:
    difference, said = BROKEN[case]
    path = tmp_path / "policy.json"
    path.write_text(json.dumps(json.loads(cut().model_dump_json()) | difference))
    with pytest.raises(UserError, match=said) as refused:
        policy.load(path)
    assert str(refused.value).startswith(f"{path} is no policy: ")
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("key", ["timesteps", "sampler", "clip", "blocks", "intervention", "learnt"])
def test_a_policy_without_a_key_is_refused_in_a_short_sentence(key: str, tmp_path: Path) -> None:
    values = json.loads(policy.plain(list(range(999, -1, -1)), "ddpm", True).model_dump_json())
    del values[key]
    (tmp_path / "policy.json").write_text(json.dumps(values))
    with pytest.raises(UserError, match=key) as refused:
        policy.load(tmp_path / "policy.json")
    assert len(str(refused.value)) < 500, "no thousand timesteps in it"


@pytest.mark.parametrize(("text", "said"), [("{", "not whole"), ("[]", "is no policy"), ("null", "is no policy")])
def test_a_file_that_holds_something_else_is_one_sentence(text: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "policy.json").write_text(text)
    with pytest.raises(UserError, match=said) as refused:
        policy.load(tmp_path / "policy.json")
    assert "\n" not in str(refused.value)
    assert ":  " not in str(refused.value), "something is named"
    with pytest.raises(UserError, match="is not there"):
        policy.load(tmp_path / "none.json")


@pytest.mark.parametrize("timesteps", [[0, 500], [500, 500], [500, 1000, 0]])
def test_timesteps_that_do_not_fall_are_refused(timesteps: list[int], tmp_path: Path, variant) -> None:
    path = tmp_path / "policy.json"
    path.write_text(json.dumps(json.loads(cut(intervention=[]).model_dump_json()) | {"timesteps": timesteps}))
    with pytest.raises(UserError):
        sampled(variant(), policy.load(path))


@pytest.mark.parametrize("sampler", ["ddim", "ddpm"])
@pytest.mark.parametrize("clip", [False, True])
def test_a_plain_policy_is_the_plain_loop_bit_for_bit(variant, sampler: str, clip: bool) -> None:
    subject = variant("v", learned_variance=True)
    denoiser = unet.denoiser(subject.model, "v", subject.alpha_bar)
    expected = []
    for seeds, labels, kept in sampling.batches(SEEDS, SEEDS % 3, 4):
        of_subject = subject.device, subject.shape, TIMESTEPS, subject.alpha_bar
        *_, last = plain_loop.steps(denoiser, seeds, labels, *of_subject, sampler, clip)
        expected.append(from_network(last.x)[:kept])
    images = sampled(subject, policy.plain(TIMESTEPS, sampler, clip))
    np.testing.assert_array_equal(images, np.concatenate(expected))
    assert images.shape == (7, 8, 8, 1)


@pytest.mark.parametrize("sampler", ["ddim", "ddpm"])
def test_a_policy_with_cuts_and_an_early_end_is_the_loop_under_them(variant, sampler: str) -> None:
    subject = variant()
    loop = Loop(subject, TIMESTEPS, sampler, True, 4)
    expected = loop.final(plan(parse(CUT), 6, 4), SEEDS, SEEDS % 3)
    images = sampled(subject, cut(sampler=sampler))
    np.testing.assert_array_equal(images, subject.images(expected))
    assert (images != sampled(subject, policy.plain(TIMESTEPS, sampler, True))).any()


def test_a_plain_policy_is_for_any_network_and_one_with_cuts_for_its_own(variant) -> None:
    small, large = variant(), variant(res_blocks=2)
    plain = policy.plain(TIMESTEPS, "ddim", True)
    assert len(sampled(small, plain)) == len(sampled(large, plain)) == 7
    with pytest.raises(UserError, match="for a network of 4 blocks, but this one has 6"):
        sampled(large, cut())


def test_a_policy_for_another_noise_process_is_refused(variant) -> None:
    subject = variant()
    short = Subject(subject.model, "epsilon", subject.alpha_bar[:999], 3)
    with pytest.raises(UserError, match="6 timesteps up to 999, but they must fall without repeats from at most 998"):
        sampled(short, cut())
    short = Subject(subject.model, "epsilon", torch.cat([subject.alpha_bar, subject.alpha_bar[-1:]]), 3)
    assert len(sampled(short, cut())) == 7


def test_cuts_that_do_not_fit_the_timesteps_are_refused(variant) -> None:
    with pytest.raises(UserError, match="steps 6 to 5 are removed from"):
        sampled(variant(), cut(timesteps=TIMESTEPS[:5]))


@pytest.mark.parametrize("batch_size", [1, 3, 7, 100])
def test_as_many_images_come_as_seeds_whatever_the_batch_size(variant, batch_size: int) -> None:
    images = sampled(variant(), cut(), batch_size=batch_size)
    assert images.shape == (7, 8, 8, 1)
    assert abs(images.astype(int) - sampled(variant(), cut()).astype(int)).max() <= 1


def test_a_seed_is_the_same_image_alone_and_among_many(variant) -> None:
    np.testing.assert_array_equal(sampled(variant(), cut(), SEEDS[5:6])[0], sampled(variant(), cut())[5])


@pytest.mark.parametrize("count", [8, 7])
def test_told_is_called_with_the_images_of_every_call(variant, count: int) -> None:
    told: list[int] = []
    seeds = np.arange(count)
    draw(variant(), cut(), seeds, seeds % 3, 4, told.append)
    assert len(told) == 2 * cut().calls
    assert sum(told) == count * cut().calls
