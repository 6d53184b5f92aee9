"""Speed and memory, as ratios within one run: `python -m benchmarks`. Not shipped, and no test of the suite."""
