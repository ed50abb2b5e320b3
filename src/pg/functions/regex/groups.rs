//! What each group of a match has matched, as PostgreSQL's `regexec.c` takes a match apart: of all ways to do so the one
//! in which the first part is as long, or as short, as it prefers to be, then the second, and so on.

use super::machine::{Machine, Run, State};
use super::syntax::{Node, Prefer};
use crate::error::{Error, Result};

/// Turns of a repeated part with a reference inside, each a call inside the one before.
const TURNS_MAX: usize = 1_000;
/// Parts of a pattern, which may all be inside one another.
const PARTS_MAX: usize = 1_000;

/// A part of a pattern, in the shape a match is taken apart in (`struct subre`).
#[derive(Debug)]
pub(super) struct Part {
    kind: Kind,
    pub(super) start: State,
    prefer: Option<Prefer>,
}

#[derive(Debug)]
enum Kind {
    /// Nothing inside captures.
    Plain,
    Capture(usize, Box<Part>),
    Then(Box<Part>, Box<Part>),
    Either(Vec<Part>),
    /// As often as the bounds say what a group has matched.
    Back {
        number: usize,
        min: usize,
        max: Option<usize>,
    },
    /// Repeated, perhaps never, or with a reference inside: every turn has to be tried. `groups` are those inside.
    Turns {
        inner: Box<Part>,
        groups: Vec<usize>,
        min: usize,
        max: Option<usize>,
    },
    /// Repeated, perhaps never, without end and without references.
    Endless {
        inner: Box<Part>,
        groups: Vec<usize>,
    },
}

/// Where each group begins and ends; the whole match is group 0.
pub(super) type Captures = Vec<Option<(usize, usize)>>;

/// What a part prefers, and what is inside it.
#[derive(Debug, Clone, Copy, Default)]
struct Traits {
    prefer: Option<Prefer>,
    mixed: bool,
    captures: bool,
    refers: bool,
}

impl Traits {
    /// Of two parts in a row the first preference counts (`COMBINE`).
    fn then(self, other: Traits) -> Traits {
        let clash = matches!((self.prefer, other.prefer), (Some(one), Some(two)) if one != two);
        Traits {
            prefer: self.prefer.or(other.prefer),
            mixed: self.mixed || other.mixed || clash,
            captures: self.captures || other.captures,
            refers: self.refers || other.refers,
        }
    }

    fn messy(self) -> bool {
        self.mixed || self.captures || self.refers
    }
}

fn traits(node: &Node) -> Traits {
    match node {
        Node::Empty | Node::One(_) | Node::At(_) | Node::Look { .. } => Traits::default(),
        Node::Back(_) => Traits { refers: true, ..Traits::default() },
        Node::Group { number, inner } => {
            let inner = traits(inner);
            Traits { captures: inner.captures || number.is_some(), ..inner }
        }
        Node::All(nodes) => nodes.iter().map(traits).fold(Traits::default(), Traits::then),
        Node::Any(nodes) => {
            let longer = Traits { prefer: Some(Prefer::Longer), ..Traits::default() };
            nodes.iter().map(traits).fold(longer, Traits::then)
        }
        Node::Repeat { inner, prefer, .. } => {
            Traits { prefer: *prefer, ..Traits::default() }.then(traits(inner))
        }
    }
}

/// Takes patterns apart.
pub(super) struct Builder<'a> {
    pub(super) machine: &'a mut Machine,
    pub(super) groups: &'a [Node],
    pub(super) parts: usize,
}

