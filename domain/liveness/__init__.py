"""Presentation attack detection: verdicts on photos, and sessions of head movements as a state machine."""
