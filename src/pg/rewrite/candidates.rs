//! Which function of `pg_proc` a call means while some of its arguments have no type yet (PostgreSQL manual, 10.3).

use std::collections::HashMap;
use std::sync::LazyLock;

use super::signatures::implicit;
use crate::pg::catalog::data;
use crate::pg::catalog::index::type_cell;
use crate::pg::types;

/// The types that the arguments of a call of `name` are taken as; in `args` `None` is an argument without a type. `None`
/// when no function fits better than the others, and for those of a variable number of arguments.
pub(super) fn arguments(name: &str, args: &[Option<u32>]) -> Option<Vec<u32>> {
    let declared = declared(name).iter();
    let mut candidates: Vec<Candidate> =
        declared.filter_map(|takes| Candidate::of(takes, args)).collect();
    keep_most(&mut candidates, |candidate| candidate.count(args, |own, takes| own == takes));
    keep_most(&mut candidates, |candidate| {
        candidate.count(args, |own, takes| own == takes || is_preferred_like(own, takes))
    });
    if 1 < candidates.len() {
        by_category(&mut candidates, args);
    }
    if 1 < candidates.len() {
        by_known(&mut candidates, args);
    }
    match candidates.as_slice() {
        [one] => one.types(),
        _ => None,
    }
}

/// The argument types of all functions with that name.
fn declared(name: &str) -> &'static [Vec<u32>] {
    static BY_NAME: LazyLock<HashMap<&'static str, Vec<Vec<u32>>>> = LazyLock::new(|| {
        let pg_proc = data::table("pg_proc");
        let at = ["proname", "provariadic", "proargtypes"].map(|column| pg_proc.index(column));
        let mut by_name: HashMap<&'static str, Vec<Vec<u32>>> = HashMap::new();
        for row in data::by_oid("pg_proc").values().filter(|row| row[at[1]].oid() == 0) {
            let takes = row[at[2]].items().iter().map(|kind| kind.oid()).collect();
            by_name.entry(row[at[0]].text()).or_default().push(takes);
        }
        by_name
    });
    BY_NAME.get(name).map_or(&[], Vec::as_slice)
}

/// A function that takes the arguments whose types are known.
struct Candidate {
    takes: &'static [u32],
    /// What `anyelement` and its like stand for, where an argument tells.
    element: Option<u32>,
}

impl Candidate {
    fn of(takes: &'static [u32], args: &[Option<u32>]) -> Option<Candidate> {
        if takes.len() != args.len() {
            return None;
        }
        let mut element = None;
        for (takes, own) in takes.iter().zip(args) {
            let Some(own) = *own else { continue };
            let found = match Polymorphic::of(*takes) {
                Some(Polymorphic::Element) => Some(own),
                Some(Polymorphic::Array) => Some(types::element_of(own)?),
                Some(Polymorphic::Other) => None,
                None if own == *takes || implicit(own, *takes) => None,
                None => return None,
            };
            element = element.or(found);
        }
        Some(Candidate { takes, element })
    }

    /// How many arguments of a known type `fits` tells of.
    fn count(&self, args: &[Option<u32>], fits: impl Fn(u32, u32) -> bool) -> usize {
        let known = args.iter().zip(self.takes).filter_map(|(own, takes)| Some(((*own)?, *takes)));
        known.filter(|(own, takes)| fits(*own, *takes)).count()
    }

    /// The types it takes; `None` when nothing tells what a polymorphic one is.
    fn types(&self) -> Option<Vec<u32>> {
        let types = self.takes.iter().map(|takes| match Polymorphic::of(*takes) {
            Some(Polymorphic::Element) => self.element,
            Some(Polymorphic::Array) => types::array_of(self.element?),
            Some(Polymorphic::Other) => None,
            None => Some(*takes),
        });
        types.collect()
    }
}

/// The pseudo-types that stand for many (PostgreSQL manual, 8.21).
#[derive(Clone, Copy)]
enum Polymorphic {
    Element,
    Array,
    Other,
}

impl Polymorphic {
    fn of(oid: u32) -> Option<Polymorphic> {
        match type_cell(oid, "typname").text() {
            "anyelement" | "anynonarray" | "anycompatible" | "anycompatiblenonarray" => {
                Some(Polymorphic::Element)
            }
            "anyarray" | "anycompatiblearray" => Some(Polymorphic::Array),
            _ if category(oid) == "P" => Some(Polymorphic::Other),
            _ => None,
        }
    }
}

