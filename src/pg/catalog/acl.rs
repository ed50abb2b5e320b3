//! Access privileges as `aclitem`s (PostgreSQL manual, 5.7).

use super::data;
use super::index::Entity;
use super::rows::Cell;
use crate::catalog::roles::{self, BOOTSTRAP_ROLE, Privilege, Target};
use crate::catalog::written::{DATABASE_OWNER, PUBLIC_SCHEMA};
use crate::pg::facts::Facts;

/// What the owner of a table has by default.
pub(super) const OWNER_OF_TABLE: &str = "forebay=arwdDxt/forebay";

/// Privileges by their letters, in the order PostgreSQL keeps them in.
pub(crate) const PRIVILEGES: &[(char, &str)] = &[
    ('a', "INSERT"),
    ('r', "SELECT"),
    ('w', "UPDATE"),
    ('d', "DELETE"),
    ('D', "TRUNCATE"),
    ('x', "REFERENCES"),
    ('t', "TRIGGER"),
    ('X', "EXECUTE"),
    ('U', "USAGE"),
    ('C', "CREATE"),
    ('T', "TEMPORARY"),
    ('c', "CONNECT"),
    ('s', "SET"),
    ('A', "ALTER SYSTEM"),
];

/// One `aclitem` taken apart: grantee (empty is PUBLIC), privileges with whether they may be granted on, grantor.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Item {
    pub(crate) grantee: String,
    pub(crate) privileges: Vec<(&'static str, bool)>,
    pub(crate) grantor: String,
}

impl Item {
    /// `None` for what is no item.
    pub(crate) fn parse(text: &str) -> Option<Item> {
        let (grantee, rest) = name(text);
        let (letters, grantor) = rest.strip_prefix('=')?.split_once('/')?;
        let mut privileges: Vec<(&'static str, bool)> = Vec::new();
        for letter in letters.chars() {
            if letter == '*' {
                privileges.last_mut()?.1 = true;
            } else {
                let (_, known) = PRIVILEGES.iter().find(|(own, _)| *own == letter)?;
                privileges.push((known, false));
            }
        }
        Some(Item { grantee, privileges, grantor: name(grantor).0 })
    }
}

/// The grants on `target` as `aclitem[]`: NULL while there are none, else the owner's first.
pub(super) fn of(facts: &Facts, target: &Target) -> Cell {
    let grants: Vec<&roles::Grant> =
        facts.generation.grants.iter().filter(|grant| grant.target == *target).collect();
    if grants.is_empty() {
        return Cell::Null;
    }
    let owner = acl_name(facts.generation.owner(target));
    let letters = match target {
        Target::Schema(_) => "UC",
        Target::Table { schema, table } if facts.generation.sequence(schema, table).is_some() => {
            "rwU"
        }
        Target::Table { .. } => "arwdDxt",
    };
    let first = format!("{owner}={letters}/{owner}");
    let mut items: Vec<(String, String, Vec<String>)> = Vec::new();
    for grant in grants {
        let grantee = if grant.grantee == "public" { "" } else { &grant.grantee };
        let letter = match grant.privilege {
            Privilege::Insert => 'a',
            Privilege::Delete => 'd',
            Privilege::Truncate => 'D',
            Privilege::References => 'x',
            Privilege::Trigger => 't',
            Privilege::Select => 'r',
            Privilege::Update => 'w',
            Privilege::Usage => 'U',
            Privilege::Create => 'C',
        };
        let star = if grant.grantable { "*" } else { "" };
        let (grantee, grantor) = (acl_name(grantee), acl_name(&grant.grantor));
        let letter = format!("{letter}{star}");
        match items.iter_mut().find(|item| (&item.0, &item.1) == (&grantee, &grantor)) {
            Some(item) => item.2.push(letter),
            None => items.push((grantee, grantor, vec![letter])),
        }
    }
    let items = items.into_iter().map(|(grantee, grantor, mut letters)| {
        // In the order PostgreSQL keeps them in.
        let place = |letter: &String| {
            PRIVILEGES.iter().position(|(own, _)| letter.starts_with(*own)).unwrap_or_default()
        };
        letters.sort_by_key(place);
        format!("{grantee}={}/{grantor}", letters.concat())
    });
    let public = match target {
        Target::Schema(name) if name == PUBLIC_SCHEMA => Some(of_public_everybody()),
        _ => None,
    };
    Cell::from(std::iter::once(first).chain(public).chain(items).collect::<Vec<String>>())
}

/// The privileges on `public` as PostgreSQL makes it: everybody may use it.
pub(super) fn of_public() -> Cell {
    Cell::from(vec![format!("{DATABASE_OWNER}=UC/{DATABASE_OWNER}"), of_public_everybody()])
}

fn of_public_everybody() -> String {
    format!("=U/{DATABASE_OWNER}")
}

/// A role name in an aclitem: quoted when it has more than letters, digits and underscores (PostgreSQL's `putid`).
pub(crate) fn acl_name(name: &str) -> String {
    if name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
        name.to_owned()
    } else {
        format!("\"{}\"", name.replace('"', "\"\""))
    }
}

