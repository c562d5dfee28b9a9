"""Listing: the streams that come with the package."""

from __future__ import annotations

from dataclasses import asdict

from online_softmax.cli.output import Printer, json_lines
from online_softmax.datasets import BUNDLED, path

HEADER = ("name", "n_rows", "n_features", "n_classes", "target", "description", "file")


def print_datasets(printer: Printer) -> None:
    """Print what the bundled streams are."""
    streams = [asdict(one) | {"file": str(path(name))} for name, one in BUNDLED.items()]
    printer.put_json(json_lines([{name: one[name] for name in HEADER} for one in streams]))
    printer.put_csv(HEADER, streams)
    if printer.has_table:
        width = max(map(len, BUNDLED))
        print(f"{'name':{width}}  {'rows':>7}  {'features':>8}  {'classes':>7}  description")
        for one in BUNDLED.values():
            print(f"{one.name:{width}}  {one.n_rows:>7,}  {one.n_features:>8,}  {one.n_classes:>7,}  {one.description}")
