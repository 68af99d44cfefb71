import joblib
from flask import Flask, jsonify, request


def create_app():
    app = Flask(__name__)
    model = joblib.load("model.joblib")

    @app.route("/predict", methods=["POST"])
    def predict():
        form = request.form
        label = model.predict([[float(form["length"]), float(form["width"])]])[0]
        return jsonify(label=int(label))

    return app
