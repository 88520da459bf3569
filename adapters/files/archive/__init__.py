"""Archives of people in the ZIP format: docs/archive.md."""
