"""The main job on embedded defaults: a Prefect server, simulated shops and books, two tenants, one day and its rerun.

It drives everything from outside, as an integrator would: with the `boekbrug` command and over HTTP.
"""
