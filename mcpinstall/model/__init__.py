"""Values: frozen, checked at their parsers, with no input or output of their own."""
