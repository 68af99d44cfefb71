//! The forms of the report: where they go, and that each is valid and says the same.

mod places;
