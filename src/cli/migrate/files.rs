//! Migration files: their names, their order, and what the rows of the history say against them.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use ring::digest;

use super::history::Applied;
use crate::error::{Error, Result};

/// Digits of the shortest number: names then sort as numbers do, up to 9,999 files.
const DIGITS_MIN: usize = 4;

/// Digits of the longest: room for a time to the second and more, and below what a bigint holds.
const DIGITS_MAX: usize = 18;

/// One file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct File {
    pub(super) number: i64,
    /// As in the directory.
    pub(super) name: String,
    /// Its text with lines that end in LF, as it is run.
    pub(super) text: String,
    /// SHA-256 of `text`, hexadecimal.
    pub(super) checksum: String,
}

/// What there is to do.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Plan<'a> {
    /// To be applied, in order.
    pub(super) pending: Vec<&'a File>,
    /// Left for later, since they are above the target.
    pub(super) later: Vec<&'a File>,
}

impl File {
    fn new(name: &str, number: i64, bytes: Vec<u8>) -> Result<File> {
        let text = String::from_utf8(bytes)
            .map_err(|e| Error::Migration(format!("\"{name}\" is not UTF-8: {e}")))?;
        // What a checkout or an editor changes by itself is no edit: neither the ends of lines nor a byte order mark.
        let text = text.strip_prefix('\u{feff}').unwrap_or(&text).replace("\r\n", "\n");
        let hash = digest::digest(&digest::SHA256, text.as_bytes());
        let checksum = hash.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(File { number, name: name.to_owned(), text, checksum })
    }
}

/// The files of `directory`, lowest number first. Names that begin with a dot, and those that neither end in `.sql` nor
/// begin with a digit, are others' business.
/// Errors: a misnamed file; two of one number; one that cannot be read.
pub(super) fn read(directory: &Path) -> Result<Vec<File>> {
    let failed = |path: &Path, e| Error::io(format!("read \"{}\"", path.display()), e);
    let mut names = Vec::new();
    for entry in fs::read_dir(directory).map_err(|e| failed(directory, e))? {
        let entry = entry.map_err(|e| failed(directory, e))?;
        names.push(entry.file_name().to_string_lossy().into_owned());
    }
    names.retain(|name| belongs(name));
    let mut files = Vec::new();
    for (number, name) in numbered(&names)? {
        let path = directory.join(name);
        files.push(File::new(name, number, fs::read(&path).map_err(|e| failed(&path, e))?)?);
    }
    Ok(files)
}

fn belongs(name: &str) -> bool {
    let sql = name.to_lowercase().ends_with(".sql");
    !name.starts_with('.') && (sql || name.starts_with(|first: char| first.is_ascii_digit()))
}

/// The names by their numbers.
/// Errors: every misnamed one; every number that several have.
fn numbered(names: &[String]) -> Result<Vec<(i64, &str)>> {
    let mut numbered: BTreeMap<i64, Vec<&str>> = BTreeMap::new();
    let mut wrong = Vec::new();
    for name in names {
        match number(name) {
            Some(number) => numbered.entry(number).or_default().push(name),
            None => wrong.push(format!("\"{name}\" is misnamed: a migration is NNNN_name.sql")),
        }
    }
    wrong.sort();
    for (number, names) in &mut numbered {
        names.sort_unstable();
        if let [first, second, ..] = names.as_slice() {
            wrong.push(format!("\"{second}\" has the number {number:04} of \"{first}\""));
        }
    }
    refused(&wrong)?;
    Ok(numbered
        .into_iter()
        .flat_map(|(number, names)| names.into_iter().map(move |name| (number, name)))
        .collect())
}

/// The number of a name that is right: digits, `_`, and letters, digits, `_` and `-`.
fn number(name: &str) -> Option<i64> {
    let (digits, title) = name.strip_suffix(".sql")?.split_once('_')?;
    let right = (DIGITS_MIN..=DIGITS_MAX).contains(&digits.len())
        && digits.bytes().all(|byte| byte.is_ascii_digit())
        && !title.is_empty()
        && title.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '-');
    if right { digits.parse().ok() } else { None }
}

/// What is to be done with `files` where `applied` are done already.
/// Errors: files that were edited or renamed or are missing since; one below what is applied; no file with the number
/// `target`.
pub(super) fn plan<'a>(
    files: &'a [File],
    applied: &[Applied],
    target: Option<i64>,
) -> Result<Plan<'a>> {
    refused(&complaints(files, applied))?;
    if let Some(target) = target.filter(|target| files.iter().all(|file| file.number != *target)) {
        return Err(Error::Migration(format!("no migration has the number {target:04}")));
    }
    let new = files.iter().filter(|file| applied.iter().all(|row| row.number != file.number));
    let (pending, later) = new.partition(|file| target.is_none_or(|target| file.number <= target));
    Ok(Plan { pending, later })
}

/// A line for every file that contradicts what was applied.
pub(super) fn complaints(files: &[File], applied: &[Applied]) -> Vec<String> {
    let mut wrong = Vec::new();
    for row in applied {
        let found = files.iter().find(|file| file.number == row.number);
        wrong.extend(found.map_or_else(
            || Some(format!("\"{}\" was applied and is missing", row.name)),
            |file| contradiction(file, row),
        ));
    }
    let Some(last) = applied.iter().map(|row| row.number).max() else {
        return wrong;
    };
    for file in files.iter().filter(|file| file.number < last) {
        if applied.iter().all(|row| row.number != file.number) {
            let name = &file.name;
            wrong.push(format!("\"{name}\" has a number below {last:04}, which is applied"));
        }
    }
    wrong
}

