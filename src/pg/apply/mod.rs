//! Dependent joins: for each row of one plan, the rows of another that looks at it.
//!
//! What a subquery refers to outside of itself are its *keys*. `Apply` reads some thousand rows of its outer plan,
//! gives their distinct keys to the leaves of the inner plan (`scan`), runs that once for all of them, and puts its
//! rows beside the outer ones. So the outer plan runs once, whatever in it is volatile or unordered, and memory holds one
//! such portion with what belongs to it. [`super::rewrite`] makes the nodes (after Neumann and Kemper, "Unnesting
//! Arbitrary Queries", 2015, where the keys are joined with the inner plan instead).

mod exec;
mod keys;
mod node;
mod planner;

pub(crate) use self::keys::{KEYS, NUMBER, key, scan};
pub(crate) use self::node::{Apply, Kind, VALUE};
pub use self::planner::Planner;
