from contextlib import asynccontextmanager

import joblib
from fastapi import FastAPI
from pydantic import BaseModel, Field

models = {}


@asynccontextmanager
async def lifespan(app):
    models["iris"] = joblib.load("model.joblib")
    yield
    models.clear()


app = FastAPI(lifespan=lifespan)


class Flower(BaseModel):
    sepal_length: float = Field(gt=0, le=10)
    sepal_width: float = Field(gt=0, le=10)


@app.get("/health")
def health():
    return {"status": "ok"}


@app.post("/predict")
def predict(flower: Flower):
    label = models["iris"].predict([[flower.sepal_length, flower.sepal_width]])[0]
    return {"label": int(label)}
