"""Street scenes that the package renders itself, so that a newcomer and the tests need no data.

`things.py` says what a street is made of, `street.py` what stands where, `styles.py` how it looks;
`painting.py` makes image and label of that, `cache.py` keeps them on disk.
"""

from trainables.data.scenes.painting import Scene, render_scene
from trainables.data.scenes.source import SceneSamples
from trainables.data.scenes.styles import STYLES

__all__ = ["STYLES", "Scene", "SceneSamples", "render_scene"]
