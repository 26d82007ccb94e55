"""The final value of trials that have not finished, with an interval whose coverage was checked."""

from sweep.curves.prediction.predict import Prediction, predict_finals

__all__ = ["Prediction", "predict_finals"]
