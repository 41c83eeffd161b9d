"""The `shoulderseg` command: one file a sub-command, heavy imports inside the functions."""
