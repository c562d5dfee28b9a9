"""The console script `online-softmax`, also `python -m online_softmax`."""

from __future__ import annotations

import sys
from typing import NoReturn


def main() -> None:
    """Run the command line and exit with its status."""
    try:
        from online_softmax import cli
    except ModuleNotFoundError as error:
        missing = (error.name or "").partition(".")[0]
        if missing not in ("typer", "rich"):
            raise
        _stop(f"the command line needs {missing}: pip install 'online-softmax[cli]'", 2)
    except KeyboardInterrupt:
        _stop("interrupted", 130)
    sys.exit(cli.main(*sys.argv[1:]))


def _stop(message: str, status: int) -> NoReturn:
    print(f"online-softmax: {message}", file=sys.stderr)
    sys.exit(status)


if __name__ == "__main__":
    main()
