"""Presentation attack detection: error rates and thresholds, by ISO/IEC 30107-3."""
