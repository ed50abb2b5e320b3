use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io::ErrorKind;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use arrow::datatypes::{DataType, Field, Schema, TimeUnit};
use prost::Message;

use super::change::{Change, Move, RoleChanges};
use super::committer::Committer;
use super::dependents::{Dependent, Object};
use super::generation::{AliasOrigin, Generation, RelationIds};
use super::manifest::{Compression, File, Format, Manifest, Mode, Table};
use super::record::{Commit, FactRecord, StateRecord};
use super::roles::{BOOTSTRAP_ROLE, DefaultPrivilege, Grant, Privilege, Role, Target};
use super::view::{Known, Of, Piece, Reading, View};
use super::written::{Position, Sequence, SequenceType};
use super::{Catalog, Shared, stored};
use crate::error::{Error, Result};
use crate::store::Directory;
use crate::store::faulty::{Call, Crash, Disk, Random};
use crate::task::{Clock, Tasks};

const ROOT: &str = "/state";

/// A committer on a simulated disk.
pub(super) struct Fixture {
    disk: Disk,
    now_us: Arc<AtomicU64>,
    committer: Committer,
    pub(super) shared: Arc<Shared>,
}

impl Fixture {
    pub(super) fn new() -> Fixture {
        Fixture::on(Disk::new(1)).expect("opens")
    }

    fn on(disk: Disk) -> Result<Fixture> {
        let now_us = Arc::new(AtomicU64::new(100));
        let root = Directory::open_faulty(Path::new(ROOT), &disk)?;
        let clock = Clock::Manual(Arc::clone(&now_us));
        let (committer, shared) = Committer::open(&root, clock, None)?;
        Ok(Fixture { disk, now_us, committer, shared })
    }

    pub(super) fn reopen(&self) -> Fixture {
        Fixture::on(self.disk.crash(Crash::Power)).expect("opens")
    }

    fn commit(&mut self, changes: Vec<Change>) -> Result<Arc<Generation>> {
        let outcome = self.committer.commit(vec![changes]).pop().expect("one outcome");
        outcome.map(|(generation, _)| generation)
    }

    fn at(&self, now_us: u64) {
        self.now_us.store(now_us, std::sync::atomic::Ordering::Relaxed);
    }

    /// Commits, and checks that a restart, with and without a checkpoint, sees the same.
    pub(super) fn ok(&mut self, change: Change) -> Arc<Generation> {
        let generation = self.commit(vec![change]).expect("commits");
        let again = self.reopen();
        assert_eq!(format!("{:?}", again.shared.pin()), format!("{generation:?}"));
        let record = self.committer.state_record();
        assert_eq!(again.committer.state_record(), record);
        generation
    }

    /// The same of what changes no definition: a restart calls them those of its last commit.
    pub(super) fn moved(&mut self, change: Change) -> Arc<Generation> {
        let generation = self.commit(vec![change]).expect("commits");
        let mut again = (*self.reopen().shared.pin()).clone();
        again.defined = generation.defined;
        assert_eq!(format!("{again:?}"), format!("{generation:?}"));
        generation
    }

    /// Expects a refusal that changes nothing.
    pub(super) fn refused(&mut self, change: Change, state: &str) -> String {
        let before = format!("{:?}", self.shared.pin());
        let error = self.commit(vec![change]).expect_err("refused");
        assert_eq!(error.state(), state, "{error}");
        assert_eq!(format!("{:?}", self.shared.pin()), before);
        error.to_string()
    }
}

fn table(name: &str) -> Arc<Table> {
    let metadata = HashMap::from([("k".to_owned(), "v".to_owned())]);
    let fields = vec![
        Field::new("id", DataType::Int64, false).with_metadata(metadata.clone()),
        Field::new("at", DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())), true),
        Field::new_list("tags", Field::new("item", DataType::Utf8, true), true),
        Field::new_dictionary("kind", DataType::Int32, DataType::Utf8, true),
    ];
    Arc::new(Table {
        name: name.to_owned(),
        format: Format::Csv(Compression::Zstd),
        file_schema: Arc::new(Schema::new_with_metadata(fields, metadata)),
        partition_fields: vec![Arc::new(Field::new("day", DataType::Date32, true))],
        files: vec![File {
            path: format!("{name}/day=1/a.csv.zst"),
            bytes: 12,
            modified_us: -5,
            etag: Some("e".to_owned()),
            sha256: Some([7; 32]),
            rows: None,
            partition_values: vec![Some("1".to_owned()), None],
        }],
        key: vec!["id".to_owned()],
        comment: Some("c".to_owned()),
        column_comments: BTreeMap::from([("id".to_owned(), "the id".to_owned())]),
    })
}

fn manifest(database: &str, version: &str, tables: &[&str]) -> Arc<Manifest> {
    Arc::new(Manifest {
        database: database.to_owned(),
        version: version.to_owned(),
        mode: Mode::Mirror,
        tables: tables.iter().map(|name| ((*name).to_owned(), table(name))).collect(),
    })
}

fn add(database: &str, version: &str, tables: &[&str]) -> Change {
    Change::AddVersion { manifest: manifest(database, version, tables) }
}

fn remove(database: &str, version: &str) -> Change {
    Change::RemoveVersion { database: database.to_owned(), version: version.to_owned() }
}

fn move_to(database: &str, version: &str, expected: Option<Option<&str>>) -> Move {
    Move {
        database: database.to_owned(),
        version: version.to_owned(),
        expected: expected.map(|it| it.map(str::to_owned)),
    }
}

fn activate(moves: Vec<Move>) -> Change {
    Change::Activate { moves, cause: "activate".to_owned(), by: "ann".to_owned() }
}

fn alias(name: &str, version: &str, expected: Option<Option<&str>>) -> Change {
    Change::SetAlias {
        database: "sales".to_owned(),
        alias: name.to_owned(),
        version: version.to_owned(),
        expected: expected.map(|it| it.map(str::to_owned)),
        origin: AliasOrigin::Sql,
        by: "ann".to_owned(),
    }
}

fn drop_alias(name: &str, expected: Option<&str>) -> Change {
    let expected = expected.map(str::to_owned);
    let (database, alias) = ("sales".to_owned(), name.to_owned());
    Change::DropAlias { database, alias, expected, by: "ann".to_owned() }
}

fn role(name: &str) -> Role {
    Role {
        name: name.to_owned(),
        oid: 0,
        superuser: false,
        login: true,
        inherit: true,
        create_role: false,
        connection_limit: -1,
        verifier: None,
        valid_until_us: Some(9),
        member_of: BTreeSet::new(),
        settings: vec![("TimeZone".to_owned(), "UTC".to_owned())],
    }
}

fn drop_role(name: &str) -> Change {
    Change::DropRole { name: name.to_owned() }
}

