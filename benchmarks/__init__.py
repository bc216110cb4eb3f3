"""How late, how fast and how idle reminderd is, next to bare programs measured in the same run.

`python -m benchmarks --help`. Figures are printed, never asserted: they say as much about the machine as about us.
"""
