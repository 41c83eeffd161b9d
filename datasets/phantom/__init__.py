"""A digital shoulder: procedural anatomy seen through simulated MR physics."""