fn member(role: &str, member: &str) -> Change {
    Change::GrantMembership { role: role.to_owned(), member: member.to_owned() }
}

fn orders() -> Target {
    Target::Table { schema: "sales".to_owned(), table: "orders".to_owned() }
}

fn schema() -> Target {
    Target::Schema("sales".to_owned())
}

fn grant(target: Target, grantee: &str, privilege: Privilege) -> Grant {
    let grantor = BOOTSTRAP_ROLE.to_owned();
    Grant { target, grantee: grantee.to_owned(), privilege, grantable: false, grantor }
}

fn select(grantee: &str) -> Change {
    Change::Grant(vec![grant(orders(), grantee, Privilege::Select)])
}

fn revoke(grantee: &str, grant_option_only: bool) -> Change {
    let privilege = Privilege::Select;
    Change::Revoke { target: orders(), grantee: grantee.to_owned(), privilege, grant_option_only }
}

fn default(schema: Option<&str>, grantee: &str) -> DefaultPrivilege {
    let schema = schema.map(str::to_owned);
    DefaultPrivilege { schema, grantee: grantee.to_owned(), grantable: false }
}

/// `sales` with versions 1 and 2, of which 1 is current, and `hr` with version 1.
fn sales() -> Fixture {
    let mut fixture = Fixture::new();
    fixture.ok(add("sales", "1", &["orders", "items"]));
    fixture.ok(add("sales", "2", &["orders", "items", "returns"]));
    fixture.ok(add("hr", "1", &["people"]));
    fixture.ok(activate(vec![move_to("sales", "1", Some(None))]));
    fixture
}

#[test]
fn a_manifest_comes_back_as_it_was() {
    let manifest = manifest("sales", "1", &["orders", "items"]);
    let bytes = stored::encode(&manifest);
    let digest = stored::sha256(&bytes);
    assert_eq!(stored::decode(&bytes, &digest).expect("decodes"), *manifest);
    for at in 0..bytes.len() {
        let mut damaged = bytes.clone();
        damaged[at] ^= 1;
        assert_eq!(stored::decode(&damaged, &digest).expect_err("damaged").state(), "XX001");
    }
}

#[test]
fn a_manifest_of_another_format_is_told_apart() {
    let mut bytes = stored::encode(&manifest("sales", "1", &[]));
    bytes[4] = 2;
    let digest = stored::sha256(&bytes);
    assert_eq!(stored::decode(&bytes, &digest).expect_err("unknown").state(), "F0000");
}

#[test]
fn oids_follow_names_and_are_kept() {
    let mut fixture = Fixture::new();
    let generation = fixture.ok(add("sales", "1", &["orders", "items"]));
    let sales = generation.database("sales").expect("there");
    assert_eq!(sales.oid, 16_384);
    let items = sales.relations.get("items").copied().expect("there");
    assert_eq!((items.relation, items.array_type, items.row_type), (16_385, 16_386, 16_387));
    let generation = fixture.ok(add("sales", "2", &["items", "returns"]));
    let sales = generation.database("sales").expect("there");
    assert_eq!(sales.relations.get("items"), Some(&items));
    assert_eq!(sales.relations.get("returns").map(|ids| ids.relation), Some(16_391));
    fixture.ok(remove("sales", "1"));
    let generation = fixture.ok(Change::DropDatabase { database: "sales".to_owned() });
    assert_eq!(generation.next_oid, 16_394);
    let generation = fixture.ok(add("sales", "1", &["items"]));
    assert_eq!(generation.database("sales").map(|it| it.oid), Some(16_394));
}

#[test]
fn versions_are_added_once_under_good_names() {
    let mut fixture = sales();
    fixture.refused(add("sales", "1", &["orders"]), "42710");
    for (database, version) in
        [("../x", "1"), ("a.b", "1"), ("sales", ".hidden"), ("sales", ""), ("sales", "a/b")]
    {
        fixture.refused(add(database, version, &[]), "22023");
    }
    fixture.refused(add("sales", &"x".repeat(129), &[]), "22023");
    fixture.ok(add("sales", &"x".repeat(128), &[]));
    fixture.ok(add("sales", "v1.2-rc_3", &[]));
    fixture.ok(alias("prod", "1", None));
    assert!(fixture.refused(add("sales", "prod", &[]), "42710").starts_with("alias \"prod\""));
}

#[test]
fn versions_are_removed_unless_used() {
    let mut fixture = sales();
    fixture.refused(remove("sales", "9"), "42704");
    fixture.refused(remove("nope", "1"), "42704");
    let message = fixture.refused(remove("sales", "1"), "55000");
    assert_eq!(message, "version \"1\" of database \"sales\" is current");
    fixture.ok(alias("prod", "2", None));
    let message = fixture.refused(remove("sales", "2"), "55000");
    assert_eq!(message, "version \"2\" of database \"sales\" is named by alias \"prod\"");
    fixture.ok(drop_alias("prod", None));
    let generation = fixture.ok(remove("sales", "2"));
    assert_eq!(generation.database("sales").map(|it| it.versions.len()), Some(1));
    let root = Directory::open_faulty(Path::new("/state/manifests/sales"), &fixture.disk);
    assert_eq!(root.expect("opens").list().expect("listed").len(), 1);
    // Removed and loaded again in one commit, with other content, across a restart.
    let again = vec![remove("hr", "1"), add("hr", "1", &["people", "pay"])];
    fixture.commit(again).expect("commits");
    let generation = fixture.reopen().shared.pin();
    let version = generation.database("hr").and_then(|it| it.versions.get("1").cloned());
    assert_eq!(version.expect("there").manifest.tables.len(), 2);
}

#[test]
fn activation_is_all_or_nothing() {
    let mut fixture = sales();
    let both = |expected| vec![move_to("hr", "1", None), move_to("sales", "2", expected)];
    fixture.refused(activate(both(Some(Some("9")))), "40001");
    fixture.refused(activate(both(Some(None))), "40001");
    fixture.refused(activate(vec![move_to("hr", "1", None), move_to("sales", "9", None)]), "42704");
    fixture.refused(activate(vec![move_to("nope", "1", None)]), "42704");
    let twice = vec![move_to("hr", "1", None), move_to("hr", "1", None)];
    fixture.refused(activate(twice), "22023");
    fixture.at(200);
    let generation = fixture.ok(activate(both(Some(Some("1")))));
    assert_eq!(generation.database("hr").and_then(|it| it.current.clone()).as_deref(), Some("1"));
    let sales = generation.database("sales").expect("there");
    assert_eq!(sales.current.as_deref(), Some("2"));
    assert_eq!(sales.high_water.as_deref(), Some("2"));
    // Back by hand: the high water stays. The clock went back too: history keeps its order.
    fixture.at(150);
    let generation = fixture.ok(activate(vec![move_to("sales", "1", None)]));
    let sales = generation.database("sales").expect("there");
    assert_eq!(sales.high_water.as_deref(), Some("2"));
    let steps: Vec<_> =
        sales.activations.iter().map(|it| (it.from.as_deref(), it.to.as_str(), it.at_us)).collect();
    assert_eq!(steps, [(None, "1", 100), (Some("1"), "2", 200), (Some("2"), "1", 200)]);
    assert_eq!(generation.version_at("sales", 99), None);
    assert_eq!(generation.version_at("sales", 199), Some("1"));
    assert_eq!(generation.version_at("sales", 200), Some("1"));
    let lsn = generation.lsn;
    let generation = fixture.ok(activate(vec![move_to("sales", "1", Some(Some("1")))]));
    assert_eq!(generation.lsn, lsn, "a move to what is current makes no commit");
}

