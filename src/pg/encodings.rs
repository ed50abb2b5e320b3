//! Character encodings by PostgreSQL's names and numbers (manual, section 24.3; encnames.c), and text in them.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::LazyLock;

use crate::error::{Error, Result};
use crate::pg::decode;

/// The encodings by number (pg_wchar.h).
const NAMES: &[&str] = &[
    "SQL_ASCII",
    "EUC_JP",
    "EUC_CN",
    "EUC_KR",
    "EUC_TW",
    "EUC_JIS_2004",
    "UTF8",
    "MULE_INTERNAL",
    "LATIN1",
    "LATIN2",
    "LATIN3",
    "LATIN4",
    "LATIN5",
    "LATIN6",
    "LATIN7",
    "LATIN8",
    "LATIN9",
    "LATIN10",
    "WIN1256",
    "WIN1258",
    "WIN866",
    "WIN874",
    "KOI8R",
    "WIN1251",
    "WIN1252",
    "ISO_8859_5",
    "ISO_8859_6",
    "ISO_8859_7",
    "ISO_8859_8",
    "WIN1250",
    "WIN1253",
    "WIN1254",
    "WIN1255",
    "WIN1257",
    "KOI8U",
    "SJIS",
    "BIG5",
    "GBK",
    "UHC",
    "GB18030",
    "JOHAB",
    "SHIFT_JIS_2004",
];

/// Other names, without what names are compared without; `windowsN` is `WINN` beside them.
const ALIASES: &[(&str, &str)] = &[
    ("ABC", "WIN1258"),
    ("ALT", "WIN866"),
    ("ISO88591", "LATIN1"),
    ("ISO885910", "LATIN6"),
    ("ISO885913", "LATIN7"),
    ("ISO885914", "LATIN8"),
    ("ISO885915", "LATIN9"),
    ("ISO885916", "LATIN10"),
    ("ISO88592", "LATIN2"),
    ("ISO88593", "LATIN3"),
    ("ISO88594", "LATIN4"),
    ("ISO88599", "LATIN5"),
    ("KOI8", "KOI8R"),
    ("MSKANJI", "SJIS"),
    ("SHIFTJIS", "SJIS"),
    ("TCVN", "WIN1258"),
    ("TCVN5712", "WIN1258"),
    ("UNICODE", "UTF8"),
    ("VSCII", "WIN1258"),
    ("WIN", "WIN1251"),
    ("WIN932", "SJIS"),
    ("WIN936", "GBK"),
    ("WIN949", "UHC"),
    ("WIN950", "BIG5"),
];

/// The number of the encoding that a client may call `name`.
pub(crate) fn number(name: &str) -> Option<usize> {
    let plain = |name: &str| {
        let letters = name.chars().filter(char::is_ascii_alphanumeric);
        letters.map(|c| c.to_ascii_uppercase()).collect::<String>()
    };
    let wanted = plain(name).replace("WINDOWS", "WIN");
    let alias = ALIASES.iter().find(|(alias, _)| *alias == wanted);
    let wanted = alias.map_or(wanted.as_str(), |(_, name)| name);
    NAMES.iter().position(|known| plain(known) == wanted || *known == wanted)
}

/// The name of the encoding of that number.
pub(crate) fn name(number: usize) -> Option<&'static str> {
    NAMES.get(number).copied()
}

/// An encoding that text can be converted from and to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// No encoding: bytes are taken as they are.
    Ascii,
    /// That of the server.
    Utf8,
    /// One byte for each character.
    Single(&'static Table),
}

/// The characters of an encoding of one byte.
#[derive(Debug, PartialEq, Eq)]
pub struct Table {
    name: &'static str,
    /// The characters of the bytes from 0x80; below, all are ASCII.
    upper: Vec<Option<char>>,
    bytes: HashMap<char, u8>,
}

static TABLES: LazyLock<Vec<Table>> = LazyLock::new(|| {
    let lines = include_str!("encodings.txt").lines().filter(|line| !line.starts_with('#'));
    lines.filter_map(|line| line.split_once(' ')).map(|(name, codes)| table(name, codes)).collect()
});

fn table(name: &'static str, codes: &str) -> Table {
    let digits: Vec<u32> = codes.chars().filter_map(|digit| digit.to_digit(16)).collect();
    let upper: Vec<Option<char>> = digits
        .chunks(4)
        .map(|code| code.iter().fold(0, |code, digit| code << 4 | digit))
        .map(|code| char::from_u32(code).filter(|c| *c != '\0'))
        .collect();
    let places = (0x80_u8..=0xff).zip(&upper);
    let bytes = places.filter_map(|(byte, c)| c.map(|c| (c, byte))).collect();
    Table { name, upper, bytes }
}

/// The encoding called `name`, which a message calls `what`.
/// Errors: 22023 for an unknown one, 0A000 for one of several bytes that is not UTF-8.
pub(crate) fn named(name: &str, what: &str) -> Result<Encoding> {
    let known = number(name)
        .and_then(self::name)
        .ok_or_else(|| Error::InvalidParameterValue(format!("invalid {what} name \"{name}\"")))?;
    match known {
        "SQL_ASCII" => Ok(Encoding::Ascii),
        "UTF8" => Ok(Encoding::Utf8),
        _ => {
            TABLES.iter().find(|table| table.name == known).map(Encoding::Single).ok_or_else(|| {
                Error::FeatureNotSupported(format!("encoding {known} is not supported"))
            })
        }
    }
}