fn contradiction(file: &File, row: &Applied) -> Option<String> {
    if file.name != row.name {
        return Some(format!("\"{}\" was applied under the name \"{}\"", file.name, row.name));
    }
    let edited = file.checksum != row.checksum;
    edited.then(|| format!("\"{}\" was edited after it was applied", file.name))
}

/// All complaints as one error, a line each.
pub(super) fn refused(complaints: &[String]) -> Result<()> {
    if complaints.is_empty() {
        return Ok(());
    }
    Err(Error::Migration(complaints.join("\n  ")))
}

#[cfg(test)]
mod tests {
    use super::{Applied, File, belongs, complaints, number, numbered, plan};

    #[test]
    fn names_have_a_number_and_a_title() {
        for (name, want) in [
            ("0001_init.sql", Some(1)),
            ("0000_a.sql", Some(0)),
            ("12345_Add-price_2.sql", Some(12_345)),
            ("20260301120000_größe.sql", Some(20_260_301_120_000)),
            ("001_init.sql", None),
            ("0001-init.sql", None),
            ("0001_.sql", None),
            ("0001.sql", None),
            ("0001_a b.sql", None),
            ("0001_a.b.sql", None),
            ("0001_a.SQL", None),
            ("0001_a.sql.bak", None),
            ("+001_a.sql", None),
            ("V1__init.sql", None),
            ("1234567890123456789_a.sql", None),
        ] {
            assert_eq!(number(name), want, "{name}");
        }
        for (name, want) in [
            ("init.sql", true),
            ("INIT.SQL", true),
            ("0001_a", true),
            ("README.md", false),
            ("schema.lock", false),
            (".0001_a.sql", false),
        ] {
            assert_eq!(belongs(name), want, "{name}");
        }
    }

    #[test]
    fn files_are_in_the_order_of_their_numbers() {
        let names = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>();
        let found = names(&["10000_c.sql", "0002_b.sql", "0010_a.sql"]);
        let order = [(2, "0002_b.sql"), (10, "0010_a.sql"), (10_000, "10000_c.sql")];
        assert_eq!(numbered(&found).expect("right names"), order);
        let wrong = names(&["0002_b.sql", "init.sql", "00002_a.sql"]);
        let said = numbered(&wrong).expect_err("two are wrong").to_string();
        assert_eq!(
            said,
            "\"init.sql\" is misnamed: a migration is NNNN_name.sql\n  \
             \"0002_b.sql\" has the number 0002 of \"00002_a.sql\""
        );
    }

    fn file(number: i64, text: &str) -> File {
        let name = format!("{number:04}_f.sql");
        File::new(&name, number, text.as_bytes().to_vec()).expect("UTF-8")
    }

    fn applied(file: &File) -> Applied {
        let (number, name, checksum) = (file.number, file.name.clone(), file.checksum.clone());
        Applied { number, name, checksum, applied_at: String::new(), duration_ms: 0 }
    }

    #[test]
    fn ends_of_lines_are_no_edit() {
        // SHA-256 of "a\nb\n", of any other tool.
        let want = "911169ddaaf146aff539f58c26c489af3b892dff0fe283c1c264c65ae5aa59a2";
        for text in ["a\nb\n", "a\r\nb\r\n", "\u{feff}a\r\nb\n"] {
            assert_eq!(file(1, text).checksum, want, "{text:?}");
        }
        assert_ne!(file(1, "a\nb").checksum, want);
        assert!(File::new("0001_f.sql", 1, vec![0xff]).is_err());
    }

    #[test]
    fn what_contradicts_the_history_is_told() {
        let files = [file(1, "a"), file(2, "b"), file(3, "c")];
        let all: Vec<Applied> = files.iter().map(applied).collect();
        let check = |files: &[File], rows: &[Applied], want: &[&str]| {
            assert_eq!(complaints(files, rows), want);
        };
        check(&files, &[], &[]);
        check(&files, &all, &[]);
        check(&files, &all[..2], &[]);
        check(&files[..2], &all, &["\"0003_f.sql\" was applied and is missing"]);
        let edited = [file(1, "a"), file(2, "B"), file(3, "c")];
        check(&edited, &all, &["\"0002_f.sql\" was edited after it was applied"]);
        let below = "\"0002_f.sql\" has a number below 0003, which is applied";
        check(&files, &[all[0].clone(), all[2].clone()], &[below]);
        let renamed = File { name: "0001_g.sql".to_owned(), ..file(1, "a") };
        let said = "\"0001_g.sql\" was applied under the name \"0001_f.sql\"";
        check(&[renamed], &all[..1], &[said]);
    }

    #[test]
    fn a_target_leaves_the_rest() {
        let files = [file(1, "a"), file(2, "b"), file(4, "c")];
        let rows = [applied(&files[0])];
        let check = |target, pending: &[i64], later: &[i64]| {
            let plan = plan(&files, &rows, target).expect("nothing is wrong");
            let numbers = |files: &[&File]| files.iter().map(|f| f.number).collect::<Vec<_>>();
            assert_eq!(
                (numbers(&plan.pending), numbers(&plan.later)),
                (pending.into(), later.into())
            );
        };
        check(None, &[2, 4], &[]);
        check(Some(2), &[2], &[4]);
        check(Some(1), &[], &[2, 4]);
        assert!(plan(&files, &rows, Some(3)).is_err());
    }
}