#[test]
fn aliases_move_by_compare_and_set() {
    let mut fixture = sales();
    for name in ["latest", "current", "previous"] {
        fixture.refused(alias(name, "1", None), "42939");
    }
    fixture.refused(alias("no good", "1", None), "22023");
    fixture.refused(alias("2", "1", None), "42710");
    fixture.refused(alias("prod", "9", None), "42704");
    fixture.refused(alias("prod", "1", Some(Some("2"))), "40001");
    fixture.ok(alias("prod", "1", Some(None)));
    fixture.refused(alias("prod", "2", Some(None)), "40001");
    fixture.refused(alias("test", "prod", None), "42704");
    let generation = fixture.ok(alias("prod", "2", Some(Some("1"))));
    let sales = generation.database("sales").expect("there");
    assert_eq!(sales.resolve("prod").map(|it| it.name.as_str()), Some("2"));
    fixture.refused(drop_alias("prod", Some("1")), "40001");
    fixture.refused(drop_alias("nope", None), "42704");
    let generation = fixture.ok(drop_alias("prod", Some("2")));
    let history = &generation.database("sales").expect("there").alias_history;
    let steps: Vec<_> =
        history.iter().map(|step| (step.from.as_deref(), step.to.as_deref())).collect();
    assert_eq!(steps, [(None, Some("1")), (Some("1"), Some("2")), (Some("2"), None)]);
}

#[test]
fn pauses_survive_and_go_with_their_database() {
    let mut fixture = sales();
    let pause = |name: &str, paused| Change::SetPaused { database: name.to_owned(), paused };
    fixture.ok(pause("*", true));
    let generation = fixture.ok(pause("sales", true));
    assert!(generation.paused.contains("*") && generation.paused.contains("sales"));
    fixture.ok(pause("*", false));
    fixture.refused(pause("a/b", true), "22023");
    let generation = fixture.ok(Change::DropDatabase { database: "sales".to_owned() });
    assert!(generation.paused.is_empty());
    fixture.refused(Change::DropDatabase { database: "sales".to_owned() }, "42704");
}

#[test]
fn roles_are_made_changed_and_dropped() {
    let mut fixture = Fixture::new();
    let generation = fixture.ok(Change::CreateRole(role("ann")));
    assert_eq!(generation.role("ann").map(|role| role.oid), Some(16_384));
    assert_eq!(
        fixture.refused(Change::CreateRole(role("ann")), "42710"),
        "role \"ann\" already exists"
    );
    fixture.refused(Change::CreateRole(role("public")), "42939");
    fixture.refused(Change::CreateRole(role("pg_read")), "42939");
    fixture.refused(Change::CreateRole(role("")), "22023");
    let lost = Role { member_of: BTreeSet::from(["nobody".to_owned()]), ..role("bob") };
    fixture.refused(Change::CreateRole(lost), "42704");
    fixture.refused(Change::CreateRole(Role { connection_limit: -2, ..role("bob") }), "22023");
    let generation = fixture.ok(Change::CreateRole(role("bob")));
    assert_eq!(generation.role("bob").map(|role| role.oid), Some(16_385));
    fixture.ok(member("ann", "bob"));
    let changes = RoleChanges {
        rename: Some("anna".to_owned()),
        superuser: Some(true),
        verifier: Some(Some("SCRAM-SHA-256$x".to_owned())),
        valid_until_us: Some(None),
        ..RoleChanges::default()
    };
    let alter = |name: &str, changes: &RoleChanges| Change::AlterRole {
        name: name.to_owned(),
        changes: changes.clone(),
    };
    fixture.refused(alter("nobody", &changes), "42704");
    fixture.refused(
        alter("ann", &RoleChanges { rename: Some("bob".to_owned()), ..RoleChanges::default() }),
        "42710",
    );
    let generation = fixture.ok(alter("ann", &changes));
    let anna = generation.role("anna").expect("renamed");
    assert!(generation.role("ann").is_none() && anna.superuser && anna.login);
    assert_eq!((anna.oid, anna.valid_until_us), (16_384, None));
    assert!(generation.role("bob").is_some_and(|bob| bob.member_of.contains("anna")));
    fixture.refused(drop_role("nobody"), "42704");
    fixture.refused(drop_role("anna"), "2BP01");
    fixture.ok(Change::RevokeMembership { role: "anna".to_owned(), member: "bob".to_owned() });
    fixture.ok(drop_role("anna"));
    assert_eq!(fixture.ok(drop_role("bob")).next_oid, 16_386);
}

#[test]
fn memberships_make_no_loops_and_pass_privileges_on() {
    let mut fixture = sales();
    for name in ["a", "b", "c"] {
        fixture.ok(Change::CreateRole(role(name)));
    }
    fixture.ok(member("a", "b"));
    fixture.ok(member("b", "c"));
    assert_eq!(fixture.refused(member("c", "a"), "0LP01"), "role \"c\" is a member of role \"a\"");
    fixture.refused(member("a", "a"), "0LP01");
    fixture.refused(member("nobody", "a"), "42704");
    let generation = fixture.ok(select("a"));
    assert!(generation.has_table_privilege("c", "sales", "orders"));
    assert!(!generation.has_table_privilege("c", "sales", "items"));
    let names: Vec<_> = generation.member_of("c").into_iter().collect();
    assert_eq!(names, ["a", "b", "c"]);
    // A role that does not inherit has the privileges only after SET ROLE.
    let changes = RoleChanges { inherit: Some(false), ..RoleChanges::default() };
    let generation = fixture.ok(Change::AlterRole { name: "b".to_owned(), changes });
    assert!(!generation.has_table_privilege("c", "sales", "orders"));
    assert!(generation.may_become("c", "a") && !generation.may_become("a", "c"));
}