impl Encoding {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Encoding::Ascii => "SQL_ASCII",
            Encoding::Utf8 => "UTF8",
            Encoding::Single(table) => table.name,
        }
    }

    /// Errors: 22021 for bytes that no text in this encoding has.
    pub(crate) fn verify(self, bytes: &[u8]) -> Result<()> {
        if let Encoding::Utf8 = self {
            return decode::utf8(bytes).map(drop);
        }
        match bytes.contains(&0) {
            true => Err(Error::CharacterNotInRepertoire(format!(
                "invalid byte sequence for encoding \"{}\": 0x00",
                self.name()
            ))),
            false => Ok(()),
        }
    }

    /// The number of characters. Errors: as [`Encoding::verify`].
    pub(crate) fn characters(self, bytes: &[u8]) -> Result<usize> {
        self.verify(bytes)?;
        Ok(match self {
            Encoding::Utf8 => decode::utf8(bytes)?.chars().count(),
            _ => bytes.len(),
        })
    }

    /// The text that `bytes` are in this encoding.
    /// Errors: as [`Encoding::verify`]; 22P05 for a byte without a character.
    pub(crate) fn decode(self, bytes: &[u8]) -> Result<Cow<'_, str>> {
        let Encoding::Single(table) = self else { return decode::utf8(bytes).map(Cow::Borrowed) };
        self.verify(bytes)?;
        let character = |byte: &u8| match byte.checked_sub(0x80) {
            None => Ok(char::from(*byte)),
            Some(place) => {
                let found = table.upper.get(usize::from(place)).copied().flatten();
                found.ok_or_else(|| untranslatable(&[*byte], table.name, "UTF8"))
            }
        };
        bytes.iter().map(character).collect::<Result<String>>().map(Cow::Owned)
    }

    /// `text` in this encoding. Errors: 22P05 for a character it does not have.
    pub(crate) fn encode(self, text: &str) -> Result<Vec<u8>> {
        let Encoding::Single(table) = self else { return Ok(text.as_bytes().to_vec()) };
        let byte = |c: char| match u8::try_from(c).ok().filter(u8::is_ascii) {
            Some(ascii) => Ok(ascii),
            None => table.bytes.get(&c).copied().ok_or_else(|| {
                untranslatable(c.encode_utf8(&mut [0; 4]).as_bytes(), "UTF8", table.name)
            }),
        };
        text.chars().map(byte).collect()
    }
}

impl Encoding {
    /// Whether text in it is not what the server has.
    pub(crate) fn converts(self) -> bool {
        matches!(self, Encoding::Single(_))
    }

    /// `text` in this encoding, with `?` for a character it does not have: for words that must arrive.
    pub(crate) fn encode_what_it_has(self, text: &str) -> Vec<u8> {
        let one = |c: char| {
            let bytes = self.encode(c.encode_utf8(&mut [0; 4]));
            bytes.unwrap_or_else(|_missing| vec![b'?'])
        };
        self.encode(text).unwrap_or_else(|_missing| text.chars().flat_map(one).collect())
    }
}

fn untranslatable(bytes: &[u8], source: &str, target: &str) -> Error {
    let hex: Vec<String> = bytes.iter().map(|byte| format!("0x{byte:02x}")).collect();
    Error::UntranslatableCharacter(format!(
        "character with byte sequence {} in encoding \"{source}\" has no equivalent in encoding \"{target}\"",
        hex.join(" ")
    ))
}

#[cfg(test)]
mod tests {
    use super::{Encoding, TABLES, name, named, number};

    fn check(encoding: &str, bytes: &[u8], text: &str) {
        let encoding = named(encoding, "encoding").expect("known");
        assert_eq!(encoding.decode(bytes).expect("text"), text);
        assert_eq!(encoding.encode(text).expect("bytes"), bytes);
    }

    #[test]
    fn text_is_converted_to_and_fro() {
        check("LATIN1", b"caf\xe9", "café");
        check("iso-8859-15", b"\xa4", "€");
        check("Windows-1252", b"\x80", "€");
        check("koi8", b"\xf6", "Ж");
        check("utf-8", "世".as_bytes(), "世");
    }

    #[test]
    fn what_has_no_equivalent_is_refused() {
        let single = named("WIN1252", "encoding").expect("known");
        let words =
            |result: crate::error::Result<Vec<u8>>| result.expect_err("refused").to_string();
        assert_eq!(
            words(single.decode(b"\x81").map(|text| text.into_owned().into_bytes())),
            "character with byte sequence 0x81 in encoding \"WIN1252\" has no equivalent in encoding \"UTF8\""
        );
        assert_eq!(
            words(single.encode("世")),
            "character with byte sequence 0xe4 0xb8 0x96 in encoding \"UTF8\" has no equivalent in encoding \"WIN1252\""
        );
        assert!(single.verify(b"a\0").is_err() && Encoding::Ascii.verify(b"\xff").is_ok());
        assert_eq!(single.encode_what_it_has("é世"), b"\xe9?");
        assert!(named("nope", "encoding").is_err() && named("SJIS", "encoding").is_err());
    }

    #[test]
    fn every_table_is_whole() {
        for table in TABLES.iter() {
            assert_eq!(table.upper.len(), 128, "{}", table.name);
            assert_eq!(number(table.name).and_then(name), Some(table.name));
        }
        assert_eq!(TABLES.len(), 27);
    }
}
