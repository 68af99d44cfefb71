//! The forms of the report: where they go, and that each is valid and says the same.

mod agreement;
mod badge;
mod corpus;
mod github;
mod gitlab;
mod junit;
mod places;
mod sarif;
