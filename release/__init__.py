"""What a release is made of and tried with: see RELEASING.md."""

from pathlib import Path

ROOT = Path(__file__).parents[1]
