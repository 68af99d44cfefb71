"""A file with a bit of everything."""
from __future__ import annotations

import os.path
try:
    import numpy as np
except ImportError:
    np = None
from ..a.b import c as d, e


@d.register("name", key=lambda x, *rest: x ** -1e-3)
class Trainer(d.Base, metaclass=e):
    seed: int = 5_000
    names = [f"{name!r:>{width}}" for name in d.names if name for width in (1, 2)]

    def __init__(self, model=d.Net(), *args: int, **kwargs) -> None:
        self.model, (self.left, *self.rest) = model, args
        super().__init__(**kwargs)

    async def fit(self, data):
        async with d.session() as session, open("x" "y") as file:
            while (batch := await session.next()) is not None:
                yield self.model(batch)[0:2, ...] if batch else {**kwargs, "a": not -1}
        match data:
            case {"kind": "a", **rest} if rest:
                raise ValueError("no") from None
            case [d.Point(x=0), *_] | (1 | 2 as number):
                os.environ["SEED"] = '1'
            case _:
                del data.cache, data["a"]


if __name__ == "__main__":
    global trainer
    trainer = Trainer(); trainer.fit(np.random.rand(3) @ 4 % 5 if 1 < 2 <= 3 else b"bytes")
    assert trainer.seed == 1 and 'a' not in "%s" % trainer, t"message {trainer}"
