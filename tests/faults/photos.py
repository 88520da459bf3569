"""Photos of people who don't resemble each other much."""

from pathlib import Path


def portraits(folder: Path, count: int) -> list[bytes]:
    """One photo each of so many people, whose folders are in this one."""
    people = sorted(person for person in folder.iterdir() if person.is_dir())
    chosen = people[:: max(1, len(people) // count)][:count]
    assert len(chosen) == count
    return [min(person.iterdir()).read_bytes() for person in chosen]
