"""Programs that documents name and that aren't here, or would do too much: they check what they are asked for.

Run as a file under the name of the program. What has no effect outside is carried out: commands in the API's
container run here, with its folders in the working directory.
"""

import base64
import importlib
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from argparse import ArgumentParser, Namespace
from collections.abc import Mapping
from inspect import signature
from pathlib import Path

import click
import yaml

from tests.e2e.forking import SERVER, SOCKET, forked

PROJECT = Path(__file__).resolve().parents[2]
DOCKERFILE = (PROJECT / "docker" / "Dockerfile").read_text()

NO_TESTS = 5
"""pytest's exit status when there is nothing to run."""

PARSED = {
    *("serve", "serve-models", "demo", "calibrate", "calibrate-liveness", "embed-set", "index", "encryption"),
    *("evaluate", "evaluate-search", "evaluate-quality", "evaluate-liveness", "evaluate-calibration"),
}
"""Commands that have no end, need many photos or another server: only their arguments and settings are checked."""


def face_api(words: list[str]) -> None:
    """Run it, or read its arguments and settings as it would."""
    if words[0] not in PARSED and words[:2] != ["models", "pull"]:
        raise SystemExit(forked(words))
    raise SystemExit(forked(words, "tests.e2e.programs:read_command"))


def read_command() -> None:
    """Instead of the command, where it has been started."""
    from entrypoints.bootstrap.settings import load_settings  # noqa: PLC0415 (not for every program)
    from entrypoints.cli import face_api as command  # noqa: PLC0415

    load_settings()
    read(command, sys.argv[1:])


def read(command: click.Command, words: list[str]) -> None:
    """Let click read arguments, whose files have to be there, and do nothing."""
    while isinstance(command, click.Group):
        sub = command.get_command(click.Context(command), words[0])
        assert sub is not None, words[0]
        command, words = sub, words[1:]
    command.make_context(command.name, list(words))


def python(words: list[str]) -> None:
    """Read the arguments of a module of the tests, or run what isn't one."""
    if words[0] != "-m":
        raise SystemExit(subprocess.call([sys.executable, *words]))
    package = importlib.import_module(words[1])
    module = vars(
        importlib.import_module(f"{words[1]}.__main__") if hasattr(package, "__path__") else package
    )
    command = next((value for value in module.values() if isinstance(value, click.Command)), None)
    if command is not None:
        read(command, words[2:])
    else:
        signature(module["main"]).bind(*words[2:])


def make(words: list[str]) -> None:
    """Say what it would do."""
    raise SystemExit(
        subprocess.call(["make", "-n", "-C", PROJECT, *words], env={**os.environ, "PATH": os.defpath})
    )


def pytest(words: list[str]) -> None:
    """Look for the tests; in a folder, which is being run anyway, for none of them."""
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", *words]
    if folders := [word for word in words if (PROJECT / word).is_dir()]:
        command += [f"--ignore-glob={folder}/*" for folder in folders]
    status = subprocess.call(command, cwd=PROJECT)
    raise SystemExit(0 if folders and status == NO_TESTS else status)


def pip(words: list[str]) -> None:
    """Find the extras of this project."""
    extras = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    for name in re.findall(r"face-api\[(\w+)\]", " ".join(words)):
        assert name in extras, name


def openssl(words: list[str]) -> None:
    """Random bytes."""
    _, form, number = words
    known = {"-base64": base64.b64encode, "-hex": base64.b16encode}
    sys.stdout.write(known[form](os.urandom(int(number))).decode() + "\n")


def git(words: list[str]) -> None:
    """Nothing but a pull, or an empty clone."""
    assert words == ["pull"] or words[0] == "clone", words
    for folder in words[2:]:
        Path(folder).mkdir()
        Path(folder, ".venv").symlink_to(Path(".venv").absolute())


def kubectl(words: list[str]) -> None:
    """Find what is named in the manifests; a real kubectl reads what needs no cluster."""
    if "exec" in words:
        face_api(words[words.index("--") + 2 :])
        return
    folder = PROJECT / "docker" / "kubernetes"
    found = [one for path in folder.rglob("*.yaml") for one in yaml.safe_load_all(path.read_text())]
    names = {(str(one["kind"]).lower(), one["metadata"]["name"]) for one in found if "metadata" in one}
    labels = str([one["metadata"].get("labels") for one in found if "metadata" in one])
    for kind, name in re.findall(r"\b(deployment|service)/([\w-]+)", " ".join(words)):
        assert (kind, name) in names, f"{kind}/{name}"
    for label in re.findall(r"-l (\S+)=(\S+)", " ".join(words)):
        assert repr(label[0]) + ": " + repr(label[1]) in labels, label
    if "secret" in words:
        given = set(re.findall(r"--from-literal=([\w-]+)=.", " ".join(words)))
        assert given == set(
            re.findall(r"name: face-secrets, key: ([\w-]+)", (folder / "base/api.yaml").read_text())
        )
    if "-k" in words:
        assert (PROJECT / words[words.index("-k") + 1] / "kustomization.yaml").is_file()
    real = shutil.which("kubectl", path=os.defpath)
    if real and words[0] == "apply":
        raise SystemExit(subprocess.call([real, "kustomize", PROJECT / words[-1]]))
    if real and "create" in words:
        raise SystemExit(subprocess.call([real, *words, "--dry-run=client", "-o", "yaml"]))
    if "logs" in words:
        sys.stdout.write("face_\n")


