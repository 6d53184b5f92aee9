"""`python -m boekbrug` is the `boekbrug` command."""

from boekbrug.cli import main

main()
