"""How much did each feature move a score? Exact Shapley values of trees, and the trees as they are read back."""
