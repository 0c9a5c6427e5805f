"""``python -m rubricate`` is the ``rubricate`` command."""

from rubricate.cli import main

if __name__ == "__main__":
    main()
