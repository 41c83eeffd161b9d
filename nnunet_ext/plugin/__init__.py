"""The folder that `nnUNet_extTrainer` points at; nnU-Net looks for trainers in it by name."""
