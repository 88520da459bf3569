"""Builds docker/Dockerfile without an engine: its steps run here, its absolute paths lie in a directory."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from string import Template

from docker.utils import exclude_paths
from dockerfile_parse import DockerfileParser

PATHS = re.compile(r"(?<![\w./])/(opt|src|wheels|data|models)\b")
"""The paths that the Dockerfile makes in an image, for us to move."""

STAND_INS = {
    "python": f'exec "{sys.executable}" "$@"',
    "useradd": "exit 0",
    "chown": "exit 0",
}
"""Programs of the base image: its interpreter is ours, and making users takes root."""


def build(project: Path, dockerfile: Path, workshop: Path) -> "Image":
    """Run all instructions; finished stages stay in the workshop under their names."""
    _collect(project, workshop / "context")
    image = Image(workshop)
    with dockerfile.open("rb") as file:
        for step in DockerfileParser(fileobj=file).structure:
            STEPS[step["instruction"]](image, step["value"])
    return image


def context_files(project: Path) -> set[str]:
    """What of a project reaches the engine, by its .dockerignore."""
    patterns = (project / ".dockerignore").read_text().splitlines()
    kept: set[str] = exclude_paths(str(project), [line for line in patterns if not line.startswith("#")])
    return {path for path in kept if (project / path).is_file() and path != ".dockerignore"}


def _collect(project: Path, context: Path) -> None:
    for name in context_files(project):
        (context / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(project / name, context / name)


@dataclass
class Image:
    """What the instructions up to now have made of the stage at work.

    That stage is always at the same path, so that what it copies from another finds itself where it was made:
    environments write their own path into their scripts.
    """

    workshop: Path
    stage: str = ""
    environment: dict[str, str] = field(default_factory=dict)
    directory: Path = Path("/")
    user: str = "root"
    volumes: list[str] = field(default_factory=list)
    command: list[str] = field(default_factory=list)
    health_check: list[str] = field(default_factory=list)

    @property
    def root(self) -> Path:
        """Where its `/` is."""
        return self.workshop / "image"

    def inside(self, text: str) -> str:
        """The text with its absolute paths moved to where they are here."""
        return PATHS.sub(rf"{self.root}/\1", text)

    def begin(self, step: str) -> None:
        """FROM: put the stage before aside."""
        if self.root.exists():
            self.root.rename(self.workshop / self.stage)
        self.root.mkdir()
        programs = self.workshop / "programs"
        programs.mkdir(exist_ok=True)
        for name, script in STAND_INS.items():
            (programs / name).write_text(f"#!/bin/sh\n{script}\n")
            (programs / name).chmod(0o755)
        ours = {key: value for key, value in os.environ.items() if not key.startswith("FACE_")}
        self.environment = {**ours, "PATH": f"{programs}:{os.environ['PATH']}"}
        self.stage = step.rpartition(" AS ")[2]
        self.directory = self.root

    def run(self, step: str) -> None:
        """RUN."""
        result = subprocess.run(
            ["sh", "-ec", self.inside(step)],
            cwd=self.directory,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert result.returncode == 0, f"{step}\n{result.stderr}"

    def copy(self, step: str) -> None:
        """COPY from the context or another stage."""
        words = shlex.split(step)
        stages = [word.removeprefix("--from=") for word in words if word.startswith("--from=")]
        *sources, target = (word for word in words if not word.startswith("--"))
        base = self.workshop / (stages[0] if stages else "context")
        destination = self.directory / self.inside(target)
        for source in sources:
            path = base / source.lstrip("/")
            if path.is_dir():
                # The files of a finished stage don't change any more.
                take = os.link if stages else shutil.copy2
                shutil.copytree(path, destination, symlinks=True, copy_function=take, dirs_exist_ok=True)
            else:
                destination.mkdir(exist_ok=True)
                shutil.copy2(path, destination)

    def set_environment(self, step: str) -> None:
        """ENV."""
        for pair in shlex.split(step):
            key, value = pair.split("=", 1)
            self.environment[key] = Template(self.inside(value)).substitute(self.environment)

    def change_directory(self, step: str) -> None:
        """WORKDIR."""
        self.directory = self.directory / self.inside(step)
        self.directory.mkdir(parents=True, exist_ok=True)


def _ignore(_image: Image, _step: str) -> None:
    pass


STEPS: dict[str, Callable[[Image, str], None]] = {
    "FROM": Image.begin,
    "RUN": Image.run,
    "COPY": Image.copy,
    "ENV": Image.set_environment,
    "WORKDIR": Image.change_directory,
    "USER": lambda image, step: setattr(image, "user", step),
    "VOLUME": lambda image, step: setattr(image, "volumes", json.loads(step)),
    "CMD": lambda image, step: setattr(image, "command", json.loads(step)),
    "HEALTHCHECK": lambda image, step: setattr(image, "health_check", json.loads(step.partition("CMD ")[2])),
    "EXPOSE": _ignore,
    "COMMENT": _ignore,
}
"""By instruction; another one is an error here until somebody writes it."""
