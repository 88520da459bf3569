"""The processor: its name, and the instructions that decide how fast networks run on it."""

import platform
from dataclasses import dataclass
from pathlib import Path

_NOTABLE = frozenset(
    {"avx2", "avx512f", "avx512_vnni", "avx_vnni", "avx512_bf16", "amx_int8", "amx_bf16"}  # x86
    | {"asimd", "asimddp", "i8mm", "bf16", "sve"}  # ARM; asimddp is the dot product
)
_X86 = frozenset({"x86_64", "amd64"})


@dataclass(frozen=True, slots=True)
class Processor:
    """What this process may use: virtual machines hide instructions, and give processors of two ages one name."""

    name: str
    architecture: str
    """As `uname -m` says it, in lower case."""
    features: frozenset[str] = frozenset()
    """Those of some instructions that the kernel reports, by its names for them; none elsewhere than on Linux."""

    @property
    def x86(self) -> bool:
        """Whether it is one of 64 bits by Intel or AMD."""
        return self.architecture in _X86

    def __str__(self) -> str:
        return f"{self.name} ({', '.join([self.architecture, *sorted(self.features)])})"


def this_processor(root: Path = Path("/")) -> Processor:
    """The processor of this machine, from /proc/cpuinfo where there is one.

    Args:
        root: of the file system.
    """
    fields: dict[str, str] = {}
    try:
        for line in (root / "proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines():
            key, _, value = line.partition(":")
            fields.setdefault(key.strip(), value.strip())
    except OSError:
        pass
    flags = fields.get("flags") or fields.get("Features") or ""
    parts = " ".join(fields[key] for key in ("CPU implementer", "CPU part") if key in fields)
    name = fields.get("model name") or parts or platform.processor() or "unknown"
    return Processor(name[:100], platform.machine().lower(), _NOTABLE & frozenset(flags.split()))
