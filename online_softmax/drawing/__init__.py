"""Drawing: plots and pages of what validation found, from plain values alone."""
