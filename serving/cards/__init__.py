"""Cards: the latest record and score of every deal and customer, kept so that lists are quick."""
