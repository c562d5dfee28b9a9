"""Pages that compare with a package run where it is installed; what builds the site has no tests here."""

from importlib.util import find_spec

collect_ignore = ["conf.py", "_extensions"]
collect_ignore += [] if find_spec("vowpalwabbit") else ["coming_from/vowpal_wabbit.md"]
