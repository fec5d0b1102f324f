"""Has the world left the model? What was usual, how much it varied, and what a week looks like beside it."""
