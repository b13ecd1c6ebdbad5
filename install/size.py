"""Say what uv is about to install: python size.py LOCK FOLDER < requirements, as exported by uv."""

import platform
import re
import sys
import tomllib
from pathlib import Path

SYSTEM = {"Linux": "linux", "Darwin": "macosx"}.get(platform.system(), "win")
MACHINES = {"aarch64": ("aarch64", "arm64"), "arm64": ("aarch64", "arm64")}
HERE = (*MACHINES.get(platform.machine(), (platform.machine(),)), "universal2")
PYTHON = f"cp3{sys.version_info.minor}"


def is_for_here(wheel: dict) -> bool:
    """Tell, by its name, whether a wheel is for this system, processor and Python."""
    python, abi, system = wheel["url"].removesuffix(".whl").split("-")[-3:]
    of_python = python == PYTHON or python.startswith("py") or abi == "abi3"
    of_system = SYSTEM in system and any(one in system for one in HERE) and "musl" not in system
    return of_python and (system == "any" or of_system)


lock, folder = sys.argv[1:]
packages = tomllib.loads(Path(lock).read_text(encoding="utf-8"))["package"]
wheels = {(one["name"], one.get("version")): one.get("wheels", []) for one in packages}
wanted = re.findall(r"^([\w.-]+)==([^\s;\\]+)", sys.stdin.read(), re.MULTILINE)
fitting = [[w["size"] for w in wheels[one] if is_for_here(w)] for one in wanted]
sizes = [min(sizes) for sizes in fitting if sizes]
print(f"Installing {len(sizes)} packages, at most {sum(sizes) / 1e6:.0f} MB to get, into {folder}")
