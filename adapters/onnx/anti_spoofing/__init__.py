"""Presentation attack detection (ISO/IEC 30107) on single photos."""
