"""What should be done about it? Pure functions with reasons: no HTTP, no database, no clock, no chance."""
