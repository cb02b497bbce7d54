"""Install MCP servers from verified bytes, after one question."""

__version__ = "0.1.0"
