"""The paper's experiment on anyone's data: train, vote, refine, score, compare."""
