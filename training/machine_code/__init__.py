"""How do loops over numbers become machine code on a machine without a compiler? `compiling` is read first."""
