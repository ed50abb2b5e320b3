//! A pattern ready to match.

use std::cell::Cell;
use std::fmt::Write;

use super::groups::{Builder, Captures, Part};
use super::machine::{Machine, Run};
use super::syntax::{Class, Member, Node, Options, Place, Set, parse};
use crate::error::Result;

/// A pattern ready to match.
#[derive(Debug)]
pub(super) struct Pattern {
    machine: Machine,
    root: Part,
    /// Groups that capture.
    pub(super) groups: usize,
    /// Whether something is matched that was matched before.
    refers: bool,
    /// Finds out where the first match begins, in a time that only grows with the text; `None` for what is beyond it.
    quick: Option<regex::Regex>,
}

/// A text with the places of its characters.
pub(super) struct Text<'a> {
    text: &'a str,
    chars: Vec<char>,
    /// The first byte of each character, and the end.
    bytes: Vec<usize>,
    /// What has been done on it, see [`Run`].
    steps: Cell<u64>,
}

impl<'a> Text<'a> {
    pub(super) fn new(text: &'a str) -> Text<'a> {
        let bytes = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
        Text { text, chars: text.chars().collect(), bytes, steps: Cell::new(0) }
    }

    /// How many characters there are.
    pub(super) fn len(&self) -> usize {
        self.chars.len()
    }

    /// The characters from one place to the other.
    pub(super) fn part(&self, (from, to): (usize, usize)) -> &'a str {
        let byte = |at: usize| self.bytes.get(at).copied().unwrap_or(self.text.len());
        self.text.get(byte(from)..byte(to)).unwrap_or_default()
    }
}

impl Pattern {
    /// Errors: as [`parse`].
    pub(super) fn compile(pattern: &str, options: Options) -> Result<Pattern> {
        let (node, count) = parse(pattern, options)?;
        let mut groups = vec![Node::Empty; count];
        let mut refers = false;
        collect(&node, &mut groups, &mut refers);
        let mut machine = Machine::default();
        let mut builder = Builder { machine: &mut machine, groups: &groups, parts: 0 };
        let root = builder.build(&node)?;
        let mut text = String::new();
        // What it refuses for its size is left to our own machine.
        let quick = translate(&node, &mut text).and_then(|()| regex::Regex::new(&text).ok());
        Ok(Pattern { machine, root, groups: count, refers, quick })
    }

    /// Whether the text matches anywhere.
    /// Errors: 54001 when it takes too long.
    pub(super) fn is_match(&self, text: &str) -> Result<bool> {
        match &self.quick {
            Some(quick) => Ok(quick.is_match(text)),
            None => Ok(self.find(&Text::new(text), 0)?.is_some()),
        }
    }

    /// The first match that begins at a place or after it.
    /// Errors: 54001 when it takes too long.
    pub(super) fn find(&self, text: &Text<'_>, from: usize) -> Result<Option<Captures>> {
        let run = Run::new(&self.machine, &text.chars, &text.steps);
        let mut from = from;
        if let Some(quick) = &self.quick {
            let Some(byte) = text.bytes.get(from) else { return Ok(None) };
            let Some(found) = quick.find_at(text.text, *byte) else { return Ok(None) };
            from = text.bytes.partition_point(|byte| *byte < found.start());
        }
        for start in from..=text.len() {
            let mut ends = run.ends(self.root.start, start, text.len())?;
            if !self.root.shorter() {
                ends.reverse();
            }
            for end in ends {
                let mut captures = vec![None; self.groups + 1];
                if self.root.is_plain() || self.root.dissect(&run, start, end, &mut captures)? {
                    captures[0] = Some((start, end));
                    return Ok(Some(captures));
                }
                if !self.refers {
                    break;
                }
            }
        }
        Ok(None)
    }
}

/// Finds the groups, and whether any is referred to.
fn collect(node: &Node, groups: &mut [Node], refers: &mut bool) {
    match node {
        Node::Back(_) => *refers = true,
        Node::Group { number, inner } => {
            if let Some(slot) = number.and_then(|number| groups.get_mut(number - 1)) {
                *slot = inner.as_ref().clone();
            }
            collect(inner, groups, refers);
        }
        Node::All(nodes) | Node::Any(nodes) => {
            nodes.iter().for_each(|node| collect(node, groups, refers));
        }
        Node::Repeat { inner, .. } | Node::Look { inner, .. } => collect(inner, groups, refers),
        Node::Empty | Node::One(_) | Node::At(_) => {}
    }
}

