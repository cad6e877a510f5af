"""Renew the libraries that the sample viewer's page carries, from npm.

    python scripts/vendor_web.py                    fetch the pinned versions again
    python scripts/vendor_web.py vega=6.5.0         pin another version, and fetch it

`vendor/pins.json` is the one place of versions, tarball integrity and files; a tarball with another
hash is refused. Only the named files and the licence are kept, unchanged.
"""

import base64
import hashlib
import json
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import Any

VENDOR = Path(__file__).parents[1] / "rast_bench/viewer/web/vendor"
PINS = VENDOR / "pins.json"


def main(arguments: list[str]) -> int:
    pins: dict[str, dict[str, Any]] = json.loads(PINS.read_text(encoding="utf-8"))
    for argument in arguments:
        package, equals, version = argument.partition("=")
        if not equals or package not in pins:
            print(
                f"error: {argument} is not PACKAGE=VERSION\nhint: {', '.join(pins)}",
                file=sys.stderr,
            )
            return 2
        pins[package] = {"version": version, "integrity": None, "files": pins[package]["files"]}
    for package, pin in pins.items():
        fetch(package, pin)
        print(f"{package} {pin['version']}", file=sys.stderr)
    PINS.write_text(json.dumps(pins, indent=2) + "\n", encoding="utf-8")
    return 0


def fetch(package: str, pin: dict[str, Any]) -> None:
    """Unpack the pinned files of a package; pin the integrity of a version that is new."""
    with tempfile.TemporaryDirectory() as folder:
        command = ["npm", "pack", "--silent", "--ignore-scripts", "--pack-destination", folder]
        subprocess.run(
            [*command, f"{package}@{pin['version']}"], check=True, stdout=subprocess.DEVNULL
        )
        (path,) = Path(folder).glob("*.tgz")
        digest = base64.b64encode(hashlib.sha512(path.read_bytes()).digest()).decode("ascii")
        integrity = f"sha512-{digest}"
        if pin["integrity"] not in (None, integrity):
            raise SystemExit(f"error: {package} {pin['version']} is not the pinned tarball")
        pin["integrity"] = integrity
        with tarfile.open(path) as archive:
            for member in ["LICENSE", *pin["files"]]:
                content = archive.extractfile(f"package/{member}")
                if content is None:
                    raise SystemExit(f"error: {member} of {package} is not a file")
                target = VENDOR / package / kept_name(member)
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(content.read())


def kept_name(member: str) -> str:
    """Return a file's path below its package's folder here: without build/ or dist/."""
    return member.removeprefix("build/").removeprefix("dist/")


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
