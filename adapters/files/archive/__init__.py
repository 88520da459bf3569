"""Archives of people and faces as zip files (docs/archive.md)."""