#[test]
fn grants_are_checked_kept_and_revoked() {
    let mut fixture = sales();
    fixture.ok(Change::CreateRole(role("ann")));
    fixture.refused(select("nobody"), "42704");
    let on = |target, privilege| Change::Grant(vec![grant(target, "ann", privilege)]);
    fixture.refused(on(Target::Schema("nope".to_owned()), Privilege::Usage), "3F000");
    let lost = Target::Table { schema: "sales".to_owned(), table: "nope".to_owned() };
    fixture.refused(on(lost, Privilege::Select), "42P01");
    fixture.refused(on(schema(), Privilege::Select), "0LP01");
    fixture.refused(on(orders(), Privilege::Usage), "0LP01");
    let option = |grantee: &str| {
        let grant = grant(orders(), grantee, Privilege::Select);
        Change::Grant(vec![Grant { grantable: true, ..grant }])
    };
    fixture.refused(option("public"), "0LP01");
    let generation = fixture.ok(on(schema(), Privilege::Usage));
    assert!(generation.has_schema_privilege("ann", "sales"));
    assert!(!generation.has_schema_privilege("ann", "hr"));
    fixture.ok(select("ann"));
    assert!(!fixture.ok(select("ann")).may_grant("ann", &orders(), Privilege::Select));
    let generation = fixture.ok(option("ann"));
    assert!(generation.may_grant("ann", &orders(), Privilege::Select));
    assert_eq!(generation.grants.len(), 2, "the option replaces the plain grant");
    // What was granted on keeps the option from being revoked.
    let on_to_all =
        Grant { grantor: "ann".to_owned(), ..grant(orders(), "public", Privilege::Select) };
    fixture.ok(Change::Grant(vec![on_to_all]));
    fixture.refused(revoke("ann", true), "2BP01");
    fixture.refused(drop_role("ann"), "2BP01");
    assert!(fixture.ok(revoke("public", false)).has_table_privilege("ann", "sales", "orders"));
    let generation = fixture.ok(revoke("ann", true));
    assert!(!generation.may_grant("ann", &orders(), Privilege::Select));
    assert!(generation.has_table_privilege("ann", "sales", "orders"));
    assert!(!fixture.ok(revoke("ann", false)).has_table_privilege("ann", "sales", "orders"));
    let generation = fixture.ok(Change::DropDatabase { database: "sales".to_owned() });
    assert!(generation.grants.is_empty());
    fixture.ok(drop_role("ann"));
}

#[test]
fn everybody_the_owner_and_superusers() {
    let mut fixture = sales();
    let generation = fixture.shared.pin();
    assert!(generation.has_table_privilege(BOOTSTRAP_ROLE, "sales", "orders"));
    assert!(generation.is_superuser(BOOTSTRAP_ROLE));
    assert!(!generation.has_table_privilege("stranger", "sales", "orders"));
    fixture.ok(Change::CreateRole(role("ann")));
    let generation = fixture.ok(select("public"));
    assert!(generation.has_table_privilege("ann", "sales", "orders"));
    assert!(!generation.has_table_privilege("stranger", "sales", "orders"), "a role that is gone");
    assert!(generation.is_superuser(BOOTSTRAP_ROLE), "nobody else could make roles");
    let generation = fixture.ok(Change::CreateRole(Role { superuser: true, ..role("root") }));
    assert!(!generation.is_superuser(BOOTSTRAP_ROLE));
    assert!(generation.has_table_privilege(BOOTSTRAP_ROLE, "sales", "items"), "it owns all");
    assert!(generation.has_table_privilege("root", "sales", "items"));
    assert!(generation.may_become("root", "ann"));
}

#[test]
fn default_privileges_become_grants_on_new_tables() {
    let mut fixture = sales();
    fixture.ok(Change::CreateRole(role("ann")));
    let alter = |add, privilege| Change::AlterDefaultPrivileges { add, privilege };
    fixture.refused(alter(true, default(Some("nope"), "ann")), "3F000");
    fixture.refused(alter(true, default(None, "nobody")), "42704");
    fixture.ok(alter(true, default(Some("sales"), "ann")));
    fixture.refused(drop_role("ann"), "2BP01");
    let generation = fixture.ok(add("sales", "3", &["orders", "refunds"]));
    assert!(generation.has_table_privilege("ann", "sales", "refunds"));
    assert!(!generation.has_table_privilege("ann", "sales", "orders"), "only what is new");
    fixture.ok(add("hr", "2", &["pay"]));
    let generation = fixture.ok(alter(false, default(Some("sales"), "ann")));
    assert!(generation.default_privileges.is_empty());
    fixture.ok(alter(true, default(None, "public")));
    let generation = fixture.ok(add("hr", "3", &["jobs"]));
    assert!(generation.has_table_privilege("ann", "hr", "jobs"));
    assert!(!generation.has_table_privilege("ann", "hr", "pay"));
}

#[test]
fn a_refused_change_takes_its_commit_back_and_leaves_the_others() {
    let mut fixture = sales();
    let outcomes = fixture.committer.commit(vec![
        vec![Change::CreateRole(role("ann")), add("new", "1", &["t"]), remove("sales", "9")],
        vec![Change::CreateRole(role("bob"))],
        vec![member("ann", "bob")],
        vec![Change::CreateRole(role("bob"))],
        vec![activate(vec![move_to("sales", "2", Some(Some("1")))])],
        vec![activate(vec![move_to("sales", "2", Some(Some("1")))])],
    ]);
    let states: Vec<_> =
        outcomes.iter().map(|it| it.as_ref().map_or_else(Error::state, |_| "ok")).collect();
    assert_eq!(states, ["42704", "ok", "42704", "42710", "ok", "40001"]);
    let generation = fixture.reopen().shared.pin();
    assert_eq!(generation.lsn, 6);
    assert!(generation.role("ann").is_none() && generation.database("new").is_none());
    // The manifest of the refused version is swept at a start.
    let left = Directory::open_faulty(Path::new("/state/manifests/new"), &fixture.disk);
    assert_eq!(left.expect("opens").list().expect("listed").len(), 1);
    let disk = fixture.reopen().disk;
    let left = Directory::open_faulty(Path::new("/state/manifests/new"), &disk);
    assert!(left.expect("opens").list().expect("listed").is_empty());
}

