"""The compiled kernel and the reader of text; everything else about the build is in pyproject.toml."""

from glob import glob

from setuptools import Extension, setup

PACKAGE = "online_softmax"
MODULES = {
    "_kernel": ("buffer", "checks", "reader", "model", "bulk", "softmax", "auto"),
    "streams": ("_grid", "_text"),
}

setup(
    ext_modules=[
        Extension(
            f"{PACKAGE}.{folder}.{name}",
            [f"{PACKAGE}/{folder}/{name}.pyx"],
            depends=[*glob(f"{PACKAGE}/{folder}/*.h"), *glob(f"{PACKAGE}/{folder}/*.pxd")],
            extra_compile_args=["-O3", "-fno-math-errno", "-fno-trapping-math", "-ffp-contract=off", "-Wno-psabi"],
        )
        for folder, names in MODULES.items()
        for name in names
    ]
)