impl Builder<'_> {
    fn part(&mut self, kind: Kind, node: &Node, prefer: Option<Prefer>) -> Result<Part> {
        self.parts += 1;
        if PARTS_MAX < self.parts {
            let message = "regular expression is too complex".to_owned();
            return Err(Error::InvalidRegularExpression(message));
        }
        let start = self.machine.part(node, self.groups)?;
        Ok(Part { kind, start, prefer })
    }

    /// Errors: 2201B when it gets too large.
    pub(super) fn build(&mut self, node: &Node) -> Result<Part> {
        let own = traits(node);
        if !own.captures && !own.refers {
            return self.part(Kind::Plain, node, own.prefer);
        }
        match node {
            Node::Group { number, inner } => {
                let inner = self.build(inner)?;
                let (start, prefer) = (inner.start, inner.prefer);
                let kind = match number {
                    Some(number) => Kind::Capture(*number, Box::new(inner)),
                    None => return Ok(inner),
                };
                Ok(Part { kind, start, prefer })
            }
            Node::All(nodes) => self.branch(nodes),
            Node::Any(nodes) => {
                let branches = nodes.iter().map(|node| self.build(node));
                let branches = branches.collect::<Result<Vec<Part>>>()?;
                self.part(Kind::Either(branches), node, Some(Prefer::Longer))
            }
            Node::Back(number) => {
                let kind = Kind::Back { number: *number, min: 1, max: Some(1) };
                self.part(kind, node, None)
            }
            Node::Repeat { .. } => self.repeat(node, own.prefer),
            Node::Empty | Node::One(_) | Node::At(_) | Node::Look { .. } => {
                self.part(Kind::Plain, node, None)
            }
        }
    }

    /// What comes before the first part that is not plain is one part; then that one, then the rest (`parsebranch`).
    fn branch(&mut self, nodes: &[Node]) -> Result<Part> {
        let mut plain = Traits::default();
        let mut count = 0;
        for node in nodes {
            let next = plain.then(traits(node));
            if next.messy() {
                break;
            }
            plain = next;
            count += 1;
        }
        let (before, after) = nodes.split_at(count);
        let whole = nodes.iter().map(traits).fold(Traits::default(), Traits::then);
        match (before, after) {
            ([], [one]) => self.build(one),
            ([], [one, rest @ ..]) => {
                let (one, rest) = (self.build(one)?, self.branch(rest)?);
                let kind = Kind::Then(Box::new(one), Box::new(rest));
                self.part(kind, &Node::All(nodes.to_vec()), whole.prefer)
            }
            (before, []) => self.part(Kind::Plain, &Node::All(before.to_vec()), plain.prefer),
            (before, after) => {
                let before = self.part(Kind::Plain, &Node::All(before.to_vec()), plain.prefer)?;
                let after = self.branch(after)?;
                let kind = Kind::Then(Box::new(before), Box::new(after));
                self.part(kind, &Node::All(nodes.to_vec()), whole.prefer)
            }
        }
    }

    /// A repeated part that captures or refers (the last third of `parseqatom`).
    fn repeat(&mut self, node: &Node, prefer: Option<Prefer>) -> Result<Part> {
        let Node::Repeat { inner, min, max, .. } = node else {
            return self.part(Kind::Plain, node, prefer);
        };
        let (inner, min, max) = (inner.as_ref(), *min, *max);
        if let Node::Back(number) = inner {
            return self.part(Kind::Back { number: *number, min, max }, node, prefer);
        }
        if max == Some(0) {
            return self.part(Kind::Plain, &Node::Empty, None);
        }
        if (min, max) == (1, Some(1)) {
            let part = self.build(inner)?;
            return Ok(Part { prefer, ..part });
        }
        let refers = traits(inner).refers;
        if min == 0 || refers {
            let turn = Box::new(self.build(inner)?);
            let mut groups = Vec::new();
            numbers(inner, &mut groups);
            let kind = match (refers, max) {
                (false, None) => Kind::Endless { inner: turn, groups },
                _ => Kind::Turns { inner: turn, groups, min, max },
            };
            return self.part(kind, node, prefer);
        }
        // Only the last turn's captures count, so those before it are plain.
        let (inner_again, less) = (Box::new(inner.clone()), max.map(|max| max - 1));
        let before = Node::Repeat { inner: inner_again, min: min - 1, max: less, prefer };
        let before = self.part(Kind::Plain, &before, prefer)?;
        let last = self.build(inner)?;
        self.part(Kind::Then(Box::new(before), Box::new(last)), node, prefer)
    }
}

/// The groups inside `node`.
fn numbers(node: &Node, found: &mut Vec<usize>) {
    match node {
        Node::Group { number, inner } => {
            found.extend(number);
            numbers(inner, found);
        }
        Node::All(nodes) | Node::Any(nodes) => nodes.iter().for_each(|node| numbers(node, found)),
        Node::Repeat { inner, .. } => numbers(inner, found),
        Node::Empty | Node::One(_) | Node::At(_) | Node::Look { .. } | Node::Back(_) => {}
    }
}

/// What groups matched in one turn is forgotten in the next.
fn forget(groups: &[usize], captures: &mut Captures) {
    for group in groups {
        if let Some(slot) = captures.get_mut(*group) {
            *slot = None;
        }
    }
}

impl Part {
    /// Whether the whole is to be as short as can be.
    pub(super) fn shorter(&self) -> bool {
        self.prefer == Some(Prefer::Shorter)
    }

    /// Whether captures are inside.
    pub(super) fn is_plain(&self) -> bool {
        matches!(self.kind, Kind::Plain)
    }

