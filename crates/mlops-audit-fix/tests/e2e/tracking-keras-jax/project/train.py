import os

os.environ["KERAS_BACKEND"] = "jax"

import keras
import numpy as np

keras.utils.set_random_seed(42)
features = np.random.rand(64, 4)
target = features.sum(axis=1)
model = keras.Sequential([keras.layers.Dense(8, activation="relu"), keras.layers.Dense(1)])
model.compile(optimizer="adam", loss="mse", metrics=["mae"])
model.fit(features, target, epochs=3, batch_size=16, verbose=0)
loss, mae = model.evaluate(features, target, verbose=0)
print(loss, mae)
model.save("model.keras")
