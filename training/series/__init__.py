"""How much will be sold in the next periods, at every level at once, where there is no pipeline to look into?"""
