//! Nothing in an audited repository runs, escapes, exhausts or lies.

mod cases;
mod changing;
#[cfg(unix)]
mod outside;
#[cfg(unix)]
mod programs;
