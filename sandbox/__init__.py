"""Simulators of the remote systems: strict, with books of their own, spoken to over real HTTP on loopback.

Shares no code with the shipped packages: a simulator that shares code with its connector shares its mistakes.
"""
