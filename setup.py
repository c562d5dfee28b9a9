"""The compiled kernel, the parsers of text, and the README as an index shows it; the rest is in pyproject.toml."""

import os
import re
from glob import glob
from pathlib import Path

from Cython.Build import cythonize
from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

KERNEL = "online_softmax/_kernel"
HEADERS = glob("online_softmax/**/*.h", recursive=True) + glob("online_softmax/**/*.pxd", recursive=True)


class build(build_ext):  # noqa: N801 - setuptools calls a command by its class
    """Compile on all cores. On Windows, by clang-cl, since Microsoft's own compiler has no vectors and no 128 bits."""

    def build_extensions(self):
        if self.compiler.compiler_type == "msvc":
            self.compiler.initialize()
            self.compiler.cc = "clang-cl"
            for extension in self.extensions:
                extension.extra_compile_args = [f"/clang:{flag}" for flag in extension.extra_compile_args]
        sources = {extension.name: extension.sources for extension in cythonize(self.extensions, quiet=True)}
        for extension in self.extensions:
            extension.sources = sources[extension.name]
        self.parallel = self.parallel or os.cpu_count()
        super().build_extensions()


def description():
    """Give the README without what leads nowhere from an index of packages: its pictures, and links to files."""
    text = Path("README.md").read_text(encoding="utf-8")
    text = re.sub(r"!\[([^\]]*)\]\([^)]*\)", r"*(A picture: \1.)*", text)
    return re.sub(r"\[([^\]]*)\]\((?!https?:)[^)]*\)", r"\1", text)


setup(
    long_description=description(),
    long_description_content_type="text/markdown",
    cmdclass={"build_ext": build},
    ext_modules=[
        Extension(
            ".".join(Path(source).with_suffix("").parts),
            [source],
            include_dirs=[KERNEL],
            depends=HEADERS,
            extra_compile_args=["-O3", "-fno-math-errno", "-fno-trapping-math", "-ffp-contract=off", "-Wno-psabi"],
        )
        for source in sorted(glob("online_softmax/**/*.pyx", recursive=True))
    ],
)
