"""All tests. What is set here is set before any of them imports a library, and in every process that they start."""

import os

os.environ["ORT_DISABLE_TELEMETRY"] = (
    "1"  # some import ONNX Runtime themselves, beside the adapter that does so
)
