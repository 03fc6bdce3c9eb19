"""Run the command line: `python -m svcdns`."""

from svcdns.cli.main import main

main()
