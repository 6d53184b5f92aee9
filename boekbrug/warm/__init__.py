"""Flow runs that start warm: out of a process that has imported everything already (docs/adr/0015)."""
