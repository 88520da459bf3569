"""What the documents for contributors name is there, and nothing is left out."""

import re
from pathlib import Path

import pytest
import yaml

PROJECT = Path(__file__).parents[2]
DECISIONS = PROJECT / "docs" / "decisions"
DOCUMENTS = [PROJECT / "README.md", PROJECT / "CONTRIBUTING.md", *(PROJECT / "docs").rglob("*.md")]
ROOTS = "domain|application|adapters|entrypoints|tests|static|docker|requirements"
TARGETS = dict(re.findall(r"^([a-z]+):(.*?)(?:##.*)?$", (PROJECT / "Makefile").read_text(), re.MULTILINE))


def test_every_decision_is_in_the_index_and_no_number_is_missing() -> None:
    index = (DECISIONS / "README.md").read_text()
    listed = re.findall(r"^\| \[(\d+)\]\((\d{4}-[\w-]+\.md)\) \| (.+) \|$", index, re.MULTILINE)
    assert [int(number) for number, _, _ in listed] == list(range(1, len(listed) + 1))
    assert {file for _, file, _ in listed} == {path.name for path in DECISIONS.glob("0*.md")}
    for number, file, title in listed:
        assert file.startswith(f"{int(number):04}-")
        assert (DECISIONS / file).read_text().splitlines()[0] == f"# {number}. {title}"


def test_all_that_contributing_names_exists() -> None:
    text = (PROJECT / "CONTRIBUTING.md").read_text()
    places = set(re.findall(r"`((?:[\w.-]+/)+[\w.-]*|[\w-]+\.(?:py|md|toml))`", text))
    places |= set(re.findall(r"\]\(([^)#]+)\)", text))
    assert len(places) > 20
    missing = [
        place for place in places if not (PROJECT / place).exists() and not list(PROJECT.glob(f"*/*/{place}"))
    ]
    assert not missing
    assert set(re.findall(r"(?:^|`)make ([a-z]+)", text, re.MULTILINE)) <= set(TARGETS)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.relative_to(PROJECT).as_posix())
def test_every_file_and_module_that_a_document_names_exists(document: Path) -> None:
    """Decisions may name what is gone in lines that say "(removed)"."""
    lines = [line for line in document.read_text().splitlines() if "(removed)" not in line]
    assert not [name for name in named("\n".join(lines)) if not _exists(name)]


def test_a_name_of_something_that_does_not_exist_is_noticed() -> None:
    text = (
        "`domain/errors.py`, `adapters.onnx.library`, `python -m tests.gone`, `application/gone/`, `gone.py`"
    )
    assert [name for name in named(text) if not _exists(name)] == [
        "application/gone",
        "gone.py",
        "tests.gone",
    ]


def named(text: str) -> list[str]:
    """Paths and dotted modules of the project, and files of Python that are named without a folder."""
    found = re.findall(rf"(?<![\w./-])(?:{ROOTS})(?:/[\w.-]*\w)+", text)
    found += re.findall(
        r"(?<![\w./-])(?:domain|application|adapters|entrypoints|tests)(?:\.[a-z_]\w*)+", text
    )
    found += re.findall(r"`(\w+\.py)`", text)
    return sorted(set(found))


def _exists(name: str) -> bool:
    if name.endswith(".py"):
        return (PROJECT / name).exists() or ("/" not in name and any(PROJECT.glob(f"[a-z]*/**/{name}")))
    if "/" in name:
        return (PROJECT / name).exists() or any(PROJECT.glob(f"[a-z]*/{name}"))
    path = PROJECT / name.replace(".", "/")
    return path.is_dir() or path.with_suffix(".py").exists()


def test_the_tree_of_the_readme_has_every_package() -> None:
    readme = (PROJECT / "README.md").read_text()
    (tree,) = re.findall(r"^```\n(domain/.*?)^```$", readme, re.MULTILINE | re.DOTALL)
    shown, layer = set(), ""
    for indent, name in re.findall(r"^( *)(\w+)/", tree, re.MULTILINE):
        layer = layer if indent else name
        shown.add((layer, name))
    packages = {
        (layer, path.parent.name)
        for layer in ("application", "adapters", "entrypoints")
        for path in (PROJECT / layer).glob("*/__init__.py")
    }
    assert packages <= shown


def test_the_hooks_run_what_a_check_runs() -> None:
    (repository,) = yaml.safe_load((PROJECT / ".pre-commit-config.yaml").read_text())["repos"]
    assert repository["repo"] == "local"
    run = [hook["entry"].removeprefix("make ") for hook in repository["hooks"]]
    assert run == TARGETS["check"].split()
