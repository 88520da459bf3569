"""Devices that engines run on: the words of FACE_DEVICE."""

import re
from dataclasses import dataclass
from typing import Literal

from adapters.onnx.engines.variants import EngineName

DEVICE_PATTERN = r"^(cpu|(cuda|tensorrt)(:[0-9]{1,2})?|openvino:GPU(\.[0-9]{1,2})?)$"

Kind = Literal["cpu", "cuda", "tensorrt", "openvino"]


@dataclass(frozen=True, slots=True)
class Device:
    """A device."""

    kind: Kind = "cpu"
    number: int = 0
    """Of `cuda` and `tensorrt`."""
    target: str = "CPU"
    """OpenVINO's name for it: `CPU`, `GPU`, `GPU.1`."""

    @classmethod
    def parse(cls, text: str) -> "Device":
        """From the words of FACE_DEVICE.

        Raises:
            ValueError: they name no device.
        """
        if not re.fullmatch(DEVICE_PATTERN, text):
            raise ValueError(f"{text!r} is no device")
        kind, _, which = text.partition(":")
        match kind:
            case "cuda":
                return cls("cuda", int(which or 0))
            case "tensorrt":
                return cls("tensorrt", int(which or 0))
            case "openvino":
                return cls("openvino", target=which)
            case _:
                return cls()

    def __str__(self) -> str:
        match self.kind:
            case "cpu":
                return "cpu"
            case "openvino":
                return f"openvino:{self.target}"
            case _:
                return f"{self.kind}:{self.number}"

    @property
    def engine(self) -> EngineName | None:
        """The engine that drives it; None for the processor, which any does."""
        if self.kind == "cpu":
            return None
        return "openvino" if self.kind == "openvino" else "onnxruntime"


CPU = Device()
