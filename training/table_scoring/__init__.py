"""How are many rows scored at once? The same numbers as row by row, whole columns at a time."""
