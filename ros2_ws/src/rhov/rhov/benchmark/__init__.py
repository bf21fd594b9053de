"""Benchmarks of the reconstruction: suites of clips with truth, variants, tables, plots."""
