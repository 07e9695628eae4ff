"""`python -m paramgolf`, and what torchrun starts."""

from paramgolf.cli.app import main

if __name__ == "__main__":
    main()
