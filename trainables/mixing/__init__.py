"""Which images a batch is made of, at any share of real ones. Start with the README beside this file."""

from trainables.mixing.counter import MixtureCounter
from trainables.mixing.order import members_of_set
from trainables.mixing.recipe import REAL, Recipe
from trainables.mixing.stream import Draw, MixedStream, Position

__all__ = ["REAL", "Draw", "MixedStream", "MixtureCounter", "Position", "Recipe", "members_of_set"]
