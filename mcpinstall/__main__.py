"""`python -m mcpinstall`."""

from mcpinstall.cli import main

if __name__ == "__main__":
    main()
