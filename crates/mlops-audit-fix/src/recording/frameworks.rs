//! Which part of MLflow follows which framework.

/// The part of MLflow that follows what is called.
pub(crate) fn flavour(target: &str) -> Option<&'static str> {
    const FLAVOURS: &[(&str, &str)] = &[
        ("imblearn", "sklearn"),
        ("keras", "keras"),
        ("lightgbm", "lightgbm"),
        ("lightning", "pytorch"),
        ("pyspark", "pyspark.ml"),
        ("pytorch_lightning", "pytorch"),
        ("sklearn", "sklearn"),
        ("statsmodels", "statsmodels"),
        ("tensorflow", "tensorflow"),
        ("xgboost", "xgboost"),
    ];
    let root = target.split('.').next().unwrap_or_default();
    FLAVOURS
        .iter()
        .find(|(known, _)| *known == root)
        .map(|(_, flavour)| *flavour)
}
