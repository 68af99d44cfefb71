//! Where a project would keep its predictions: in the database that it has.

use crate::advise::Implementation;
use crate::evidence::Evidence;
use crate::extract::Facts;
use crate::extract::codebase::FileIndex;
use crate::judge::insertion::{below, below_imports, lacking};
use crate::judge::installing::add_package;

/// What keeps the rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Database {
    Postgres,
    Mongo,
}

impl Database {
    /// The database that the code talks to; `PostgreSQL` where that is none or another one of SQL.
    pub(super) fn of(facts: &Facts<'_>) -> Self {
        let files = facts.basis.codebase.files.iter().filter(|file| !file.is_test);
        let roots = files
            .flat_map(|file| &file.code.imports)
            .map(|import| import.module.split('.').next().unwrap_or_default());
        let is_of_sql = |root: &str| {
            matches!(
                root,
                "asyncpg" | "psycopg" | "psycopg2" | "sqlalchemy" | "sqlmodel"
            )
        };
        let mut is_mongo = false;
        for root in roots {
            if is_of_sql(root) {
                return Self::Postgres;
            }
            is_mongo |= matches!(root, "beanie" | "mongoengine" | "motor" | "pymongo");
        }
        if is_mongo { Self::Mongo } else { Self::Postgres }
    }

    /// Its name.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Postgres => "PostgreSQL",
            Self::Mongo => "MongoDB",
        }
    }

    /// The variable of the environment with its address.
    pub(super) const fn variable(self) -> &'static str {
        match self {
            Self::Postgres => "DATABASE_URL",
            Self::Mongo => "MONGODB_URI",
        }
    }

    /// The steps up to a function `record(inputs, prediction)` in this file.
    pub(super) fn recorder(self, facts: &Facts<'_>, file: FileIndex) -> Implementation {
        let codebase = &facts.basis.codebase;
        let place = below_imports(codebase, file);
        let start = Implementation::default();
        match self {
            Self::Postgres => start
                .run(add_package(facts, "psycopg[binary]"))
                .create(
                    format!("{}sql/predictions.sql", facts.basis.listing.project),
                    "CREATE TABLE predictions (\n    predicted_at timestamptz NOT NULL DEFAULT now(),\n    model_version text NOT NULL,\n    inputs jsonb NOT NULL,\n    prediction text NOT NULL\n);\n",
                )
                .add(
                    &place,
                    lacking(codebase, file, &["import json", "import os", "import psycopg"])
                        + "\n\ndef record(inputs, prediction):\n    with psycopg.connect(os.environ[\"DATABASE_URL\"]) as connection:\n        connection.execute(\n            \"INSERT INTO predictions (model_version, inputs, prediction) VALUES (%s, %s, %s)\",\n            (os.environ[\"MODEL_VERSION\"], json.dumps(inputs), str(prediction)),\n        )\n\n",
                ),
            Self::Mongo => start.run(add_package(facts, "pymongo")).add(
                &place,
                lacking(
                    codebase,
                    file,
                    &["import os", "from datetime import datetime, timezone", "from pymongo import MongoClient"],
                ) + "\n\ndef record(inputs, prediction):\n    rows = MongoClient(os.environ[\"MONGODB_URI\"]).get_default_database()[\"predictions\"]\n    rows.insert_one(\n        {\n            \"predicted_at\": datetime.now(timezone.utc),\n            \"model_version\": os.environ[\"MODEL_VERSION\"],\n            \"inputs\": inputs,\n            \"prediction\": str(prediction),\n        }\n    )\n\n",
            ),
        }
    }

    /// The steps that append the rows which a job writes here, with the time and the model's version.
    pub(super) fn appender(self, facts: &Facts<'_>, write: &Evidence, rows: &str) -> Implementation {
        let codebase = &facts.basis.codebase;
        let (package, import, lines) = match self {
            Self::Postgres => (
                "psycopg2-binary",
                "import pandas as pd",
                format!(
                    "{rows}.assign(predicted_at=pd.Timestamp.now(\"UTC\"), model_version=os.environ[\"MODEL_VERSION\"]).to_sql(\n    \"predictions\", os.environ[\"DATABASE_URL\"], if_exists=\"append\", index=False\n)"
                ),
            ),
            Self::Mongo => (
                "pymongo",
                "from pymongo import MongoClient",
                format!(
                    "MongoClient(os.environ[\"MONGODB_URI\"]).get_default_database()[\"predictions\"].insert_many(\n    {rows}.assign(model_version=os.environ[\"MODEL_VERSION\"]).to_dict(\"records\")\n)"
                ),
            ),
        };
        let start = Implementation::default().run(add_package(facts, package));
        let start = match codebase.position(&write.path) {
            Some(file) => {
                let imports = lacking(codebase, file, &["import os", import]);
                match imports.is_empty() {
                    true => start,
                    false => start.add(&below_imports(codebase, file), imports.trim_end()),
                }
            }
            None => start,
        };
        start.add(&below(codebase, write), lines)
    }

    /// The lines of a script that read the inputs of the last day as the list `inputs`, with their imports.
    pub(super) const fn recent_inputs(self) -> (&'static str, &'static str) {
        match self {
            Self::Postgres => (
                "",
                "rows = pd.read_sql(\n    \"SELECT inputs FROM predictions WHERE predicted_at > now() - interval '1 day'\", os.environ[\"DATABASE_URL\"]\n)\ncurrent = pd.json_normalize(rows[\"inputs\"].tolist())[list(reference.columns)]\n",
            ),
            Self::Mongo => (
                "from datetime import datetime, timedelta, timezone\n",
                "since = datetime.now(timezone.utc) - timedelta(days=1)\nrows = MongoClient(os.environ[\"MONGODB_URI\"]).get_default_database()[\"predictions\"].find({\"predicted_at\": {\"$gt\": since}})\ncurrent = pd.json_normalize([row[\"inputs\"] for row in rows])[list(reference.columns)]\n",
            ),
        }
    }
}