#[test]
fn a_lost_manifest_leaves_its_version_out() {
    let mut fixture = sales();
    fixture.ok(activate(vec![move_to("sales", "2", None)]));
    let name = |version, tables: &[&str]| {
        let bytes = stored::encode(&manifest("sales", version, tables));
        let file = stored::file_name(version, &stored::sha256(&bytes));
        Path::new("/state/manifests/sales").join(file)
    };
    let newest = name("2", &["orders", "items", "returns"]);
    fixture.disk.edit(&newest, |bytes| bytes[40] ^= 1);
    let mut fixture = fixture.reopen();
    let generation = fixture.shared.pin();
    let sales = generation.database("sales").expect("there");
    assert_eq!(sales.current.as_deref(), Some("1"), "what was current before");
    let lost: Vec<_> = fixture.shared.opening.lost_versions.iter().collect();
    assert_eq!((lost.len(), lost[0].version.as_str()), (1, "2"));
    assert_eq!(lost[0].reason.state(), "XX001");
    // It stays known through a checkpoint, so that the file may still be restored.
    fixture.committer.checkpoint().expect("written");
    let repaired = fixture.reopen();
    repaired.disk.edit(&newest, |bytes| bytes[40] ^= 1);
    let repaired = repaired.reopen();
    assert!(repaired.shared.opening.lost_versions.is_empty());
    // And it can be loaded again, or forgotten.
    fixture.ok(add("sales", "2", &["orders"]));
    fixture.ok(remove("sales", "2"));
    // Without any version left, nothing is current.
    let oldest = name("1", &["orders", "items"]);
    fixture.disk.edit(&oldest, Vec::clear);
    let fixture = fixture.reopen();
    assert_eq!(fixture.shared.pin().database("sales").and_then(|it| it.current.clone()), None);
}

#[test]
fn a_newer_release_is_refused() {
    let disk = sales().disk;
    let root = Directory::open_faulty(Path::new(ROOT), &disk).expect("opens");
    let mut journal = crate::journal::Journal::open(root.subdirectory("journal").expect("there"))
        .expect("opens")
        .journal;
    // A kind of change with tag 99, as Protobuf writes it.
    let mut unknown = Commit { at_us: 1, facts: vec![FactRecord { fact: None }] }.encode_to_vec();
    assert_eq!(unknown.pop(), Some(0));
    unknown.extend([4, 0x9a, 0x06, 1, b'x']);
    journal.append(&[unknown]).expect("appended");
    let error = Fixture::on(disk.copy()).map(|_| ()).expect_err("refused");
    assert_eq!(error.state(), "F0000");
    assert!(error.to_string().contains("a kind of change that this release does not know"));
    assert_eq!(error.notes().detail.as_deref(), Some("It stands in the journal at LSN 5."));

    let record = StateRecord { format: 6, ..StateRecord::default() };
    journal.checkpoint(&record.encode_to_vec()).expect("written");
    assert_eq!(Fixture::on(disk).map(|_| ()).expect_err("refused").state(), "F0000");
}

#[test]
fn a_failed_journal_refuses_everything_and_keeps_serving() {
    let mut fixture = sales();
    let before = fixture.shared.pin();
    fixture.disk.fail(Call::Sync, 0, ErrorKind::Other);
    let outcomes = fixture
        .committer
        .commit(vec![vec![Change::CreateRole(role("a"))], vec![Change::CreateRole(role("a"))]]);
    // The second one's refusal would rest on the first one, which did not come about.
    assert!(outcomes.iter().all(|it| it.as_ref().is_err_and(|error| error.state() == "58030")));
    assert!(fixture.shared.failure.load().is_some());
    assert_eq!(fixture.refused(Change::CreateRole(role("b")), "58030"), {
        let failure = fixture.shared.failure.load_full().expect("failed");
        failure.to_string()
    });
    assert!(Arc::ptr_eq(&before, &fixture.shared.pin()));
}

#[test]
fn a_full_disk_refuses_and_goes_on() {
    let mut fixture = sales();
    fixture.disk.set_full(true);
    fixture.refused(Change::CreateRole(role("ann")), "53100");
    fixture.refused(add("sales", "3", &["orders"]), "53100");
    assert!(fixture.shared.failure.load().is_none());
    fixture.disk.set_full(false);
    fixture.ok(Change::CreateRole(role("ann")));
    fixture.ok(add("sales", "3", &["orders"]));
}

#[test]
fn the_journal_is_checkpointed_by_itself() {
    let mut fixture = sales();
    for step in 0..1_100 {
        let (answer, _) = tokio::sync::oneshot::channel();
        let changes = vec![activate(vec![move_to("sales", ["1", "2"][step % 2], None)])];
        fixture.committer.run(vec![super::committer::Request::Commit { changes, answer }]);
    }
    let journal = Directory::open_faulty(Path::new("/state/journal"), &fixture.disk);
    let names = journal.expect("opens").list().expect("listed");
    assert!(names.iter().any(|name| name.ends_with(".checkpoint")), "{names:?}");
    let again = fixture.reopen();
    assert_eq!(format!("{:?}", again.shared.pin()), format!("{:?}", fixture.shared.pin()));
}

/// A step of a simulated life; always of the same database, so that steps meet.
fn any_change(random: &mut Random) -> Change {
    let version = ["1", "2", "3"][random.below(3)];
    let name = ["a", "b", "c"][random.below(3)];
    let own = |name: &str| sequence(name, 20_000 + u32::from(name.as_bytes()[0]));
    match random.below(18) {
        0 | 1 => add("sales", version, &["orders", ["x", "y", "z"][random.below(3)]]),
        2 => remove("sales", version),
        3 | 4 => activate(vec![move_to("sales", version, None)]),
        5 => alias(["prod", "test"][random.below(2)], version, None),
        6 => drop_alias("prod", None),
        7 => Change::CreateRole(role(name)),
        8 => drop_role(name),
        9 => member(name, ["a", "b", "c"][random.below(3)]),
        10 => select(name),
        11 => create_schema("app", 19_999),
        12 | 13 => put_sequence(None, ["public", "app"][random.below(2)], &own(name)),
        14 | 15 => moved_to(own(name).ids.relation, -8, 1 + random.next() % 3),
        16 => Change::DropSchema { name: "app".to_owned(), cascade: true },
        _ => Change::SetPaused { database: "sales".to_owned(), paused: random.below(2) == 0 },
    }
}

/// One process' life on a disk that may die under it: the highest LSN acknowledged, and every state shown, by LSN.
fn live(disk: &Disk, random: &mut Random) -> (u64, BTreeMap<u64, StateRecord>) {
    let mut shown = BTreeMap::new();
    let Ok(mut fixture) = Fixture::on(disk.clone()) else { return (0, shown) };
    let mut acknowledged = fixture.shared.pin().lsn;
    shown.insert(acknowledged, fixture.committer.state_record());
    for _ in 0..random.below(30) {
        let groups = (0..=random.below(3))
            .map(|_| (0..=random.below(2)).map(|_| any_change(random)).collect())
            .collect();
        let outcomes = fixture.committer.commit(groups);
        let lsn = outcomes.iter().flatten().map(|(generation, _)| generation.lsn).max();
        acknowledged = acknowledged.max(lsn.unwrap_or_default());
        let pinned = fixture.shared.pin().lsn;
        assert!(pinned >= acknowledged, "visible before acknowledged");
        shown.insert(pinned, fixture.committer.state_record());
        if random.below(8) == 0 {
            drop(fixture.committer.checkpoint());
        }
    }
    (acknowledged, shown)
}

