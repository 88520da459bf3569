"""The command line: `python -m tests.clients FOLDER`, from the repository's root.

The generators are installed into the folder, from PyPI and npm; Java and Node have to be there. Clients are generated
from the description of a service that is started for it, and each registers and recognises a face.
"""

import shutil
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path

from tests.e2e.service import Service

HERE = Path(__file__).parent
GENERATORS = ("python", "typescript-fetch")
"""Of openapi-generator."""


def main(folder: Path) -> None:
    """Install, generate, use; the first program that fails ends it."""
    folder.mkdir(parents=True, exist_ok=True)
    for file in HERE.iterdir():
        if file.is_file() and not file.name.startswith("__"):
            shutil.copy(file, folder)
    binaries = _install(folder)
    with (
        tempfile.TemporaryDirectory() as directory,
        Service(Path(directory), {"FACE_DATABASE_URL": "memory"}) as service,
    ):
        (folder / "openapi.json").write_bytes(service.client.get("/openapi.json").content)
        _generate(folder, binaries)
        _use(folder, binaries, str(service.client.base_url).rstrip("/"))


def _install(folder: Path) -> Path:
    _run(folder, sys.executable, "-m", "venv", "venv")
    binaries = folder / "venv" / "bin"
    _run(folder, binaries / "python", "-m", "pip", "install", "--quiet", "-r", "requirements.txt")
    _run(folder, "npm", "install", "--silent", "--no-audit", "--no-fund")
    return binaries


def _generate(folder: Path, binaries: Path) -> None:
    for generator in GENERATORS:
        options = ("--additional-properties", "importFileExtension=.js") if "typescript" in generator else ()
        command = ("generate", "-i", "openapi.json", "-g", generator, "-o", generator, *options)
        _run(folder, binaries / "openapi-generator-cli", *command)
    output = ("--output-path", "openapi-python-client", "--overwrite")
    _run(folder, binaries / "openapi-python-client", "generate", "--path", "openapi.json", *output)
    _run(folder, "npx", "openapi-typescript", "openapi.json", "-o", "openapi-typescript.d.ts")
    _run(folder, "npx", "tsc", "-p", ".")


def _use(folder: Path, binaries: Path, address: str) -> None:
    skimage = find_spec("skimage")
    assert skimage is not None
    assert skimage.origin is not None
    photo = Path(skimage.origin).parent / "data" / "astronaut.png"
    for script, package in (
        ("use_openapi_generator.py", "python"),
        ("use_openapi_python_client.py", "openapi-python-client"),
    ):
        _run(folder, "env", f"PYTHONPATH={package}", binaries / "python", script, address, photo)
    for script in ("use_typescript_fetch.js", "use_openapi_typescript.js"):
        _run(folder, "node", Path("built") / script, address, photo)


def _run(folder: Path, *command: str | Path) -> None:
    sys.stdout.write(f"{' '.join(map(str, command))[:100]}\n")
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"{done.stdout[-4000:]}\n{done.stderr[-4000:]}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
