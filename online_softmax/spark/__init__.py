"""Spark: the same learner on Structured Streaming, merged round by round or one model a key."""

from online_softmax.spark.keyed import KeyedModels, fit_keyed
from online_softmax.spark.predicting import predict_stream
from online_softmax.spark.training import fit_stream

__all__ = ["KeyedModels", "fit_keyed", "fit_stream", "predict_stream"]
