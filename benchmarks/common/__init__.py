"""What the benchmarks and the proofs share: conditions, result lines, and Markdown."""
