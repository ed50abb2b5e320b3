use super::list::{Entry, List};
use super::local;
use crate::error::Error;

fn list() -> List {
    let mut list = List { made_us: 1_795_874_400_000_001, lsn: 7, ..List::default() };
    list.state = Entry::of(b"state");
    list.manifests.insert(("a b".to_owned(), "v1@00".to_owned()), Entry::of(b"manifest"));
    list.logs.insert((16_384, "1.parquet".to_owned()), Entry::of(b"rows"));
    list
}

#[test]
fn a_list_is_read_as_it_was_written() {
    let text = list().encode().expect("encodes");
    assert_eq!(List::decode(text.as_bytes()).expect("decodes"), list());
    assert_eq!(list().name(), "20261128T140000000001Z-7");
    assert_eq!(list().size(), (3, 17));
}

#[test]
fn a_list_with_any_byte_changed_is_refused() {
    let text = list().encode().expect("encodes").into_bytes();
    for at in 0..text.len() {
        for bit in 0..8 {
            let mut damaged = text.clone();
            damaged[at] ^= 1 << bit;
            assert!(List::decode(&damaged).is_err(), "bit {bit} of byte {at}");
        }
        assert!(List::decode(&text[..at]).is_err(), "{at} bytes");
    }
}

/// A list whose checksum is right.
fn ended(lines: &str) -> String {
    let text =
        format!("forebay backup 1\nmade 1\nlsn 1\nstate {} 0\n{lines}", Entry::of(b"").name());
    let end = Entry::of(text.as_bytes()).name();
    format!("{text}end {end}\n")
}

#[test]
fn a_list_names_nothing_outside() {
    let sha256 = Entry::of(b"").name();
    let good = ended(&format!("log {sha256} 0 1/a\n"));
    assert!(List::decode(good.as_bytes()).is_ok());
    for line in [
        format!("log {sha256} 0 1/../a"),
        format!("log {sha256} 0 ../a"),
        format!("log {sha256} 0 1//a"),
        format!("log {sha256} 0 1/.a"),
        format!("manifest {sha256} 0 ../../etc/passwd"),
        format!("manifest {sha256} 0 d/a/b"),
        format!("manifest {} 0 d/a", sha256.to_uppercase()),
        "manifest ../x 0 d/a".to_owned(),
        "other".to_owned(),
    ] {
        let text = ended(&format!("{line}\n"));
        assert!(List::decode(text.as_bytes()).is_err(), "{line}");
    }
}

#[test]
fn a_name_that_a_line_cannot_have_is_refused() {
    for name in ["a\nb", "a/b", "..", ""] {
        let mut list = list();
        list.manifests.insert(("d".to_owned(), name.to_owned()), Entry::of(b""));
        assert_eq!(list.encode().expect_err(name).state(), "0A000");
    }
}

#[test]
fn another_format_is_told_apart_from_damage() {
    let text = list().encode().expect("encodes").replace("forebay backup 1", "forebay backup 2");
    assert!(matches!(List::decode(text.as_bytes()), Err(Error::IncompatibleState(_))));
}

#[test]
fn locations_are_absolute_paths() {
    assert_eq!(local("/a/b").expect("a path"), local("file:///a/b").expect("a URL"));
    for wrong in ["a", "", "./a", "/a/../b", "file://a"] {
        assert!(matches!(local(wrong), Err(Error::InvalidParameterValue(_))), "{wrong}");
    }
    assert!(matches!(local("s3://a/b"), Err(Error::FeatureNotSupported(_))));
}
