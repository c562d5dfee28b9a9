"""A matplotlib figure that shows itself in notebooks, is the same bytes each time, and takes labels as they are."""

from __future__ import annotations

import errno
import io
import os
from functools import cache
from pathlib import Path
from threading import Lock
from typing import Any

import matplotlib
from matplotlib import figure, font_manager
from matplotlib.text import Text

from online_softmax.storage.atomic import write

# Letters that DejaVu has not are taken from the first of these that is installed and has them.
FONTS = (
    "DejaVu Sans",
    "Noto Sans CJK SC",
    "Noto Sans CJK JP",
    "Source Han Sans SC",
    "Microsoft YaHei",
    "PingFang SC",
    "Hiragino Sans",
    "Malgun Gothic",
    "WenQuanYi Zen Hei",
    "Noto Sans Devanagari",
    "Noto Sans Thai",
    "Noto Emoji",
    "Arial Unicode MS",
)
SUFFIXES = {".png": {"Software": None}, ".svg": {"Date": None, "Creator": None}}  # what would tell two days apart
DOTS = 144  # an inch, twice what a screen shows: sharp where it is dense
SALT = "online-softmax"
_salting = Lock()


class Figure(figure.Figure):
    """A matplotlib figure that needs no pyplot: a notebook shows it, and `save` writes it whole or not at all."""

    def make_plain(self) -> None:
        """Make all texts of the figure plain: no formula in them, and letters from any font that has them."""
        for text in self.findobj(Text):
            assert isinstance(text, Text)
            text.set_parse_math(False)
            text.set_usetex(False)
            text.set_fontfamily([*_fonts()])

    def settle(self) -> None:
        """Give everything its place, for good: drawn again, it is the same."""
        self.make_plain()
        self.draw_without_rendering()
        self.set_layout_engine("none")

    def to_bytes(self, suffix: str = ".png") -> bytes:
        """Return the figure as a picture, the same bytes each time."""
        file = io.BytesIO()
        with _salting:
            before = matplotlib.rcParams["svg.hashsalt"]
            matplotlib.rcParams["svg.hashsalt"] = SALT
            try:
                self.savefig(
                    file, format=suffix[1:], metadata=SUFFIXES[suffix], dpi=DOTS, facecolor=self.get_facecolor()
                )
            finally:
                matplotlib.rcParams["svg.hashsalt"] = before
        return file.getvalue()

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the figure to a file, as PNG or SVG by its suffix, whole or not at all."""
        write(path, self.to_bytes(suffix(path)))

    def _repr_png_(self) -> tuple[bytes, dict[str, Any]]:
        width, height = self.get_size_inches() * (DOTS // 2)
        return self.to_bytes(), {"width": int(width), "height": int(height)}


def suffix(path: str | os.PathLike[str]) -> str:
    """Return the suffix of a picture's file, if it is one of those that can be written."""
    found = Path(path).suffix.lower()
    if found not in SUFFIXES:
        raise ValueError(f"a plot is written as {' or '.join(SUFFIXES)}, which the file's name ends with, got {path!r}")
    if not Path(path).absolute().parent.is_dir():
        raise FileNotFoundError(errno.ENOENT, "there is no such directory", str(Path(path).parent))
    return found


def drawable(text: str) -> str:
    """Return a text with every letter that no font has as its code: \\u4e2d."""
    return "".join(letter if ord(letter) in _letters() else _code(letter) for letter in text)


def _code(letter: str) -> str:
    return f"\\u{ord(letter):04x}" if ord(letter) < 1 << 16 else f"\\U{ord(letter):08x}"


@cache
def _fonts() -> tuple[str, ...]:
    """Return which of the fonts are installed."""
    installed = {font.name for font in font_manager.fontManager.ttflist}
    return tuple(name for name in FONTS if name in installed)


@cache
def _letters() -> frozenset[int]:
    """Return the letters that one of them has."""
    paths = (font_manager.findfont(font_manager.FontProperties(family=[name])) for name in _fonts())
    return frozenset(code for path in paths for code in font_manager.get_font(path).get_charmap())
