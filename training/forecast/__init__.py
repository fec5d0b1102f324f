"""What will be booked? The third model from history to answer; `recipe` is read first."""
