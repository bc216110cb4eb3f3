"""python -m tests.systemd.scene MODULE FUNCTION: play one scene, inside of the machine; shows the journal when it fails."""

import importlib
import subprocess
import sys


def main(module: str, function: str) -> None:
    try:
        getattr(importlib.import_module(module), function)()
    except BaseException:
        subprocess.run(["journalctl", "--no-pager", "--output=short-precise", "--lines=80"], check=False)
        raise


if __name__ == "__main__":
    main(*sys.argv[1:])