/// `pg_class.relacl` of a relation; `None` inside stands for what its owner has by default.
pub(crate) fn of_relation(facts: &Facts, entity: &Entity) -> Cell {
    match &entity.database {
        Some(database) => {
            let schema = database.clone();
            of(facts, &Target::Table { schema, table: entity.name.clone() })
        }
        None => data::relation(&entity.schema, &entity.name).map_or_else(
            || Cell::from(vec![OWNER_OF_TABLE, "=r/forebay"]),
            |relation| relation.acl.clone(),
        ),
    }
}

/// An ACL item by item; NULL stands for `default` (`acldefault`).
pub(super) fn items(acl: &Cell, default: &[&str]) -> Vec<Item> {
    match acl {
        Cell::List(items) => items.iter().filter_map(|item| Item::parse(item.text())).collect(),
        _ => default.iter().filter_map(|item| Item::parse(item)).collect(),
    }
}

/// Whether `role` may read a relation that has this ACL.
pub(crate) fn readable(acl: &Cell, facts: &Facts, role: &str) -> bool {
    let mine = |grantee: &str| grantee.is_empty() || facts.member(role, grantee, true);
    facts.superuser(role)
        || items(acl, &[OWNER_OF_TABLE]).iter().any(|item| {
            mine(&item.grantee) && item.privileges.iter().any(|(name, _)| *name == "SELECT")
        })
}

/// One privilege on an object.
pub(super) struct Grant {
    pub(super) grantor: String,
    pub(super) grantee: String,
    pub(super) privilege: &'static str,
    pub(super) grantable: bool,
}

/// The privileges as far as the user is grantor or grantee; those of everybody when `public`.
pub(super) fn granted(facts: &Facts, items: &[Item], public: bool) -> Vec<Grant> {
    let mine = |role: &str| facts.member(&facts.user, role, true);
    let mut found = Vec::new();
    for Item { grantee, privileges, grantor } in items {
        let shown = match grantee.as_str() {
            "" => public || mine(grantor),
            role => mine(grantor) || mine(role),
        };
        let owner = grantee == BOOTSTRAP_ROLE;
        let grantee = if grantee.is_empty() { "PUBLIC".to_owned() } else { grantee.clone() };
        let privileges = privileges.iter().filter(|_| shown);
        found.extend(privileges.map(|(privilege, grantable)| Grant {
            grantor: grantor.clone(),
            grantee: grantee.clone(),
            privilege,
            grantable: *grantable || owner,
        }));
    }
    found
}

/// The role name that begins `text`, which may be quoted, and what follows it.
fn name(text: &str) -> (String, &str) {
    let mut name = String::new();
    let mut quoted = false;
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' if quoted && chars.peek().is_some_and(|(_, next)| *next == '"') => {
                chars.next();
                name.push('"');
            }
            '"' => quoted = !quoted,
            '=' | '/' if !quoted => return (name, text.get(at..).unwrap_or_default()),
            other => name.push(other),
        }
    }
    (name, "")
}

#[cfg(test)]
mod tests {
    use super::Item;

    #[test]
    fn items_are_taken_apart() {
        let parse = |text: &str| Item::parse(text);
        let want = |grantee: &str, privileges: &[(&'static str, bool)], grantor: &str| {
            Some(Item {
                grantee: grantee.to_owned(),
                privileges: privileges.to_vec(),
                grantor: grantor.to_owned(),
            })
        };
        assert_eq!(parse("=r/ann"), want("", &[("SELECT", false)], "ann"));
        let both = [("INSERT", true), ("SELECT", false)];
        assert_eq!(parse("\"a=\"\"b\"=a*r/\"x y\""), want("a=\"b", &both, "x y"));
        assert_eq!(parse("ann=/ann"), want("ann", &[], "ann"));
        for wrong in ["", "ann", "ann=r", "ann=q/ann", "ann=*/ann"] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
    }
}