/// Wherever the process dies, every acknowledged change is there after, what is there is what was shown or the one
/// group under way, and a second restart sees the same.
#[test]
fn kills_at_any_point_lose_nothing_acknowledged() {
    for seed in 0..2_000 {
        let mut random = Random(seed);
        let mut disk = Disk::new(seed);
        let mut durable = 0;
        for _ in 0..3 {
            disk.kill_after(1 + random.next() % 80);
            let (acknowledged, shown) = live(&disk, &mut random);
            if let Some((opened, _)) = shown.first_key_value() {
                assert!(*opened >= durable, "seed {seed}");
            }
            durable = durable.max(acknowledged);
            disk = disk.crash([Crash::Power, Crash::Process][random.below(2)]);
            let after = Fixture::on(disk.copy());
            let after = after.unwrap_or_else(|error| panic!("seed {seed}: {error}"));
            let lsn = after.shared.pin().lsn;
            assert!(lsn >= durable, "seed {seed}: {lsn} < {durable}");
            assert!(after.shared.opening.lost_versions.is_empty(), "seed {seed}");
            let record = after.committer.state_record();
            assert!(shown.get(&lsn).is_none_or(|shown| *shown == record), "seed {seed}");
            assert_eq!(after.reopen().committer.state_record(), record, "seed {seed}");
        }
    }
}

