"""As much of curl as the README uses, for machines that have none."""

import sys
from argparse import ArgumentParser
from pathlib import Path

import httpx


def main() -> None:
    """Send one request and print the body of the answer."""
    parser = ArgumentParser(prog="curl", allow_abbrev=False)
    parser.add_argument("-X", "--request")
    parser.add_argument("-F", "--form", action="append", default=[])
    parser.add_argument("url")
    given = parser.parse_args()
    fields = (part.split("=@", 1) for part in given.form)
    files = {name: (path, Path(path).read_bytes()) for name, path in fields}
    method = given.request or ("POST" if files else "GET")
    sys.stdout.write(httpx.request(method, given.url, files=files or None, timeout=60).text)


if __name__ == "__main__":
    main()
