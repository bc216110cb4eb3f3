"""`python -m deb`: build the Debian package into dist/ and print its path."""

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from deb.build import CHECKOUT, NotBuilt, build
from reminderd import __version__


def main() -> None:
    options = _options()
    with tempfile.TemporaryDirectory(prefix="reminderd-deb-") as work:
        try:
            path = build(
                options.output,
                Path(work),
                version=options.version,
                revision=options.revision,
                python=Path("/usr/bin/python3"),
                maintainer=f"{os.environ.get('DEBFULLNAME', 'reminderd')} <{os.environ.get('DEBEMAIL', 'root@localhost')}>",
                epoch=_epoch(),
                compression=options.compression,
            )
        except NotBuilt as error:
            sys.exit(str(error))
        except subprocess.CalledProcessError as error:
            sys.exit(f"{error}\n{error.stdout or ''}{error.stderr or ''}")
    print(path)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m deb", description="Build the Debian package of reminderd.")
    parser.add_argument("--version", default=__version__, help="what the package and the program in it call themselves")
    parser.add_argument("--revision", default="1", help="of the packaging (%(default)s)")
    parser.add_argument("--output", type=Path, default=CHECKOUT / "dist", metavar="DIR")
    parser.add_argument("--compression", choices=("xz", "zstd", "none"), default="xz", help="(%(default)s)")
    return parser.parse_args()


def _epoch() -> int:
    """The time of the last commit, else $SOURCE_DATE_EPOCH must say it: the same source makes the same package."""
    given = os.environ.get("SOURCE_DATE_EPOCH")
    if given:
        return int(given)
    command = ["git", "-C", str(CHECKOUT), "log", "-1", "--format=%ct"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit("this is no git checkout: set SOURCE_DATE_EPOCH to the time of this version, in seconds")
    return int(done.stdout)


if __name__ == "__main__":
    main()
