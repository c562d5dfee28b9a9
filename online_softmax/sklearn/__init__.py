"""scikit-learn's face: our models as classifiers of scikit-learn, which learn on where scikit-learn's own refuse."""

try:
    from online_softmax.sklearn.auto import AutoSoftmaxClassifier
    from online_softmax.sklearn.softmax import SoftmaxClassifier
except ImportError as error:
    if not (error.name or "").startswith(("sklearn", "scipy")):
        raise
    raise ImportError(
        "online_softmax.sklearn needs scikit-learn 1.6 or later: pip install 'online-softmax[sklearn]'"
    ) from error

__all__ = ["AutoSoftmaxClassifier", "SoftmaxClassifier"]
