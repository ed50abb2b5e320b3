//! Which function of `pg_proc` a call means while some of its arguments have no type yet (PostgreSQL manual, 10.3).

use super::signatures::{self, implicit};
use crate::pg::catalog::index::type_cell;
use crate::pg::types;

/// What is known of an argument.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Argument {
    Known(u32),
    /// It has no type and takes the one of its place.
    Untyped,
    /// It has a type that is not known yet.
    Hidden,
}

impl Argument {
    /// The type, where it is known.
    pub(super) fn known(self) -> Option<u32> {
        match self {
            Argument::Known(own) => Some(own),
            Argument::Untyped | Argument::Hidden => None,
        }
    }
}

/// The types that the arguments of a call of `name` are taken as. `None` where no function fits better than the others,
/// or they do not agree as long as a type is hidden, and for arguments of any type.
pub(super) fn arguments(name: &str, args: &[Argument]) -> Vec<Option<u32>> {
    agreed(&functions(name, args), args)
}

/// Whether several functions of that name fit equally well.
pub(super) fn is_ambiguous(name: &str, args: &[Argument]) -> bool {
    !args.contains(&Argument::Hidden) && 1 < functions(name, args).len()
}

/// The types of the operands of an operator between two.
pub(super) fn operands(symbol: &str, args: [Argument; 2]) -> Vec<Option<u32>> {
    agreed(&operators(symbol, args), &args)
}

/// Whether several operators of that symbol fit equally well.
pub(super) fn is_ambiguous_operator(symbol: &str, args: [Argument; 2]) -> bool {
    !args.contains(&Argument::Hidden) && 1 < operators(symbol, args).len()
}

fn functions(name: &str, args: &[Argument]) -> Vec<Candidate> {
    let signatures = signatures::named(name).iter();
    fitting(signatures.filter_map(|signature| signature.of_count(args.len())), args)
}

/// What has no type is first tried as one of the other's type.
fn operators(symbol: &str, args: [Argument; 2]) -> Vec<Candidate> {
    let takes = signatures::operands(symbol);
    let alike = match args {
        [Argument::Known(own), Argument::Untyped] | [Argument::Untyped, Argument::Known(own)] => {
            Some((own, own)).filter(|both| takes.contains(both))
        }
        _ => None,
    };
    let all = takes.iter().filter(|own| alike.is_none_or(|alike| alike == **own));
    fitting(all.map(|(left, right)| vec![*left, *right]), &args)
}

fn fitting(declared: impl Iterator<Item = Vec<u32>>, args: &[Argument]) -> Vec<Candidate> {
    let mut candidates: Vec<Candidate> = Vec::new();
    for candidate in declared.filter_map(|takes| Candidate::of(takes, args)) {
        // One of any number of arguments stands behind one that takes just these.
        if candidates.iter().all(|other| other.takes != candidate.takes) {
            candidates.push(candidate);
        }
    }
    if !args.contains(&Argument::Hidden) {
        select(&mut candidates, args);
    }
    candidates
}

fn agreed(candidates: &[Candidate], args: &[Argument]) -> Vec<Option<u32>> {
    let unclear = vec![None; args.len()];
    let Some((first, others)) = candidates.split_first() else { return unclear };
    if !args.contains(&Argument::Hidden) && !others.is_empty() {
        return unclear;
    }
    let own = |(index, kind): (usize, Option<u32>)| {
        kind.filter(|_| others.iter().all(|other| other.takes.get(index) == first.takes.get(index)))
    };
    first.types().into_iter().enumerate().map(own).collect()
}

/// `func_select_candidate` of PostgreSQL's parse_func.c.
fn select(candidates: &mut Vec<Candidate>, args: &[Argument]) {
    keep_most(candidates, |candidate| candidate.count(args, |own, takes| own == takes));
    keep_most(candidates, |candidate| {
        candidate.count(args, |own, takes| own == takes || is_preferred_like(own, takes))
    });
    if 1 < candidates.len() {
        by_category(candidates, args);
    }
    if 1 < candidates.len() {
        by_known(candidates, args);
    }
}

/// A function that takes the arguments whose types are known.
struct Candidate {
    takes: Vec<u32>,
    /// What `anyelement` and its like stand for, where an argument tells.
    element: Option<u32>,
}

impl Candidate {
    fn of(takes: Vec<u32>, args: &[Argument]) -> Option<Candidate> {
        if takes.len() != args.len() {
            return None;
        }
        let mut element = None;
        for (takes, own) in takes.iter().zip(args) {
            let Some(own) = own.known() else { continue };
            let found = match Polymorphic::of(*takes) {
                Some(Polymorphic::NoArray) if types::element_of(own).is_some() => return None,
                Some(Polymorphic::Element | Polymorphic::NoArray) => Some(own),
                Some(Polymorphic::Array) => Some(types::element_of(own)?),
                Some(Polymorphic::Range) if category(own) != "R" => return None,
                Some(Polymorphic::Range | Polymorphic::Other) => None,
                None if own == *takes || implicit(own, *takes) => None,
                None => return None,
            };
            element = element.or(found);
        }
        Some(Candidate { takes, element })
    }

    /// How many arguments of a known type `fits` tells of.
    fn count(&self, args: &[Argument], fits: impl Fn(u32, u32) -> bool) -> usize {
        let known = args.iter().zip(&self.takes);
        let known = known.filter_map(|(own, takes)| Some((own.known()?, *takes)));
        known.filter(|(own, takes)| fits(*own, *takes)).count()
    }

