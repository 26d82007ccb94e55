"""segsweep: how much generated data a segmentation model can be trained on."""