    /// Takes the match from one place to the other apart; `false` when the references inside do not fit.
    /// Errors: 54001 when it takes too long.
    pub(super) fn dissect(
        &self,
        run: &Run<'_>,
        from: usize,
        to: usize,
        captures: &mut Captures,
    ) -> Result<bool> {
        match &self.kind {
            Kind::Plain => Ok(true),
            Kind::Capture(number, inner) => {
                let found = inner.dissect(run, from, to, captures)?;
                if found && let Some(slot) = captures.get_mut(*number) {
                    *slot = Some((from, to));
                }
                Ok(found)
            }
            Kind::Then(first, second) => {
                let before = captures.clone();
                for middle in first.ends(run, from, to)? {
                    if run.matches(second.start, middle, to)?
                        && first.dissect(run, from, middle, captures)?
                        && second.dissect(run, middle, to, captures)?
                    {
                        return Ok(true);
                    }
                    captures.clone_from(&before);
                }
                Ok(false)
            }
            Kind::Either(parts) => {
                let before = captures.clone();
                for part in parts {
                    if run.matches(part.start, from, to)?
                        && part.dissect(run, from, to, captures)?
                    {
                        return Ok(true);
                    }
                    captures.clone_from(&before);
                }
                Ok(false)
            }
            Kind::Back { number, min, max } => {
                let Some(Some((start, end))) = captures.get(*number) else { return Ok(false) };
                let text = run.text();
                let (Some(known), Some(here)) = (text.get(*start..*end), text.get(from..to)) else {
                    return Ok(false);
                };
                if known.is_empty() {
                    return Ok(here.is_empty());
                }
                let count = here.len() / known.len();
                let fits = here.len() % known.len() == 0
                    && *min <= count
                    && max.is_none_or(|max| count <= max);
                Ok(fits && here.chunks(known.len()).all(|turn| turn == known))
            }
            Kind::Turns { inner, groups, min: 0, .. } | Kind::Endless { inner, groups }
                if from == to =>
            {
                // One that prefers to be short is not even tried.
                if !inner.shorter() && run.matches(inner.start, from, to)? {
                    let before = captures.clone();
                    forget(groups, captures);
                    if inner.dissect(run, from, to, captures)? {
                        return Ok(true);
                    }
                    captures.clone_from(&before);
                }
                Ok(true)
            }
            Kind::Endless { inner, groups } => {
                let Some((start, end)) = inner.last_turn(run, from, to)? else { return Ok(false) };
                forget(groups, captures);
                inner.dissect(run, start, end, captures)
            }
            Kind::Turns { inner, groups, min, max } => {
                let bounds = ((*min).max(1), max.unwrap_or(usize::MAX));
                inner.turns(run, (from, to), (0, bounds), (groups, captures))
            }
        }
    }

    /// The places where the part can end, those it prefers first.
    fn ends(&self, run: &Run<'_>, from: usize, limit: usize) -> Result<Vec<usize>> {
        let mut ends = run.ends(self.start, from, limit)?;
        if !self.shorter() {
            ends.reverse();
        }
        Ok(ends)
    }

    /// The last of the turns of this part that match from one place to the other: each is as the part prefers, as long
    /// as others can match what is left.
    fn last_turn(&self, run: &Run<'_>, from: usize, to: usize) -> Result<Option<(usize, usize)>> {
        // Where turns can end that come from each place, the preferred ones first, if others lead on from there.
        let mut ways: Vec<Option<usize>> = vec![None; to - from];
        for place in (from..to).rev() {
            let leads_on =
                |end: &usize| *end == to || ways.get(*end - from).is_some_and(Option::is_some);
            let ends = self.ends(run, place, to)?;
            let way = ends.into_iter().filter(|end| place < *end).find(leads_on);
            if let Some(slot) = ways.get_mut(place - from) {
                *slot = way;
            }
        }
        let (mut start, mut end) = (from, from);
        while end < to {
            start = end;
            match ways.get(start - from).copied().flatten() {
                Some(way) => end = way,
                None => return Ok(None),
            }
        }
        Ok(Some((start, end)))
    }

    /// Turns of this part that together match `span`; `done` of them came before it.
    fn turns(
        &self,
        run: &Run<'_>,
        (from, to): (usize, usize),
        (done, (min, max)): (usize, (usize, usize)),
        (groups, captures): (&[usize], &mut Captures),
    ) -> Result<bool> {
        if from == to && min <= done {
            return Ok(true);
        }
        if max <= done {
            return Ok(false);
        }
        if TURNS_MAX < done {
            let message = "regular expression is too complex for this text".to_owned();
            return Err(Error::StatementTooComplex(message));
        }
        let before = captures.clone();
        for end in self.ends(run, from, to)? {
            // A turn that matches nothing is only good to make up their number.
            let idle = end == from && min <= done;
            forget(groups, captures);
            if !idle
                && self.dissect(run, from, end, captures)?
                && self.turns(run, (end, to), (done + 1, (min, max)), (groups, captures))?
            {
                return Ok(true);
            }
            captures.clone_from(&before);
        }
        Ok(false)
    }
}
