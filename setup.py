"""The compiled kernel and the parsers of text; everything else about the build is in pyproject.toml."""

from glob import glob
from pathlib import Path

from setuptools import Extension, setup

KERNEL = "online_softmax/_kernel"
HEADERS = glob("online_softmax/**/*.h", recursive=True) + glob("online_softmax/**/*.pxd", recursive=True)

setup(
    ext_modules=[
        Extension(
            ".".join(Path(source).with_suffix("").parts),
            [source],
            include_dirs=[KERNEL],
            depends=HEADERS,
            extra_compile_args=["-O3", "-fno-math-errno", "-fno-trapping-math", "-ffp-contract=off", "-Wno-psabi"],
        )
        for source in sorted(glob("online_softmax/**/*.pyx", recursive=True))
    ]
)
