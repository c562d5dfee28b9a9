"""A result as a JSON file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from online_softmax.evaluation import Comparison, Result
from online_softmax.rounds import Commit
from online_softmax.storage.atomic import write


def write_json(result: Result | Comparison, path: str | Path, **conditions: Any) -> None:
    """Write a result as a JSON file, after the conditions it was found under.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from online_softmax import SoftmaxRegression, progressive_validation
    >>> from online_softmax.reports import write_json

    >>> with TemporaryDirectory() as folder:
    ...     write_json(progressive_validation("phishing", SoftmaxRegression()), f"{folder}/run.json", model="plain")
    ...     print(Path(folder, "run.json").read_text()[:42])
    {
      "model": "plain",
      "n_samples": 1250,

    """
    write_text(json_text(result, **conditions), path)


def json_text(result: Result | Comparison | Commit, **conditions: Any) -> str:
    """Return a result as JSON, after the conditions it was found under."""
    content = {**conditions, **result.to_dict(), **conditions}  # in this order, and what was asked for is not replaced
    lines = ",\n".join(f"  {json.dumps(name)}: {_compact(value)}" for name, value in content.items())
    return f"{{\n{lines}\n}}\n"


def write_text(text: str, path: str | Path) -> None:
    """Write a text as a file, whole or not at all; or into a pipe."""
    data, path = text.encode(), Path(path)
    if path.exists() and not path.is_file():
        path.write_bytes(data)
    else:
        write(path, data)


def _compact(value: Any) -> str:
    """Write a value in JSON: a list, and a dictionary of dictionaries, with a line for each item, all else on one."""
    if isinstance(value, dict) and value and all(isinstance(one, dict) for one in value.values()):
        pairs = ",\n".join(f"    {json.dumps(name)}: {json.dumps(one, allow_nan=False)}" for name, one in value.items())
        return f"{{\n{pairs}\n  }}"
    if not isinstance(value, list) or not value:
        return json.dumps(value, allow_nan=False)
    items = ",\n".join(f"    {json.dumps(item, allow_nan=False)}" for item in value)
    return f"[\n{items}\n  ]"
