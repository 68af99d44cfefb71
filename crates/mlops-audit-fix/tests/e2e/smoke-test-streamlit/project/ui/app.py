import joblib
import streamlit as st
from words import told


@st.cache_resource
def load():
    return joblib.load("model.joblib")


def main():
    st.title("Flowers")
    with st.form("flower"):
        left, right = st.columns(2)
        length = left.slider("Sepal length", 0.0, 10.0, 5.0)
        width = right.number_input("Sepal width", value=3.0)
        asked = st.form_submit_button("Predict")
    if asked:
        kind = load().predict([[length, width]])[0]
        st.success(told(kind))


if __name__ == "__main__":
    main()