def docker(words: list[str]) -> None:
    """Check what an image is run with; run what is to be run in a composition."""
    words = [word for word in words if word != "-q"]
    known = {"build": _build, "run": _run, "compose": _compose}
    if words[0] != "push":
        known[words[0]](words[1:])


def _build(words: list[str]) -> None:
    parser = ArgumentParser()
    parser.add_argument("-t", default="face-api")
    parser.add_argument("-f", required=True)
    parser.add_argument("context", choices=["."])
    given = parser.parse_args(words)
    assert (PROJECT / given.f).is_file()
    sys.stdout.write(f"{given.t}\n")


def _run(words: list[str]) -> None:
    parser = ArgumentParser()
    parser.add_argument("-d", action="store_true")
    parser.add_argument("--gpus", choices=["all"])
    parser.add_argument("--name")
    parser.add_argument("-p", required=True)
    parser.add_argument("-v", required=True)
    parser.add_argument("--stop-timeout", type=int, required=True)
    parser.add_argument("image")
    given = parser.parse_args(words)
    assert f"EXPOSE {given.p.split(':')[-1]}\n" in DOCKERFILE
    assert f'"{given.v.split(":")[1]}"' in re.findall(r"^VOLUME (.*)$", DOCKERFILE, re.MULTILINE)[0]
    assert given.stop_timeout > 35
    assert given.image.startswith("face-api")


def _compose(words: list[str]) -> None:
    parser = ArgumentParser()
    parser.add_argument("-f", default="docker/compose.yaml")
    parser.add_argument("--env-file")
    commands = parser.add_subparsers(dest="command", required=True)
    up = commands.add_parser("up")
    up.add_argument("-d", action="store_true", required=True)
    up.add_argument("--scale")
    commands.add_parser("build").add_argument("--pull", action="store_true")
    commands.add_parser("logs").add_argument("service")
    commands.add_parser("down").add_argument("--volumes", action="store_true")
    copy = commands.add_parser("cp")
    copy.add_argument("source")
    copy.add_argument("target")
    for name in ("exec", "run"):
        inside = commands.add_parser(name)
        inside.add_argument("-T", action="store_true")
        if name == "run":
            inside.add_argument("--rm", action="store_true", required=True)
            inside.add_argument("-v")
        inside.add_argument("service")
        inside.add_argument("words", nargs="...")
    given = parser.parse_args(words)
    services = yaml.safe_load((PROJECT / given.f).read_text())["services"]
    for service in (getattr(given, "service", None), (getattr(given, "scale", None) or "").split("=")[0]):
        assert not service or service in services, service
    _inside(given)


def _inside(given: Namespace) -> None:
    """What a container does; `/data` and what is mounted are in the working directory."""
    if given.command == "logs":
        sys.stdout.write("api-1  | The administrator's API key, shown this once: face_\n")
    if given.command == "cp":
        shutil.copy(given.source.partition(":/")[2], given.target)
    if given.command not in {"exec", "run"}:
        return
    if given.service == "db":
        assert given.words[0] in {"psql", "pg_dump"}
        return
    here = [re.sub(r"(?<![\w.])/(data|people)\b", r"\1", word) for word in given.words]
    raise SystemExit(subprocess.call(here, close_fds=False) if here[0] != "face-api" else forked(here[1:]))


PROGRAMS = {
    "face-api": face_api,
    "python": python,
    "python3": python,
    "make": make,
    "pytest": pytest,
    "pip": pip,
    "git": git,
    "openssl": openssl,
    "kubectl": kubectl,
    "docker": docker,
}


def install(folder: Path) -> None:
    """Put the programs into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in PROGRAMS:
        script = f'#!/bin/sh\nexec {shlex.quote(sys.executable)} {shlex.quote(__file__)} {name} "$@"\n'
        (folder / name).write_text(script)
        (folder / name).chmod(0o755)


def carry_out(
    commands: str, folder: Path, environment: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    """Let a shell run commands, with these programs in PATH."""
    inherited = [SERVER.shared()] if SERVER.used else []
    return subprocess.run(
        ["sh", "-ec", commands],
        cwd=folder,
        env={**environment, **dict(zip([SOCKET], map(str, inherited), strict=False))},
        pass_fds=inherited,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )


if __name__ == "__main__":
    sys.path[0] = str(PROJECT)
    PROGRAMS[sys.argv[1]](sys.argv[2:])
