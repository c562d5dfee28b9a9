"""The engine: pyspark, which is imported when it is needed."""

from __future__ import annotations

from typing import Any


def pyspark_sql() -> Any:
    """Return the module `pyspark.sql`.

    Raises
    ------
    ImportError
        If pyspark is missing, or too old.

    """
    try:
        import pyspark
        from pyspark import sql
    except ImportError as error:
        raise ImportError("Spark needs pyspark: pip install 'online-softmax[spark]'") from error
    if tuple(map(int, pyspark.__version__.split(".")[:2])) < (4, 1):
        raise ImportError(f"pyspark {pyspark.__version__} is too old: pip install 'online-softmax[spark]' has 4.1")
    return sql
