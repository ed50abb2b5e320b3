//! Where a part of a regular expression can end, from a given place on: all places at once, by a machine that is in
//! several states at a time. Its work grows with the text's length times the pattern's, never faster.

use std::cell::{Cell, RefCell};

use super::syntax::{Class, Node, Place, Set};
use crate::error::{Error, Result};
use crate::pg::interrupt;

/// States of a pattern at most: bounds inside bounds multiply.
const STATES_MAX: usize = 100_000;
/// States visited for one text at most: so many, about a second of work that nothing can stop, and so many for each of
/// its characters, which any number of matches one after another stays far below.
const STEPS_MAX: u64 = 2_000_000;
const CHARACTER_STEPS_MAX: u64 = 200;

/// Whether the statement was cancelled is looked at with the first and after so many.
const CHECK_STEPS: u64 = 16_384;
/// What it costs to begin a walk, in states.
const WALK_STEPS: u64 = 4;

/// The number of a state.
pub(super) type State = usize;

#[derive(Debug)]
enum Step {
    One(Set, State),
    Both(State, State),
    At(Place, State),
    Look {
        ahead: bool,
        negated: bool,
        inner: State,
        next: State,
    },
    Goto(State),
    /// The end of the part it belongs to.
    Accept,
}

/// The states of a pattern's parts.
#[derive(Debug, Default)]
pub(super) struct Machine {
    steps: Vec<Step>,
}

impl Machine {
    /// Adds a part of its own. `groups` are what references repeat.
    /// Errors: 2201B when there are too many states.
    pub(super) fn part(&mut self, node: &Node, groups: &[Node]) -> Result<State> {
        let accept = self.add(Step::Accept)?;
        self.node(node, accept, groups)
    }

    fn add(&mut self, step: Step) -> Result<State> {
        if STATES_MAX <= self.steps.len() {
            let message = "regular expression is too complex".to_owned();
            return Err(Error::InvalidRegularExpression(message));
        }
        self.steps.push(step);
        Ok(self.steps.len() - 1)
    }

    /// The first state of `node`, after which comes `next`.
    fn node(&mut self, node: &Node, next: State, groups: &[Node]) -> Result<State> {
        match node {
            Node::Empty => Ok(next),
            Node::One(set) => self.add(Step::One(set.clone(), next)),
            Node::At(place) => self.add(Step::At(*place, next)),
            Node::Look { ahead, negated, inner } => {
                let inner = self.part(inner, groups)?;
                self.add(Step::Look { ahead: *ahead, negated: *negated, inner, next })
            }
            // Whatever the group could match in any place; what it did match is compared afterwards.
            Node::Back(number) => match groups.get(number - 1) {
                Some(group) => self.node(&anywhere(group), next, groups),
                None => Ok(next),
            },
            Node::Group { inner, .. } => self.node(inner, next, groups),
            Node::All(nodes) => {
                nodes.iter().rev().try_fold(next, |next, node| self.node(node, next, groups))
            }
            Node::Any(nodes) => {
                let mut branches = Vec::with_capacity(nodes.len());
                for node in nodes {
                    branches.push(self.node(node, next, groups)?);
                }
                let first = branches.pop().unwrap_or(next);
                branches.into_iter().try_fold(first, |all, one| self.add(Step::Both(one, all)))
            }
            Node::Repeat { inner, min, max, .. } => {
                let mut start = match max {
                    None => {
                        let again = self.add(Step::Goto(next))?;
                        let body = self.node(inner, again, groups)?;
                        self.steps[again] = Step::Both(body, next);
                        again
                    }
                    Some(max) => {
                        let mut start = next;
                        for _optional in *min..*max {
                            let body = self.node(inner, start, groups)?;
                            start = self.add(Step::Both(body, next))?;
                        }
                        start
                    }
                };
                for _required in 0..*min {
                    start = self.node(inner, start, groups)?;
                }
                Ok(start)
            }
        }
    }
}

/// `node` without what it asks of its surroundings.
fn anywhere(node: &Node) -> Node {
    let all = |nodes: &[Node]| nodes.iter().map(anywhere).collect();
    match node {
        Node::At(_) | Node::Look { .. } => Node::Empty,
        Node::Group { number, inner } => {
            Node::Group { number: *number, inner: Box::new(anywhere(inner)) }
        }
        Node::All(nodes) => Node::All(all(nodes)),
        Node::Any(nodes) => Node::Any(all(nodes)),
        Node::Repeat { inner, min, max, prefer } => {
            let inner = Box::new(anywhere(inner));
            Node::Repeat { inner, min: *min, max: *max, prefer: *prefer }
        }
        Node::Empty | Node::One(_) | Node::Back(_) => node.clone(),
    }
}

/// A machine on one text.
pub(super) struct Run<'a> {
    machine: &'a Machine,
    text: &'a [char],
    steps: &'a Cell<u64>,
    /// Lists of states that are not in use.
    spare: RefCell<Vec<Places>>,
}

/// The states a machine is in.
#[derive(Default)]
struct Places {
    list: Vec<State>,
    seen: Vec<u32>,
    turn: u32,
}

