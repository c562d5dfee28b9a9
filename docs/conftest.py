"""Pages that compare with a package run where it is installed."""

from importlib.util import find_spec

collect_ignore = [] if find_spec("vowpalwabbit") else ["coming_from/vowpal_wabbit.md"]
