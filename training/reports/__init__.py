"""The pages that a backtest and a training write: plots, tables, definitions and words in two languages."""
