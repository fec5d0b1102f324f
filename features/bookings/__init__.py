"""What was booked, what was open, and which periods there are: reading the history for a forecast."""