    /// The types it takes; `None` when nothing tells what a polymorphic one is.
    fn types(&self) -> Vec<Option<u32>> {
        let types = self.takes.iter().map(|takes| match Polymorphic::of(*takes) {
            Some(Polymorphic::Element | Polymorphic::NoArray) => self.element,
            Some(Polymorphic::Array) => types::array_of(self.element?),
            Some(Polymorphic::Range | Polymorphic::Other) => None,
            None => Some(*takes),
        });
        types.collect()
    }
}

/// The pseudo-types that stand for many (PostgreSQL manual, 8.21).
#[derive(Clone, Copy)]
enum Polymorphic {
    Element,
    NoArray,
    Array,
    Range,
    Other,
}

impl Polymorphic {
    fn of(oid: u32) -> Option<Polymorphic> {
        match type_cell(oid, "typname").text() {
            "anyelement" | "anycompatible" => Some(Polymorphic::Element),
            "anynonarray" | "anycompatiblenonarray" => Some(Polymorphic::NoArray),
            "anyarray" | "anycompatiblearray" => Some(Polymorphic::Array),
            "anyrange" | "anycompatiblerange" | "anymultirange" | "anycompatiblemultirange" => {
                Some(Polymorphic::Range)
            }
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
fn by_category(candidates: &mut Vec<Candidate>, args: &[Argument]) {
    let mut slots = Vec::new();
    let untyped = |index: &usize| args.get(*index) == Some(&Argument::Untyped);
    for index in (0..args.len()).filter(untyped) {
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
fn by_known(candidates: &mut Vec<Candidate>, args: &[Argument]) {
    let mut known: Vec<u32> = args.iter().filter_map(|own| own.known()).collect();
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
    use super::{Argument, arguments, is_ambiguous, is_ambiguous_operator, operands};
    use crate::pg::types::{by_name, sql_name};

    /// `?` is an argument without a type, `_` one whose type is hidden.
    #[track_caller]
    fn check(name: &str, args: &[&str], want: &str) {
        let args: Vec<Argument> = args.iter().map(|arg| argument(arg)).collect();
        assert_eq!(names(arguments(name, &args)), want, "{name}({args:?})");
    }

    #[track_caller]
    fn check_operator(left: &str, symbol: &str, right: &str, want: &str) {
        let found = operands(symbol, [argument(left), argument(right)]);
        assert_eq!(names(found), want, "{left} {symbol} {right}");
    }

    fn argument(text: &str) -> Argument {
        match text {
            "?" => Argument::Untyped,
            "_" => Argument::Hidden,
            name => Argument::Known(by_name(name).expect("a type")),
        }
    }

    fn names(found: Vec<Option<u32>>) -> String {
        let names: Vec<String> = found.into_iter().flatten().map(sql_name).collect();
        names.join(", ")
    }

    #[test]
    fn functions_of_unknown_arguments() {
        check("abs", &["?"], "double precision");
        check("round", &["?", "integer"], "numeric, integer");
        check("left", &["text", "?"], "text, integer");
        check("make_date", &["?", "?", "?"], "integer, integer, integer");
        check("make_interval", &["?", "?"], "integer, integer");
        check("set_config", &["?", "?", "?"], "text, text, boolean");
        check("length", &["?"], "text");
        check("substring", &["?", "integer"], "text, integer");
        check("generate_series", &["integer", "?"], "integer, integer");
        check("array_append", &["integer[]", "?"], "integer[], integer");
        check("array_position", &["?", "text"], "text[], text");
        check("power", &["numeric", "?"], "numeric, numeric");
        check("power", &["?", "?"], "double precision, double precision");
        check("lag", &["text", "?"], "text, integer");
        check("lag", &["text", "?", "?"], "text, integer, text");
        check("jsonb_delete", &["?", "?"], "jsonb, text");
        check("jsonb_extract_path", &["jsonb", "?", "?"], "jsonb, text, text");
    }

    #[test]
    fn functions_that_none_is_like() {
        check("date_trunc", &["?", "?"], "");
        check("generate_series", &["?", "?"], "");
        check("array_append", &["?", "?"], "");
        check("concat", &["text", "?"], "");
        check("nope", &["?"], "");
    }

    #[test]
    fn functions_of_hidden_arguments() {
        check("left", &["_", "?"], "text, integer");
        check("split_part", &["_", "?", "?"], "text, text, integer");
        check("round", &["_", "?"], "numeric, integer");
        check("lag", &["_", "?"], "integer");
        check("mod", &["_", "?"], "");
        check("age", &["_", "?"], "");
    }

    #[test]
    fn ambiguity() {
        let unknown = [Argument::Untyped; 2];
        assert!(is_ambiguous("date_trunc", &unknown));
        assert!(!is_ambiguous("left", &unknown));
        assert!(!is_ambiguous("mod", &[Argument::Hidden, Argument::Untyped]));
        assert!(!is_ambiguous("nope", &unknown));
        assert!(is_ambiguous_operator("+", [argument("date"), Argument::Untyped]));
        assert!(!is_ambiguous_operator("-", [argument("date"), Argument::Untyped]));
    }

    #[test]
    fn operators_of_unknown_operands() {
        check_operator("jsonb", "#>>", "?", "jsonb, text[]");
        check_operator("jsonb", "->", "?", "jsonb, text");
        check_operator("jsonb", "@>", "?", "jsonb, jsonb");
        check_operator("inet", "-", "?", "inet, inet");
        check_operator("?", "+", "inet", "bigint, inet");
        check_operator("bigint", "<<", "?", "bigint, integer");
        check_operator("money", "*", "?", "money, double precision");
        check_operator("bit", "||", "?", "bit varying, bit varying");
        check_operator("time without time zone", "+", "?", "time without time zone, interval");
        check_operator("date", "+", "?", "");
    }
}