#[test]
fn publishing_is_cheap_with_ten_thousand_tables() {
    let mut fixture = Fixture::new();
    let names: Vec<String> = (0..10_000).map(|index| format!("table_{index:05}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    for version in ["1", "2"] {
        fixture.commit(vec![add("sales", version, &names)]).expect("commits");
    }
    fixture.commit(vec![add("hr", "1", &["people"])]).expect("commits");
    let before = fixture.shared.pin();
    let start = Clock::instant();
    for step in 0..100 {
        let change = activate(vec![move_to("sales", ["1", "2"][step % 2], None)]);
        fixture.commit(vec![change]).expect("commits");
    }
    println!("a commit takes {:?}", start.elapsed() / 100);
    let after = fixture.shared.pin();
    let pointers = |generation: &Generation| {
        let sales = generation.database("sales").expect("there");
        let version = Arc::clone(sales.versions.get("1").expect("there"));
        (Arc::clone(generation.database("hr").expect("there")), version)
    };
    let (before, after) = (pointers(&before), pointers(&after));
    assert!(Arc::ptr_eq(&before.0, &after.0) && Arc::ptr_eq(&before.1, &after.1));
}

#[tokio::test]
async fn many_clients_commit_over_one_handle_and_the_lock_is_held() {
    let root = tempfile::tempdir().expect("a directory");
    let path = root.path().join("state");
    let tasks = Tasks::new();
    let catalog = Catalog::open(&path, Clock::System, &tasks).await.expect("opens");
    let error = Catalog::open(&path, Clock::System, &Tasks::new()).await.expect_err("held");
    assert_eq!(error.state(), "F0001");
    let mut changes = catalog.changes();
    catalog.commit(vec![add("sales", "1", &["orders"])]).await.expect("commits");
    changes.changed().await.expect("told");
    assert_eq!(*changes.borrow_and_update(), 1);
    let clients = (0..50).map(|index| {
        let catalog = catalog.clone();
        async move { catalog.commit(vec![Change::CreateRole(role(&format!("r{index}")))]).await }
    });
    for (index, outcome) in futures::future::join_all(clients).await.into_iter().enumerate() {
        let generation = outcome.expect("commits");
        assert!(generation.role(&format!("r{index}")).is_some(), "it sees its own change");
    }
    catalog.checkpoint().await.expect("written");
    assert_eq!(catalog.pin().lsn, 51);
    assert!(catalog.failure().is_none() && catalog.opening().lost_versions.is_empty());
    assert!(tasks.stop(std::time::Duration::from_secs(10)).await);
    let refused = catalog.commit(vec![drop_role("r1")]).await.expect_err("stopped");
    assert_eq!(refused.state(), "57P01");

    let tasks = Tasks::new();
    let again = Catalog::open(&path, Clock::System, &tasks).await.expect("free again");
    assert_eq!(format!("{:?}", again.pin()), format!("{:?}", catalog.pin()));
    // The last handle's end frees the state root too.
    drop(again);
    assert!(!tasks.stop_token().is_cancelled());
    tasks.stop(std::time::Duration::from_secs(10)).await;
}

fn create_schema(name: &str, oid: u32) -> Change {
    Change::CreateSchema { name: name.to_owned(), oid, owner: BOOTSTRAP_ROLE.to_owned() }
}

pub(super) fn sequence(name: &str, oid: u32) -> Sequence {
    Sequence {
        name: name.to_owned(),
        ids: RelationIds { relation: oid, row_type: 0, array_type: 0 },
        owner: BOOTSTRAP_ROLE.to_owned(),
        data_type: SequenceType::Integer,
        start: -1,
        increment: -1,
        min: -100,
        max: -1,
        cache: 7,
        cycle: true,
        generation: 0,
        comment: None,
        owned_by: None,
    }
}

pub(super) fn put_sequence(
    was: Option<(&str, &Sequence)>,
    schema: &str,
    sequence: &Sequence,
) -> Change {
    let position = Position { last: -1, is_called: false, turn: 0 };
    Change::PutSequence {
        was: was.map(|(schema, was)| (schema.to_owned(), Arc::new(was.clone()))),
        schema: schema.to_owned(),
        sequence: Arc::new(sequence.clone()),
        position: was.is_none().then_some(position),
    }
}

fn moved_to(oid: u32, last: i64, turn: u64) -> Change {
    Change::MoveSequence { oid, position: Position { last, is_called: true, turn } }
}

#[test]
fn schemas_are_made_renamed_and_dropped() {
    let mut fixture = Fixture::new();
    assert_eq!(fixture.shared.pin().schema("public").map(|it| it.oid), Some(2_200));
    fixture.ok(create_schema("app", 20_000));
    assert_eq!(fixture.shared.pin().next_oid, 20_001);
    fixture.refused(create_schema("app", 20_001), "42P06");
    fixture.refused(create_schema("pg_app", 20_001), "42939");
    fixture.refused(create_schema("information_schema", 20_001), "42P06");
    fixture.refused(create_schema("app@1", 20_001), "22023");
    fixture.refused(add("app", "1", &["t"]), "42P06");
    fixture.ok(put_sequence(None, "app", &sequence("s", 20_001)));
    let drop = |cascade| Change::DropSchema { name: "app".to_owned(), cascade };
    fixture.refused(drop(false), "2BP01");
    let rename =
        Change::AlterSchema { name: "app".to_owned(), rename: Some("own".to_owned()), owner: None };
    let generation = fixture.ok(rename);
    assert!(generation.sequence("own", "s").is_some() && generation.schema("app").is_none());
    fixture.refused(drop(true), "3F000");
    let text = Some("what users write".to_owned());
    let comment = Change::CommentOnSchema { name: "own".to_owned(), text: text.clone() };
    let generation = fixture.ok(comment);
    assert_eq!(generation.schema("own").map(|it| it.comment.clone()), Some(text));
    let public = Change::DropSchema { name: "public".to_owned(), cascade: true };
    fixture.refused(public, "2BP01");
    let own = Change::DropSchema { name: "own".to_owned(), cascade: true };
    let generation = fixture.ok(own);
    assert!(generation.schema("own").is_none() && generation.positions.is_empty());
    fixture.ok(add("sales", "1", &["t"]));
    fixture.refused(create_schema("sales", 30_000), "42P06");
}

#[test]
fn sequences_are_defined_moved_and_dropped() {
    let mut fixture = Fixture::new();
    let first = sequence("s", 20_000);
    let defined = fixture.ok(put_sequence(None, "public", &first)).defined;
    fixture.refused(put_sequence(None, "public", &sequence("s", 20_001)), "42P07");
    fixture.refused(put_sequence(None, "nope", &sequence("s", 20_001)), "3F000");
    // A move is durable, and no other definition.
    let moved = fixture.commit(vec![moved_to(20_000, -8, 1)]).expect("moves");
    assert_eq!(moved.positions.get(&20_000).map(|it| (it.last, it.turn)), Some((-8, 2)));
    assert!(moved.defined == defined && defined.lsn < moved.lsn);
    assert_eq!(fixture.reopen().shared.pin().positions, moved.positions);
    fixture.refused(moved_to(20_000, -9, 1), "40001");
    fixture.refused(moved_to(20_001, -9, 1), "40001");
    // Another definition of what is not so any more is refused.
    let second = Sequence { name: "q".to_owned(), cache: 1, ..first.clone() };
    let generation = fixture.ok(put_sequence(Some(("public", &first)), "public", &second));
    assert!(generation.sequence("public", "s").is_none());
    assert_eq!(generation.sequence("public", "q").map(|it| it.cache), Some(1));
    assert_eq!(generation.positions.get(&20_000).map(|it| it.last), Some(-8));
    fixture.refused(put_sequence(Some(("public", &first)), "public", &second), "40001");
    fixture.ok(create_schema("app", 20_010));
    let generation = fixture.ok(put_sequence(Some(("public", &second)), "app", &second));
    assert!(
        generation.sequence("public", "q").is_none() && generation.sequence("app", "q").is_some()
    );
    let drop = |schema: &str| Change::DropSequence {
        schema: schema.to_owned(),
        name: "q".to_owned(),
        oid: 20_000,
    };
    fixture.refused(drop("public"), "40001");
    assert!(fixture.ok(drop("app")).positions.is_empty());
}

#[test]
fn owners_are_roles_and_keep_their_things_under_another_name() {
    let mut fixture = Fixture::new();
    fixture.ok(Change::CreateRole(role("ann")));
    let own = Sequence { owner: "ann".to_owned(), ..sequence("s", 20_000) };
    fixture.ok(put_sequence(None, "public", &own));
    let nobody = Sequence { owner: "nobody".to_owned(), ..sequence("t", 20_001) };
    fixture.refused(put_sequence(None, "public", &nobody), "42704");
    let message = fixture.refused(drop_role("ann"), "2BP01");
    assert!(message.contains("ann"), "{message}");
    let rename = RoleChanges { rename: Some("eve".to_owned()), ..RoleChanges::default() };
    let generation = fixture.ok(Change::AlterRole { name: "ann".to_owned(), changes: rename });
    let owner = generation.sequence("public", "s").map(|it| it.owner.clone());
    assert_eq!(owner.as_deref(), Some("eve"));
}

#[test]
fn oids_of_drafts_are_nobody_elses() {
    let mut fixture = Fixture::new();
    let taken = fixture.shared.oids.take(2).expect("two");
    fixture.ok(add("sales", "1", &["t"]));
    let oid = fixture.shared.pin().database("sales").map(|it| it.oid);
    assert_eq!(oid, Some(taken + 2));
    fixture.ok(put_sequence(None, "public", &sequence("s", taken)));
    assert_eq!(fixture.reopen().shared.oids.take(1).ok(), Some(taken + 6));
}

fn small_table(name: &str, oid: u32) -> super::table::Table {
    let attribute =
        |number| super::table::Attribute { number, default: None, identity: None, comment: None };
    super::table::Table {
        name: name.to_owned(),
        ids: RelationIds { relation: oid, row_type: oid + 2, array_type: oid + 1 },
        owner: BOOTSTRAP_ROLE.to_owned(),
        columns: Arc::new(Schema::new(vec![
            Field::new("a", DataType::Int32, true),
            Field::new("b", DataType::Utf8, true),
        ])),
        attributes: vec![attribute(1), attribute(2)],
        last_number: 2,
        constraints: Vec::new(),
        indexes: Vec::new(),
        comment: None,
        is_log: false,
    }
}

fn put_small(was: Option<&super::table::Table>, table: &super::table::Table) -> Change {
    Change::PutTable {
        was: was.map(|was| ("public".to_owned(), Arc::new(was.clone()))),
        schema: "public".to_owned(),
        table: Arc::new(table.clone()),
        seen: None,
        rows: None,
    }
}

/// A view of the column `a` of a relation.
fn view(name: &str, oid: u32, of: u32) -> View {
    let known = |name: &str, number, used| Known {
        name: name.to_owned(),
        number,
        type_oid: 23,
        modifier: -1,
        used,
    };
    View {
        name: name.to_owned(),
        ids: RelationIds { relation: oid, row_type: oid + 2, array_type: oid + 1 },
        owner: BOOTSTRAP_ROLE.to_owned(),
        columns: Arc::new(Schema::new(vec![Field::new("a", DataType::Int32, true)])),
        column_comments: vec![Some("said".to_owned())],
        query: vec![
            Piece::Text("SELECT a FROM ".to_owned()),
            Piece::Relation { reading: 0, aliased: true },
            Piece::Text(" x WHERE ".to_owned()),
            Piece::Qualifier(0),
            Piece::Text(".a > 1".to_owned()),
        ],
        told: vec![
            Piece::Bracket("(".to_owned()),
            Piece::Column { reading: 0, column: 1, alias: Some("x".to_owned()), output: Some(0) },
            Piece::Name(0),
        ],
        reads: vec![Reading {
            of: Of::Made(of),
            name: "t".to_owned(),
            columns: vec![known("a", 1, true), known("b", 2, false)],
        }],
        search_path: vec!["public".to_owned()],
        options: vec!["security_barrier=true".to_owned()],
        comment: None,
        materialized: false,
        follows: None,
    }
}

fn put_view(was: Option<&View>, schema: &str, view: &View) -> Change {
    Change::PutView {
        was: was.map(|was| ("public".to_owned(), Arc::new(was.clone()))),
        schema: schema.to_owned(),
        view: Arc::new(view.clone()),
    }
}

fn drop_view(schema: &str, name: &str, oid: u32) -> Change {
    Change::DropView { schema: schema.to_owned(), name: name.to_owned(), oid }
}

#[test]
fn views_are_made_replaced_moved_and_dropped() {
    let mut fixture = Fixture::new();
    let table = small_table("t", 20_000);
    fixture.ok(put_small(None, &table));
    let first = view("v", 20_010, 20_000);
    let generation = fixture.ok(put_view(None, "public", &first));
    assert_eq!(generation.view("public", "v").map(|it| &**it), Some(&first));
    assert!(20_012 < generation.next_oid);
    // A name is one relation's.
    fixture.refused(put_view(None, "public", &view("v", 20_020, 20_000)), "42P07");
    fixture.refused(put_view(None, "public", &view("t", 20_020, 20_000)), "42P07");
    fixture.refused(put_small(None, &small_table("v", 20_020)), "42P07");
    fixture.refused(put_sequence(None, "public", &sequence("v", 20_020)), "42P07");
    fixture.refused(put_view(None, "public", &view("w", 20_020, 30_000)), "40001");
    fixture.refused(put_view(None, "nope", &view("w", 20_020, 20_000)), "3F000");
    let grant = Grant {
        target: Target::Table { schema: "public".to_owned(), table: "v".to_owned() },
        grantee: "public".to_owned(),
        privilege: Privilege::Insert,
        grantable: false,
        grantor: BOOTSTRAP_ROLE.to_owned(),
    };
    fixture.ok(Change::Grant(vec![grant]));
    fixture.ok(create_schema("app", 20_030));
    let second = View { name: "w".to_owned(), options: Vec::new(), ..first.clone() };
    let generation = fixture.ok(put_view(Some(&first), "app", &second));
    assert!(generation.view("public", "v").is_none() && generation.view("app", "w").is_some());
    let target = Target::Table { schema: "app".to_owned(), table: "w".to_owned() };
    assert!(generation.grants.iter().any(|grant| grant.target == target));
    fixture.refused(put_view(Some(&first), "app", &second), "40001");
    fixture.refused(drop_view("public", "w", 20_010), "40001");
    let generation = fixture.ok(drop_view("app", "w", 20_010));
    assert!(generation.schema("app").is_some_and(|it| it.views.is_empty()));
    assert!(generation.grants.is_empty());
}

#[test]
fn what_views_need_stays() {
    let mut fixture = Fixture::new();
    let table = small_table("t", 20_000);
    fixture.ok(put_small(None, &table));
    fixture.ok(put_view(None, "public", &view("v", 20_010, 20_000)));
    fixture.ok(put_view(None, "public", &view("w", 20_020, 20_010)));
    let drop = Change::DropTable { schema: "public".to_owned(), name: "t".to_owned(), oid: 20_000 };
    fixture.refused(drop.clone(), "2BP01");
    fixture.refused(drop_view("public", "v", 20_010), "2BP01");
    // Another name and a column that no view needs are no matter.
    let mut renamed = super::table::Table { name: "u".to_owned(), ..table.clone() };
    renamed.columns = Arc::new(Schema::new(vec![Field::new("aa", DataType::Int32, true)]));
    renamed.attributes.pop();
    fixture.ok(put_small(Some(&table), &renamed));
    let mut retyped = renamed.clone();
    retyped.columns = Arc::new(Schema::new(vec![Field::new("aa", DataType::Int64, true)]));
    fixture.refused(put_small(Some(&renamed), &retyped), "0A000");
    let mut without = renamed.clone();
    without.columns = Arc::new(Schema::empty());
    without.attributes.clear();
    fixture.refused(put_small(Some(&renamed), &without), "2BP01");
    // Nothing reads itself.
    let itself = view("v", 20_010, 20_020);
    let was = view("v", 20_010, 20_000);
    fixture.refused(put_view(Some(&was), "public", &itself), "42P17");
    let itself = view("x", 20_040, 20_040);
    fixture.refused(put_view(None, "public", &itself), "40001");
    // All of it together goes, the last first.
    let all = vec![
        drop_view("public", "w", 20_020),
        drop_view("public", "v", 20_010),
        Change::DropTable { schema: "public".to_owned(), name: "u".to_owned(), oid: 20_000 },
    ];
    let generation = fixture.commit(all).expect("drops");
    assert!(generation.schema("public").is_some_and(|it| it.views.is_empty()));
}

#[test]
fn dependents_come_in_the_order_of_postgresql() {
    let mut fixture = Fixture::new();
    fixture.ok(put_small(None, &small_table("t", 20_000)));
    fixture.ok(put_view(None, "public", &view("v1", 20_010, 20_000)));
    fixture.ok(put_view(None, "public", &view("v2", 20_020, 20_000)));
    let generation = fixture.ok(put_view(None, "public", &view("v3", 20_030, 20_010)));
    let object = Object::Relation;
    let told = |roots: &[Object]| {
        let found = generation.dependents(roots, &[]).found.into_iter();
        found.map(|Dependent { object, on }| (object, on)).collect::<Vec<_>>()
    };
    let t = object(20_000);
    let (v1, v2, v3) = (object(20_010), object(20_020), object(20_030));
    let all = vec![(v1.clone(), t.clone()), (v3.clone(), v1.clone()), (v2.clone(), t.clone())];
    assert_eq!(told(std::slice::from_ref(&t)), all);
    assert_eq!(told(&[v1.clone(), v3.clone()]), []);
    let column = |number| Object::Column { table: 20_000, number };
    assert_eq!(told(&[column(2)]), []);
    assert_eq!(told(&[column(1)]).len(), 3);
    let schema = Object::Schema("public".to_owned());
    let order = generation.dependents(std::slice::from_ref(&schema), &[]).order;
    assert_eq!(order, [v3, v2, v1, t, schema]);
}
