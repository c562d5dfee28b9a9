"""The compiled kernel; everything else about the build is in pyproject.toml."""

from glob import glob

from setuptools import Extension, setup

KERNEL = "online_softmax/_kernel"

setup(
    ext_modules=[
        Extension(
            f"online_softmax._kernel.{name}",
            [f"{KERNEL}/{name}.pyx"],
            depends=[*glob(f"{KERNEL}/*.h"), *glob(f"{KERNEL}/*.pxd")],
            extra_compile_args=["-O3", "-fno-math-errno", "-fno-trapping-math", "-ffp-contract=off", "-Wno-psabi"],
        )
        for name in ("buffer", "checks", "reader", "model", "bulk", "softmax", "auto")
    ]
)