/// Writes what matches the same texts, but not always as much of them; `None` for what cannot be said.
fn translate(node: &Node, out: &mut String) -> Option<()> {
    match node {
        Node::Empty => out.push_str("(?:)"),
        Node::One(set) => written(set, out),
        Node::At(place) => out.push_str(match place {
            Place::Start { line: false } => r"\A",
            Place::Start { line: true } => "(?m:^)",
            Place::End { line: false } => r"\z",
            Place::End { line: true } => "(?m:$)",
            // What is a word's letter is not quite the same there.
            Place::WordStart | Place::WordEnd | Place::WordEdge | Place::NoWordEdge => return None,
        }),
        Node::Look { .. } | Node::Back(_) => return None,
        Node::Group { inner, .. } => {
            out.push_str("(?:");
            translate(inner, out)?;
            out.push(')');
        }
        Node::All(nodes) => nodes.iter().try_for_each(|node| translate(node, out))?,
        Node::Any(nodes) => {
            out.push_str("(?:");
            for (index, node) in nodes.iter().enumerate() {
                out.push_str(if index == 0 { "" } else { "|" });
                translate(node, out)?;
            }
            out.push(')');
        }
        Node::Repeat { inner, min, max, .. } => {
            out.push_str("(?:");
            translate(inner, out)?;
            let max = max.map(|max| max.to_string()).unwrap_or_default();
            write!(out, "){{{min},{max}}}").ok()?;
        }
    }
    Some(())
}

fn written(set: &Set, out: &mut String) {
    if let Some(c) = set.single().filter(|_| !set.folded) {
        out.push_str(&regex::escape(c.encode_utf8(&mut [0; 4])));
        return;
    }
    let mut members = String::new();
    for member in &set.members {
        match member {
            Member::Range(first, last) => {
                let (first, last) = (u32::from(*first), u32::from(*last));
                // Writing to a string cannot fail.
                let _written = write!(members, r"\u{{{first:x}}}-\u{{{last:x}}}");
            }
            Member::Class(class, negated) => {
                members.push_str(if *negated { "[^" } else { "[" });
                members.push_str(class_members(*class));
                members.push(']');
            }
        }
    }
    let negated = if set.negated { "^" } else { "" };
    let all = match members.is_empty() {
        true if set.negated => r"\u{0}-\u{10ffff}".to_owned(),
        _ => format!("{negated}{members}"),
    };
    let all = if set.newline { format!("[{all}]") } else { format!(r"[[{all}]--[\n]]") };
    out.push_str(&if set.folded { format!("(?i:{all})") } else { all });
}

fn class_members(class: Class) -> &'static str {
    match class {
        Class::Alnum => r"\p{Alphabetic}\p{N}",
        Class::Alpha => r"\p{Alphabetic}",
        Class::Blank => r"\t[\p{White_Space}--[\p{Cc}\u{a0}\u{2007}\u{202f}]]",
        Class::Cntrl => r"\p{Cc}",
        Class::Digit => "0-9",
        Class::Graph => r"[^\p{Cc}]--[\p{White_Space}--[\u{a0}\u{2007}\u{202f}]]",
        Class::Lower => r"\p{Lowercase}",
        Class::Print => r"[^\p{Cc}]",
        Class::Punct => {
            r"[^\p{Cc}\p{Alphabetic}\p{N}]--[\p{White_Space}--[\u{a0}\u{2007}\u{202f}]]"
        }
        Class::Space => r"\p{White_Space}--[\u{a0}\u{2007}\u{202f}]",
        Class::Upper => r"\p{Uppercase}",
        Class::Xdigit => "0-9a-fA-F",
        Class::Word => r"\p{Alphabetic}\p{N}_",
    }
}

/// A pattern that only finds a plain text: the text, and whether it must stand at the start and at the end.
pub(super) fn plain(pattern: &str) -> Option<(bool, String, bool)> {
    let (node, _) = parse(pattern, Options::default()).ok()?;
    let mut nodes = Vec::new();
    flat(node, &mut nodes);
    let start = Node::At(Place::Start { line: false });
    let end = Node::At(Place::End { line: false });
    let (at_start, at_end) = (nodes.first() == Some(&start), nodes.last() == Some(&end));
    let inner = nodes.get(usize::from(at_start)..nodes.len() - usize::from(at_end))?;
    let letters = inner.iter().map(|node| match node {
        Node::One(set) => set.single(),
        _ => None,
    });
    letters.collect::<Option<String>>().map(|text| (at_start, text, at_end))
}

fn flat(node: Node, out: &mut Vec<Node>) {
    match node {
        Node::Empty => {}
        Node::All(nodes) => nodes.into_iter().for_each(|node| flat(node, out)),
        Node::Group { inner, .. } => flat(*inner, out),
        other => out.push(other),
    }
}
