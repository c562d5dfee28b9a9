"""A learner without hard zeros: its probabilities mixed with 1 % of the uniform law over the classes seen so far."""

from __future__ import annotations


class Mixed:
    def __init__(self, model, share=0.01):
        self.model, self.share, self.seen = model, share, []

    def predict_proba_one(self, x):
        p = self.model.predict_proba_one(x)
        total = sum(p.values())
        floor = 1 / max(len(self.seen), 1)
        if not total > 0:
            return dict.fromkeys(self.seen, floor)
        return {y: (1 - self.share) * p.get(y, 0.0) / total + self.share * floor for y in self.seen}

    def learn_one(self, x, y):
        self.model.learn_one(x, y)
        if y not in self.seen:
            self.seen.append(y)
