"""`python -m streams.cli`, the same as `thalweg`."""

from streams.cli.main import main

if __name__ == "__main__":
    main()
