"""Reading, checking and writing of images, and the folders nnU-Net trains from."""
