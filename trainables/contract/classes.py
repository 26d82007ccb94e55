"""Class names that come with a layout."""

CITYSCAPES_CLASSES = (
    "road", "sidewalk", "building", "wall", "fence", "pole", "traffic light", "traffic sign", "vegetation",
    "terrain", "sky", "person", "rider", "car", "truck", "bus", "train", "motorcycle", "bicycle",
)  # fmt: skip
"""The 19 classes of Cityscapes and BDD100K in the order of their train ids."""

SCENE_CLASSES = ("sky", "building", "road", "pavement", "tree", "car", "person")
"""The classes of the scenes that the package renders."""
