"""Make every CSV file and the README's table from installed packages: `python -m datasets.make [--check]`.

With `--check` nothing is written here: the files are made in a temporary folder and compared, byte by byte.
"""

from __future__ import annotations

import csv
import hashlib
import itertools
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from . import BUNDLED

HERE = Path(__file__).parent
MARKS = "<!-- table written by make.py -->", "<!-- end of the table -->"

Row = tuple[dict, object]


def image_segments() -> Iterator[Row]:
    from river.datasets import ImageSegments

    return iter(ImageSegments())


def phishing() -> Iterator[Row]:
    from river.datasets import Phishing

    return ((x, int(y)) for x, y in Phishing())


def digits() -> Iterator[Row]:
    from sklearn.datasets import load_digits

    data = load_digits()
    for row, y in zip(data.data.astype(int), data.target, strict=True):
        yield dict(zip(data.feature_names, row.tolist(), strict=True)), int(y)


def led_drift() -> Iterator[Row]:
    from river.datasets import synth

    def display(seed: int, moved: int) -> synth.LEDDrift:
        return synth.LEDDrift(seed=seed, noise_percentage=0.1, irrelevant_features=True, n_drift_features=moved)

    stream = synth.ConceptDriftStream(display(1, 0), display(2, 4), seed=1, position=5000, width=200)
    return ((_named(x), y) for x, y in itertools.islice(stream, 10_000))


def rbf_drift() -> Iterator[Row]:
    from river.datasets import synth

    stream = synth.RandomRBFDrift(
        1, 2, n_classes=5, n_features=10, n_centroids=15, n_drift_centroids=15, change_speed=0.001
    )
    return ((_named({j: round(v, 5) for j, v in x.items()}), y) for x, y in itertools.islice(stream, 10_000))


def _named(x: dict[int, float]) -> dict[str, float]:
    return {f"x{j}": x[j] for j in sorted(x)}


UCI = "CC BY 4.0"
SOURCES: dict[str, tuple[Callable[[], Iterator[Row]], str, str]] = {
    "image_segments": (
        image_segments,
        "river `ImageSegments`: UCI Image Segmentation, U. Mass. Vision Group, 1990",
        UCI,
    ),
    "phishing": (phishing, "river `Phishing`: UCI Website Phishing, N. Abdelhamid, 2014", UCI),
    "digits": (digits, "scikit-learn `load_digits`: UCI Optical Digits (test part), Alpaydin and Kaynak, 1998", UCI),
    "led_drift": (led_drift, "river `synth.ConceptDriftStream` over two `synth.LEDDrift`", "made here, BSD-3-Clause"),
    "rbf_drift": (rbf_drift, "river `synth.RandomRBFDrift`, rounded to 5 decimals", "made here, BSD-3-Clause"),
}


def write(name: str, folder: Path) -> Path:
    """Write the stream's CSV file into `folder`; numbers as Python prints them, so no digit is lost."""
    stream, rows = BUNDLED[name], list(SOURCES[name][0]())
    counted = len(rows), len(rows[0][0]), len({y for _, y in rows})
    if counted != (stream.n_rows, stream.n_features, stream.n_classes):
        raise ValueError(f"{name} has {counted} rows, features and classes; __init__.py says otherwise")
    file = folder / stream.file
    with file.open("w", newline="") as out:
        table = csv.writer(out, lineterminator="\n")
        table.writerow([*rows[0][0], stream.target])
        table.writerows([*x.values(), y] for x, y in rows)
    return file


def readme(folder: Path) -> str:
    """The README with the table of the files in `folder`."""
    lines = ["| file | what it is | rows | features | classes | target | made from | licence | sha256 |"]
    lines.append("|" + "---|" * 9)
    for name, stream in BUNDLED.items():
        sha = hashlib.sha256((folder / stream.file).read_bytes()).hexdigest()
        counts = f"{stream.n_rows:,} | {stream.n_features} | {stream.n_classes} | `{stream.target}`"
        _, origin, licence = SOURCES[name]
        lines.append(f"| `{stream.file}` | {stream.description} | {counts} | {origin} | {licence} | `{sha}` |")
    before, rest = (HERE / "README.md").read_text().split(MARKS[0])
    return "\n".join([before + MARKS[0], *lines, MARKS[1] + rest.split(MARKS[1])[1]])


def main(check: bool) -> int:
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) if check else HERE
        made = [write(name, folder) for name in BUNDLED]
        text = readme(folder)
        if not check:
            (HERE / "README.md").write_text(text)
            return 0
        differing = [file.name for file in made if file.read_bytes() != (HERE / file.name).read_bytes()]
        if text != (HERE / "README.md").read_text():
            differing.append("README.md")
    print(f"differs: {', '.join(differing)}" if differing else "every file is as make.py makes it")
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main(check="--check" in sys.argv[1:]))