impl Places {
    fn clear(&mut self, len: usize) {
        self.list.clear();
        self.seen.resize(len, 0);
        self.turn = self.turn.wrapping_add(1);
        if self.turn == 0 {
            self.seen.fill(0);
            self.turn = 1;
        }
    }

    fn insert(&mut self, state: State) -> bool {
        let turn = self.turn;
        match self.seen.get_mut(state) {
            Some(seen) if *seen != turn => {
                *seen = turn;
                true
            }
            _ => false,
        }
    }
}

impl<'a> Run<'a> {
    /// `steps` counts what was done on this text so far.
    pub(super) fn new(machine: &'a Machine, text: &'a [char], steps: &'a Cell<u64>) -> Run<'a> {
        Run { machine, text, steps, spare: RefCell::default() }
    }

    pub(super) fn text(&self) -> &'a [char] {
        self.text
    }

    /// The ends of matches of the part `start` that begin at `from`, at most `limit`, in ascending order.
    /// Errors: 54001 when it takes too long.
    pub(super) fn ends(&self, start: State, from: usize, limit: usize) -> Result<Vec<usize>> {
        let mut found = Vec::new();
        self.walk(start, from, limit, |at| {
            found.push(at);
            false
        })?;
        Ok(found)
    }

    /// Whether the part `start` matches from one place to the other.
    pub(super) fn matches(&self, start: State, from: usize, to: usize) -> Result<bool> {
        let mut found = false;
        self.walk(start, from, to, |at| {
            found = at == to;
            found
        })?;
        Ok(found)
    }

    /// Calls `end` at each end of a match until it says to stop.
    fn walk(
        &self,
        start: State,
        from: usize,
        limit: usize,
        mut end: impl FnMut(usize) -> bool,
    ) -> Result<()> {
        self.count(WALK_STEPS)?;
        let spare = || self.spare.borrow_mut().pop().unwrap_or_default();
        let (mut here, mut after) = (spare(), spare());
        here.clear(self.machine.steps.len());
        let mut at = from;
        let mut accepted = self.follow(start, at, &mut here)?;
        loop {
            if (accepted && end(at)) || limit <= at || here.list.is_empty() {
                break;
            }
            let Some(c) = self.text.get(at) else { break };
            after.clear(self.machine.steps.len());
            accepted = false;
            for state in &here.list {
                if let Some(Step::One(set, next)) = self.machine.steps.get(*state)
                    && set.has(*c)
                {
                    accepted |= self.follow(*next, at + 1, &mut after)?;
                }
            }
            std::mem::swap(&mut here, &mut after);
            at += 1;
        }
        self.spare.borrow_mut().extend([here, after]);
        Ok(())
    }

    /// Adds a state and all that it leads to without a character. Returns whether the end is among them.
    fn follow(&self, start: State, at: usize, places: &mut Places) -> Result<bool> {
        let mut accepted = false;
        let mut waiting = vec![start];
        while let Some(state) = waiting.pop() {
            if !places.insert(state) {
                continue;
            }
            self.count(1)?;
            match self.machine.steps.get(state) {
                Some(Step::One(..)) => places.list.push(state),
                Some(Step::Both(one, other)) => waiting.extend([*one, *other]),
                Some(Step::Goto(next)) => waiting.push(*next),
                Some(Step::At(place, next)) if self.is_at(*place, at) => waiting.push(*next),
                Some(Step::Look { ahead, negated, inner, next }) => {
                    if self.looks(*ahead, *inner, at)? != *negated {
                        waiting.push(*next);
                    }
                }
                Some(Step::Accept) => accepted = true,
                Some(Step::At(..)) | None => {}
            }
        }
        Ok(accepted)
    }

    fn count(&self, steps: u64) -> Result<()> {
        let before = self.steps.get();
        self.steps.set(before.saturating_add(steps));
        if before == 0 || before / CHECK_STEPS != self.steps.get() / CHECK_STEPS {
            interrupt::check()?;
        }
        let length = u64::try_from(self.text.len()).unwrap_or(u64::MAX);
        let max = STEPS_MAX.saturating_add(length.saturating_mul(CHARACTER_STEPS_MAX));
        if max < self.steps.get() {
            let message = "regular expression is too complex for this text".to_owned();
            return Err(Error::StatementTooComplex(message));
        }
        Ok(())
    }

    fn looks(&self, ahead: bool, inner: State, at: usize) -> Result<bool> {
        if ahead {
            let mut found = false;
            self.walk(inner, at, self.text.len(), |_end| {
                found = true;
                true
            })?;
            return Ok(found);
        }
        for from in (0..=at).rev() {
            if self.matches(inner, from, at)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn is_at(&self, place: Place, at: usize) -> bool {
        let before = at.checked_sub(1).and_then(|before| self.text.get(before));
        let after = self.text.get(at);
        let word = |c: Option<&char>| c.is_some_and(|c| Class::Word.has(*c));
        match place {
            Place::Start { line } => before.is_none_or(|c| line && *c == '\n'),
            Place::End { line } => after.is_none_or(|c| line && *c == '\n'),
            Place::WordStart => !word(before) && word(after),
            Place::WordEnd => word(before) && !word(after),
            Place::WordEdge => word(before) != word(after),
            Place::NoWordEdge => word(before) == word(after),
        }
    }
}
