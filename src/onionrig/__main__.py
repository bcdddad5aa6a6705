"""Run the command line as ``python -m onionrig``."""

from onionrig.cli.main import main

if __name__ == "__main__":
    main()