fn category(oid: u32) -> String {
    type_cell(oid, "typcategory").text().to_owned()
}

fn is_preferred(oid: u32) -> bool {
    type_cell(oid, "typispreferred").truth()
}

/// Whether `takes` is the preferred type of the category that `own` is of.
fn is_preferred_like(own: u32, takes: u32) -> bool {
    is_preferred(takes) && category(own) == category(takes)
}

/// Leaves those of the highest count.
fn keep_most(candidates: &mut Vec<Candidate>, count: impl Fn(&Candidate) -> usize) {
    let most = candidates.iter().map(&count).max().unwrap_or(0);
    candidates.retain(|candidate| count(candidate) == most);
}

/// Leaves those that take, where no type is known, the category that is likeliest: strings where any does, else the one
/// all agree on; within it the preferred type where any takes that. Leaves all when they do not agree.
fn by_category(candidates: &mut Vec<Candidate>, args: &[Option<u32>]) {
    let mut slots = Vec::new();
    for index in (0..args.len()).filter(|index| args.get(*index).is_some_and(Option::is_none)) {
        let takes = candidates.iter().filter_map(|candidate| candidate.takes.get(index));
        let mut found = takes.clone().map(|oid| category(*oid)).collect::<Vec<_>>();
        found.sort();
        found.dedup();
        let chosen = match found.as_slice() {
            [one] => one.clone(),
            many if many.iter().any(|category| category == "S") => "S".to_owned(),
            _ => return,
        };
        let mut within = takes.filter(|oid| category(**oid) == chosen);
        let preferred = within.any(|oid| is_preferred(*oid));
        slots.push((index, chosen, preferred));
    }
    let fits = |candidate: &Candidate| {
        slots.iter().all(|(index, chosen, preferred)| {
            candidate
                .takes
                .get(*index)
                .is_some_and(|oid| category(*oid) == *chosen && (!preferred || is_preferred(*oid)))
        })
    };
    if candidates.iter().any(fits) {
        candidates.retain(fits);
    }
}

/// Takes arguments without a type for ones of the type that all others have, if that leaves one candidate.
fn by_known(candidates: &mut Vec<Candidate>, args: &[Option<u32>]) {
    let mut known: Vec<u32> = args.iter().flatten().copied().collect();
    known.dedup();
    let [known] = known.as_slice() else { return };
    let fits = |candidate: &Candidate| {
        candidate.takes.iter().all(|takes| {
            known == takes || implicit(*known, *takes) || Polymorphic::of(*takes).is_some()
        })
    };
    if candidates.iter().filter(|candidate| fits(candidate)).count() == 1 {
        candidates.retain(fits);
    }
}

#[cfg(test)]
mod tests {
    use super::arguments;
    use crate::pg::types::{by_name, sql_name};

    #[track_caller]
    fn check(name: &str, args: &[&str], want: &str) {
        let args: Vec<Option<u32>> = args.iter().map(|arg| by_name(arg)).collect();
        let found = arguments(name, &args).unwrap_or_default();
        let names: Vec<String> = found.into_iter().map(sql_name).collect();
        assert_eq!(names.join(", "), want, "{name}({args:?})");
    }

    #[test]
    fn functions_of_unknown_arguments() {
        check("abs", &["?"], "double precision");
        check("round", &["?", "integer"], "numeric, integer");
        check("left", &["text", "?"], "text, integer");
        check("make_date", &["?", "?", "?"], "integer, integer, integer");
        check("set_config", &["?", "?", "?"], "text, text, boolean");
        check("length", &["?"], "text");
        check("substring", &["?", "integer"], "text, integer");
        check("generate_series", &["integer", "?"], "integer, integer");
        check("array_append", &["integer[]", "?"], "integer[], integer");
        check("array_position", &["?", "text"], "text[], text");
        check("power", &["numeric", "?"], "numeric, numeric");
        check("power", &["?", "?"], "double precision, double precision");
    }

    #[test]
    fn functions_that_none_is_like() {
        check("date_trunc", &["?", "?"], "");
        check("generate_series", &["?", "?"], "");
        check("array_append", &["?", "?"], "");
        check("nope", &["?"], "");
    }
}
