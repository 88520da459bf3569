"""The commands that measure, on real photos."""

import json
import shutil
import tomllib
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result
from PIL import Image, ImageOps

from entrypoints.cli import face_api
from tests.e2e.service import furnish


@pytest.fixture
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of an installation without downloaded models."""
    furnish(tmp_path / "data", "memory")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FACE_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("FACE_MODELS_DIR", str(tmp_path / "models"))
    return tmp_path


def run(*arguments: object, env: dict[str, str] | None = None) -> Result:
    return CliRunner().invoke(face_api, [str(argument) for argument in arguments], env=env)


@pytest.fixture
def spoof(environment: Path, assets: Path) -> tuple[Path, Path]:
    """A folder of living faces, and one of attacks of two species."""
    samples = assets / "faces" / "spoof"
    for name, target in (("real_1", "live"), ("fake_1", "attack/print"), ("fake_2", "attack/screen")):
        (environment / target).mkdir(parents=True)
        shutil.copy(samples / f"{name}.jpg", environment / target)
    return environment / "live", environment / "attack"


def test_liveness_by_species(spoof: tuple[Path, Path], assets: Path) -> None:
    live, attack = spoof
    for file in ("MiniFASNetV2.onnx", "MiniFASNetV1SE.onnx"):
        assert run("models", "add", assets / "models" / file).exit_code == 0
    result = run("evaluate-liveness", "--live", live, "--attack", attack, "--json")
    report = json.loads(result.stdout)
    assert report["apcer_by_species"] == {"print": 0, "screen": 0}
    assert (report["apcer"], report["bpcer"], report["acer"]) == (0, 0, 0)
    assert report["model"] == "minifasnet_v2+minifasnet_v1se"
    assert (report["live_undetermined"], report["attacks_undetermined"]) == (0, 0)
    text = run("evaluate-liveness", "--live", live, "--attack", attack, "--bpcer", "0.1").stdout
    assert "APCER screen" in text
    assert "the threshold for a BPCER of 10.00%" in text


def test_a_photo_that_cannot_be_judged_is_counted_apart(spoof: tuple[Path, Path], assets: Path) -> None:
    live, _ = spoof
    assert run("models", "add", assets / "models" / "MiniFASNetV2.onnx").exit_code == 0
    with Image.open(live / "real_1.jpg") as photo:
        ImageOps.exif_transpose(photo).convert("L").save(live / "grey.png")
    report = json.loads(run("evaluate-liveness", "--live", live, "--json").stdout)
    assert (report["live_photos"], report["live_undetermined"]) == (2, 1)
    assert report["live_undetermined_reasons"] == {"grey": 1}
    assert (report["bpcer"], report["apcer"], report["acer"]) == (0, None, None)
    assert "undetermined 1, grey 1" in run("evaluate-liveness", "--live", live).stdout


def many_living(folder: Path, lfw: Path, photos: int) -> Path:
    """A folder of photos of living people."""
    target = folder / "many"
    target.mkdir()
    for path in sorted((lfw / "images").glob("*/*.jpg"))[:photos]:
        shutil.copy(path, target)
    return target


def test_a_threshold_for_a_camera(
    environment: Path, spoof: tuple[Path, Path], assets: Path, lfw: Path
) -> None:
    _, attack = spoof
    for file in ("MiniFASNetV2.onnx", "MiniFASNetV1SE.onnx"):
        assert run("models", "add", assets / "models" / file).exit_code == 0
    live = many_living(environment, lfw, 60)
    result = run("calibrate-liveness", "--live", live, "--attack", attack, "--bpcer", "0.05")
    assert result.exit_code == 0, result.stderr
    written = tomllib.loads((environment / "data" / "liveness.toml").read_text())
    assert written["models"] == ["minifasnet_v2", "minifasnet_v1se"]
    assert written["bpcer"]["rate"] <= 0.05
    assert set(written["apcer"]) == {"print", "screen"}
    assert "APCER print" in result.stdout
    evaluated = json.loads(run("evaluate-liveness", "--live", live, "--attack", attack, "--json").stdout)
    assert evaluated["threshold"] == written["threshold"]
    assert evaluated["bpcer"] == pytest.approx(written["bpcer"]["rate"], abs=1e-6)
    # With one model less the threshold means something else.
    other = run("evaluate-liveness", "--live", live, env={"FACE_LIVENESS_MODELS": "minifasnet_v2"})
    assert (other.exit_code, other.stdout) == (1, "")
    assert "measured with minifasnet_v2+minifasnet_v1se, but minifasnet_v2 would judge" in other.stderr
    again = run(
        "calibrate-liveness",
        *("--live", live, "--bpcer", "0.05", "--json"),
        env={"FACE_LIVENESS_MODELS": "minifasnet_v2"},
    )
    assert again.exit_code == 0
    report = json.loads(again.stdout)
    kept = tomllib.loads((environment / "data" / "liveness.toml").read_text())
    assert report["file"] == str(environment / "data" / "liveness.toml")
    assert report["calibration"]["threshold"] == pytest.approx(kept["threshold"], abs=1e-6)
    assert "without --attack nobody knows" in again.stderr


def test_too_few_photos_make_no_threshold(environment: Path, assets: Path, lfw: Path) -> None:
    assert run("models", "add", assets / "models" / "MiniFASNetV2.onnx").exit_code == 0
    result = run("calibrate-liveness", "--live", many_living(environment, lfw, 60), "--bpcer", "0.01")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "needs at least 100 photos of living people" in result.stderr
    assert not (environment / "data" / "liveness.toml").exists()


def test_liveness_without_a_model_is_one_line(spoof: tuple[Path, Path]) -> None:
    live, attack = spoof
    result = run("evaluate-liveness", "--live", live, "--attack", attack)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.count("\n") == 1
    assert "face-api models pull minifasnet_v2" in result.stderr


def test_liveness_without_photos_is_one_line(environment: Path, assets: Path) -> None:
    assert run("models", "add", assets / "models" / "MiniFASNetV2.onnx").exit_code == 0
    (environment / "empty").mkdir()
    result = run("evaluate-liveness", "--live", environment / "empty", "--attack", environment / "empty")
    assert result.exit_code == 1
    assert "empty has no photos" in result.stderr


def test_quality_by_measure(environment: Path, lfw: Path) -> None:
    people = [folder for folder in sorted((lfw / "images").iterdir()) if len(list(folder.iterdir())) > 1]
    for folder in people[:25]:
        shutil.copytree(folder, environment / "images" / folder.name)
    vectors = environment / "vectors.npz"
    raw = np.random.default_rng(0).normal(size=(40, 128))
    np.savez(vectors, vectors=raw, person=np.arange(40) // 2)
    sets = ("--images", environment / "images", "--vectors", vectors)
    answer = json.loads(run("evaluate-quality", *sets, "--json").stdout)
    report, other = answer["sets"]
    assert (report["name"], other["name"], other["photos"]) == ("images", "vectors", 40)
    assert report["undetected"] == 0
    assert report["found"] > 0.9 > other["found"]
    assert {"combined", "embedding_norm", "pitch", "sharpness"} <= report["fnmr"].keys()
    assert all(len(curve) == len(answer["discarded"]) for curve in report["fnmr"].values())
    assert report["recognition"]["refused"] <= report["enrolment"]["refused"] < 0.1
    assert "combined" in run("evaluate-quality", "--vectors", vectors).stdout


def test_quality_without_a_set_is_one_line(environment: Path) -> None:  # noqa: ARG001
    result = run("evaluate-quality")
    assert result.exit_code == 2
    assert "at least one set" in result.stderr


def test_quality_needs_two_photos_of_somebody(environment: Path, lfw: Path) -> None:
    for folder in sorted((lfw / "images").iterdir())[:2]:
        (environment / "images" / folder.name).mkdir(parents=True)
        shutil.copy(min(folder.iterdir()), environment / "images" / folder.name)
    result = run("evaluate-quality", "--images", environment / "images")
    assert result.exit_code == 1
    assert "two photos of one of them" in result.stderr


@pytest.fixture
def mugshots(environment: Path, assets: Path) -> Path:
    """Two photos of each of 20 people, frontal and turned."""
    for folder in sorted((assets / "faces" / "mugshots").iterdir())[:20]:
        (environment / "mugshots" / folder.name).mkdir(parents=True)
        for view in ("F_0", "L45_0"):
            shutil.copy(folder / f"{view}.jpg", environment / "mugshots" / folder.name)
    return environment / "mugshots"


def test_photos_and_the_vectors_made_of_them_give_the_same_table(mugshots: Path, environment: Path) -> None:
    kept = environment / f"{mugshots.name}.npz"
    written = run("embed-set", "--images", mugshots, "--output", kept)
    assert written.exit_code == 0
    assert "40 photos of 20 people" in written.stdout
    report = json.loads(run("embed-set", "--images", mugshots, "--output", kept, "--json").stdout)
    assert (report["photos"], report["people"], report["file"]) == (40, 20, str(kept))
    tables = []
    for option, source in (("--images", mugshots), ("--vectors", kept)):
        target = environment / f"{option}.toml"
        assert run("calibrate", option, source, "--data", "20 people", "--output", target).exit_code == 0
        tables.append(target.read_text())
    assert tables[0] == tables[1]


@pytest.mark.parametrize("command", ["evaluate", "evaluate-search", "calibrate"])
@pytest.mark.usefixtures("environment")
def test_a_set_is_asked_for(command: str) -> None:
    result = run(command)
    assert result.exit_code == 2
    assert "--images FOLDER or --vectors FILE" in result.stderr


@pytest.fixture
def views(mugshots: Path) -> Path:
    """A file of groups: the view of each photo."""
    photos = sorted(path.relative_to(mugshots) for path in mugshots.glob("*/*.jpg"))
    lines = ["photo,view", *(f"{path},{'front' if path.stem == 'F_0' else 'turned'}" for path in photos)]
    groups = mugshots.parent / "groups.csv"
    groups.write_text("\n".join(lines))
    return groups


def test_verification_by_view(mugshots: Path, views: Path) -> None:
    arguments = ["evaluate", "--images", mugshots, "--groups", views, "--label", "set", "--fmr", "0.05"]
    report = json.loads(run(*arguments, "--json").stdout)
    assert [(one["name"], one["people"], one["photos"]) for one in report["sets"]] == [("mugshots", 20, 40)]
    configured, measured = report["comparisons"]
    assert (configured["configured"], configured["target_fmr"]) == (True, 1e-4)
    assert measured["fmr"]["rate"] == pytest.approx(0.05, abs=0.01)
    assert measured["fmr"]["pairs_of_people"] == 190
    of_sets, view = measured["attributes"]
    assert (of_sets["attribute"], view["attribute"]) == ("set", "view")
    assert [(group["value"], group["photos"]) for group in view["groups"]] == [("front", 20), ("turned", 20)]
    (across,) = view["across"]
    assert across["values"] == ["front", "turned"]
    assert across["fnmr"]["comparisons"] == 20
    assert view["groups"][0]["fnmr"]["rate"] is None  # nobody has two frontal photos
    assert view["false_positive_differential"].keys() >= {
        "ratio",
        "ratio_to_geometric_mean",
        "difference",
        "gini",
    }
    text = run(*arguments).stdout
    assert "front with turned" in text
    assert "too few people (0)" in text
    assert "false positive differential" in text


def test_pairs_and_groups_together(mugshots: Path) -> None:
    for photo in mugshots.glob("*/*.jpg"):
        photo.rename(photo.with_name(f"{photo.parent.name}_{1 + (photo.stem != 'F_0'):04d}.jpg"))
    groups = mugshots.parent / "people.csv"
    people = sorted(path.name for path in mugshots.iterdir())
    groups.write_text("person,half\n" + "\n".join(f"{name},{int(name) % 2}" for name in people))
    pairs = mugshots.parent / "pairs.txt"
    genuine = [f"{name} 1 2" for name in people[:4]]
    impostor = [f"{one} 1 {other} 1" for one, other in zip(people[:4], people[4:8], strict=True)]
    pairs.write_text("\n".join(["2 2", *genuine[:2], *impostor[:2], *genuine[2:], *impostor[2:]]))
    arguments = ["evaluate", "--images", mugshots, "--pairs", pairs]
    alone = run(*arguments, "--json").stdout
    assert json.loads(alone)["comparisons"] == []
    report = json.loads(run(*arguments, "--groups", groups, "--json").stdout)
    assert report["genuine_pairs"] == 4
    assert [group["people"] for group in report["comparisons"][0]["attributes"][0]["groups"]] == [10, 10]
    assert "At a similarity of" not in run(*arguments).stdout


@pytest.mark.parametrize("content", ["person,view\nNobody,front\n", "name,view\n", ""])
def test_groups_that_cannot_be_used_are_one_line(mugshots: Path, content: str) -> None:
    (mugshots.parent / "groups.csv").write_text(content)
    result = run("evaluate", "--images", mugshots, "--groups", mugshots.parent / "groups.csv")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "groups" in result.stderr.splitlines()[-1]


def test_searches_by_view(mugshots: Path, views: Path) -> None:
    result = run("evaluate-search", "--images", mugshots, "--groups", views, "--json")
    report = json.loads(result.stdout)
    assert (report["galleries"], report["half_enrolled"]["enrolled"]) == ([], 10)
    configured, measured = report["half_enrolled"]["searches"]
    assert configured["threshold"] > 0
    assert measured["fpir"]["rate"] <= 0.01
    (view,) = measured["attributes"]
    assert [(group["value"], group["people"]) for group in view["groups"]] == [("front", 20), ("turned", 20)]
    assert view["groups"][0]["tpir"]["rate"] > 0.5
