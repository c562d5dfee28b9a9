"""The command line: online-softmax evaluate | compare | train | predict | columns | inspect | rounds | datasets."""

from online_softmax.cli.app import app, main
from online_softmax.cli.models import parse_model

run = main

__all__ = ["app", "main", "parse_model", "run"]
