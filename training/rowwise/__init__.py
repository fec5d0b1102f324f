"""How is one row scored in some tens of microseconds? Models laid out as flat tables that machine code runs through."""
