"""`python -m equity.sample --out DIR` writes a sample city."""

from equity.sample import main

if __name__ == "__main__":
    raise SystemExit(main())
