"""Executors: rounds on anything that is like `concurrent.futures`: processes, Dask, Ray."""
