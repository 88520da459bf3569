"""Answers as JSON: msgspec structs, each made of what a use case returns."""
