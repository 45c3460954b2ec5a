"""The networks of a subject, side by side."""

from pathlib import Path

import pytest
import yaml

from pipeline import params
from pipeline.anatomy import networks, pooled
from pipeline.anatomy.networks import Network
from pipeline.errors import UserError
from pipeline.params import Watched


def asked(model: Path | str, replicas: int = 9) -> Watched:
    return Watched(model=str(model), prompts=["a word"], guidance=2.0, replicas=replicas, stages=[])


def models(folder: Path, *names: str, marks: str = "config.json") -> Path:
    for name in names:
        (folder / name).mkdir(parents=True, exist_ok=True)
        (folder / name / marks).write_text("{}")
    return folder


@pytest.fixture
def values() -> params.Params:
    whole = yaml.safe_load(Path("params.yaml").read_text())
    whole["compute"] |= {"device": "cpu", "threads": 2, "replica_threads": 1}
    return params.parse(yaml.safe_dump(whole))


def test_a_folder_of_networks_has_one_for_each_in_order(tmp_path: Path) -> None:
    models(tmp_path, "10", "2", "0")
    (tmp_path / "notes").mkdir()
    found = networks.of(asked(tmp_path))
    assert [Path(each.model).name for each in found] == ["0", "2", "10"]
    assert {(tuple(each.prompts), each.guidance) for each in found} == {(("a word",), 2.0)}
    assert len(networks.of(asked(tmp_path, 2))) == 2


@pytest.mark.parametrize("marks", ["config.json", "model_index.json"])
def test_a_network_or_a_pipeline_is_one_network(tmp_path: Path, marks: str) -> None:
    models(tmp_path, ".", "unet", "vae", marks=marks)
    assert [each.model for each in networks.of(asked(tmp_path))] == [tmp_path.as_posix()]


def test_a_folder_of_nothing_is_left_to_what_loads_it(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "nowhere"):
        assert [each.model for each in networks.of(asked(folder))] == [folder.as_posix()]


def test_networks_of_several_kinds_are_no_subject(tmp_path: Path) -> None:
    models(tmp_path, "0", "1", "2")
    (tmp_path / "1/config.json").write_text('{"_diffusers_version": "0.0.1"}')
    assert len(networks.of(asked(tmp_path))) == 3, "another version of a library is no other network"
    (tmp_path / "2/config.json").write_text('{"layers_per_block": 2}')
    with pytest.raises(UserError, match="differ in more than their weights, 0 and 2"):
        networks.of(asked(tmp_path))
    with pytest.raises(UserError, match="differ in more than their weights"):
        asked(tmp_path).check("subjects.mine")


def look(network: Network) -> tuple[str, int, int]:
    network.folder.mkdir()
    (network.folder / "said").write_text(Path(network.asked.model).name)
    return network.name, network.threads, network.first_seed(100, 20)


def test_each_network_has_a_folder_and_images_of_its_own(tmp_path: Path, values: params.Params) -> None:
    models(tmp_path / "model", "0", "1", "2")
    found = networks.look(look, "baseline", asked(tmp_path / "model"), values, tmp_path / "out")
    assert found == [("baseline-0", 1, 100), ("baseline-1", 1, 120), ("baseline-2", 1, 140)]
    assert [(each / "said").read_text() for each in pooled.folders(tmp_path / "out")] == ["0", "1", "2"]


def test_a_single_network_has_all_threads_and_the_name_of_the_subject(tmp_path: Path, values: params.Params) -> None:
    models(tmp_path / "model", "7")
    found = networks.look(look, "baseline", asked(tmp_path / "model"), values, tmp_path / "out")
    assert found == [("baseline", 2, 100)]


def test_the_networks_are_there_together_or_not_at_all(tmp_path: Path, values: params.Params) -> None:
    models(tmp_path / "model", "0", "1")
    (tmp_path / "out/0").mkdir(parents=True)

    def fail(network: Network) -> None:
        look(network)
        if network.place:
            raise UserError("This network cannot be read.")

    with pytest.raises(UserError, match="cannot be read"):
        networks.look(fail, "baseline", asked(tmp_path / "model"), values, tmp_path / "out")
    assert [each.name for each in (tmp_path / "out").iterdir()] == ["0"], "what was there before"
    assert not list((tmp_path / "out/0").iterdir())
