//! The one test binary: each further one would link DataFusion again.
#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::print_stderr,
    reason = "tests own real processes, clocks and threads, and a panic is how they report"
)]

mod it;
mod tidy;
