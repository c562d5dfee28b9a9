"""The notebooks run, and show what they have stored.

`python tests/test_notebooks.py` runs them and stores what they show, so that a reader sees it without running them.
"""

from __future__ import annotations

import io
import os
import re
import tempfile
from base64 import b64decode, b64encode
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from PIL import Image  # matplotlib's
from traitlets.config import Config

ROOT = Path(__file__).parent.parent
NOTEBOOKS = sorted((ROOT / "examples" / "notebooks").glob("*.ipynb"))
METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


def run(path, folder):
    """Run a notebook in a kernel of its own, which keeps its files in `folder`, and return it with what it shows."""
    notebook = nbformat.read(path, as_version=4)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    client = NotebookClient(
        notebook,
        config=Config(KernelManager={"transport": "ipc", "connection_file": str(Path(folder, "kernel"))}),
        timeout=120,
        coalesce_streams=True,
        record_timing=False,
        resources={"metadata": {"path": folder}},
    )
    client.execute(env=os.environ | dict.fromkeys(("IPYTHONDIR", "JUPYTER_DATA_DIR", "TMPDIR"), str(folder)))
    notebook.metadata = nbformat.from_dict(METADATA)
    return notebook


def shown(notebook):
    """Give what each cell shows: its plain texts, and that there is a table, of times too, or a picture."""
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            assert output.output_type in ("stream", "display_data", "execute_result"), output
            yield (
                output.get("text"),
                {kind: text if kind == "text/plain" else True for kind, text in output.get("data", {}).items()},
            )


@pytest.mark.slow
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_shows_what_it_has_stored(path, tmp_path):
    assert list(shown(run(path, tmp_path))) == list(shown(nbformat.read(path, as_version=4)))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_sound_and_of_no_machine(path):
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    assert notebook.metadata == METADATA
    assert not re.search(r"/(?:home|work|tmp|root|Users)/", path.read_text())
    assert path.stat().st_size < 400_000
    numbers = [cell.execution_count for cell in notebook.cells if cell.cell_type == "code"]
    assert numbers == [*range(1, len(numbers) + 1)]  # one run from top to bottom
    assert sum(bool(cell.get("outputs")) for cell in notebook.cells) >= 5


def with_small_pictures(notebook):
    """Give a notebook with 64 colours in each picture, which is a fourth of its bytes and looks the same."""
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            if picture := output.get("data", {}).get("image/png"):
                small = io.BytesIO()
                Image.open(io.BytesIO(b64decode(picture))).convert("RGB").quantize(64).save(small, "PNG", optimize=True)
                output.data["image/png"] = b64encode(small.getvalue()).decode()
    return notebook


if __name__ == "__main__":
    for each in NOTEBOOKS:
        with tempfile.TemporaryDirectory() as folder:
            nbformat.write(with_small_pictures(run(each, folder)), each)
