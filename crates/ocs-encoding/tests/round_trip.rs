//! Every encoding, there and back, over all of Unicode: what an encoding has goes as it
//! is, what it lacks as an escape, and all of it comes back.

use std::collections::HashSet;

use encoding_rs::{DecoderResult, EncoderResult};
use ocs_encoding::{Decoder, Encoding};
use proptest::prelude::*;
use serde_json::Value;

/// The encodings of the WHATWG Encoding Standard that can be written.
#[rustfmt::skip]
const WHATWG: [&str; 37] = [
    "Big5", "EUC-JP", "EUC-KR", "GBK", "IBM866", "ISO-2022-JP", "ISO-8859-2", "ISO-8859-3",
    "ISO-8859-4", "ISO-8859-5", "ISO-8859-6", "ISO-8859-7", "ISO-8859-8", "ISO-8859-8-I",
    "ISO-8859-10", "ISO-8859-13", "ISO-8859-14", "ISO-8859-15", "ISO-8859-16", "KOI8-R", "KOI8-U",
    "Shift_JIS", "UTF-8", "gb18030", "macintosh", "windows-874", "windows-1250", "windows-1251",
    "windows-1252", "windows-1253", "windows-1254", "windows-1255", "windows-1256",
    "windows-1257", "windows-1258", "x-mac-cyrillic", "x-user-defined",
];

/// The OEM code pages beside those that the Standard has.
#[rustfmt::skip]
const OEM: [&str; 17] = [
    "cp437", "cp720", "cp737", "cp775", "cp850", "cp852", "cp855", "cp857", "cp858", "cp860",
    "cp861", "cp862", "cp863", "cp864", "cp865", "cp869", "cp874",
];

fn encoding(name: &str) -> Encoding {
    let found = Encoding::named(name).expect(name);
    assert_eq!(found.to_string(), name);
    found
}

fn encoded(encoding: Encoding, json: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    encoding.encode_json(json, &mut bytes);
    bytes
}

/// What JSON escapes itself; and behind each, what a text of it looks like.
fn escaped_by_json(character: char) -> bool {
    character < ' ' || matches!(character, '"' | '\\')
}

/// All of Unicode that JSON does not escape by itself.
fn all() -> String {
    let all = '\0'..=char::MAX;
    all.filter(|character| !escaped_by_json(*character))
        .collect()
}

/// The characters that a text of JSON has as `\uXXXX`.
fn escapes(text: &str) -> Vec<char> {
    let units = text.split("\\u").skip(1).map(|rest| {
        let unit = u16::from_str_radix(&rest[..4], 16);
        unit.expect("four digits")
    });
    char::decode_utf16(units)
        .map(|character| character.expect("whole pairs"))
        .collect()
}

/// The characters that the Standard's encoder has no bytes for, or bytes that its
/// decoder reads as something else.
fn lacking(standard: &'static encoding_rs::Encoding, all: &str) -> Vec<char> {
    let mut lacking = Vec::new();
    let (mut bytes, mut mapped) = (Vec::new(), String::new());
    let mut encoder = standard.new_encoder();
    let mut rest = all;
    loop {
        bytes.reserve(64);
        let (result, read) =
            encoder.encode_from_utf8_to_vec_without_replacement(rest, &mut bytes, true);
        mapped.push_str(&rest[..read]);
        rest = &rest[read..];
        match result {
            EncoderResult::InputEmpty => break,
            EncoderResult::OutputFull => {}
            EncoderResult::Unmappable(character) => {
                lacking.push(character);
                // An escape stands in its place, never nothing.
                mapped.pop();
                mapped.push('?');
                bytes.reserve(16);
                let _ = encoder.encode_from_utf8_to_vec_without_replacement("?", &mut bytes, false);
            }
        }
    }
    let mut decoder = standard.new_decoder_without_bom_handling();
    let mut back = String::with_capacity(bytes.len() * 3 + 16);
    let (result, _) = decoder.decode_to_string_without_replacement(&bytes, &mut back, true);
    assert_eq!(result, DecoderResult::InputEmpty);
    assert_eq!(mapped.chars().count(), back.chars().count());
    let pairs = mapped.chars().zip(back.chars());
    lacking.extend(
        pairs
            .filter(|(one, other)| one != other)
            .map(|(one, _)| one),
    );
    lacking.sort_unstable();
    lacking
}

fn whole_unicode(names: &[&str], lacking: impl Fn(&str, &str) -> Vec<char>) {
    let all = all();
    let json = Value::from(all.as_str()).to_string();
    for name in names {
        let encoding = encoding(name);
        let bytes = encoded(encoding, &json);
        let text = encoding.decode(&bytes).expect(name);
        let back: Value = serde_json::from_str(&text).expect(name);
        assert!(back == all.as_str(), "{name}: something is lost");
        assert_eq!(escapes(&text), lacking(name, &all), "{name}");
    }
}

fn standard(name: &str) -> &'static encoding_rs::Encoding {
    encoding_rs::Encoding::for_label(name.as_bytes()).expect(name)
}

#[test]
fn encodings_of_the_standard() {
    let half = WHATWG.len() / 2;
    std::thread::scope(|scope| {
        for names in [&WHATWG[..half], &WHATWG[half..]] {
            scope.spawn(|| whole_unicode(names, |name, all| lacking(standard(name), all)));
        }
    });
}

#[test]
fn oem_code_pages() {
    whole_unicode(&OEM, |name, all| {
        let page = encoding(name);
        let has = (0..=u8::MAX).filter_map(|byte| page.decode(&[byte]).ok()?.chars().next());
        let has: HashSet<char> = has.collect();
        all.chars()
            .filter(|character| !has.contains(character))
            .collect()
    });
}

#[test]
fn what_is_written() {
    for (name, json, bytes) in [
        ("windows-1252", "\"ä€\"", &b"\"\xe4\x80\""[..]),
        ("ISO-8859-2", "\"ä€\"", b"\"\xe4\\u20ac\""),
        ("cp437", "\"ä€\"", b"\"\x84\\u20ac\""),
        ("cp858", "\"ä€\"", b"\"\x84\xd5\""),
        ("cp850", "\"\u{1f4de}\"", b"\"\\ud83d\\udcde\""),
        ("gb18030", "\"\u{1f4de}\"", b"\"\x94\x39\xdf\x36\""),
        ("x-user-defined", "\"\u{f7ff}ä\"", b"\"\xff\\u00e4\""),
        // Its bytes would be read as a backslash.
        ("Shift_JIS", "\"¥ソ\"", b"\"\\u00a5\x83\x5c\""),
        // Escapes stand in ASCII, and so does what follows.
        (
            "ISO-2022-JP",
            "\"日ä本\"",
            b"\"\x1b$BF|\x1b(B\\u00e4\x1b$BK\\\x1b(B\"",
        ),
        ("ISO-2022-JP", "\"¥€\"", b"\"\x1b(J\\\x1b(B\\u20ac\""),
        ("ISO-2022-JP", "{\"日\":1}", b"{\"\x1b$BF|\x1b(B\":1}"),
        ("ISO-2022-JP", "\"ｱ\"", b"\"\\uff71\""),
    ] {
        let written = encoded(encoding(name), json);
        let shown = String::from_utf8_lossy(&written);
        assert_eq!(written, bytes, "{name}: {json} became {shown}");
    }
}

#[test]
fn illegal_bytes() {
    for (name, bytes, offset) in [
        ("UTF-8", &b"{\"a\":\"\xff\"}"[..], 6),
        ("UTF-8", b"ab\xc3", 2),
        ("Shift_JIS", b"ab\x81\x20", 2),
        ("Shift_JIS", b"\x83\x5c\x83", 2),
        ("EUC-JP", b"abc\xa4\x22", 3),
        ("GBK", b"\x81", 0),
        ("gb18030", b"x\x84\x31\x95", 1),
        ("Big5", b"xy\xff\xfe\xfe", 2),
        ("EUC-KR", b"\xc8\x41", 0),
        ("ISO-2022-JP", b"a\x1b$BF|F\x7f", 6),
        ("ISO-2022-JP", b"a\xe4", 1),
        ("ISO-8859-8", b"\xe0\xff", 1),
        ("windows-1253", b"abc\xaa", 3),
        ("cp857", b"a\xd5", 1),
        ("cp874", b"\xa1\xdb", 1),
    ] {
        let encoding = encoding(name);
        let found = encoding.decode(bytes).map_err(|illegal| illegal.offset);
        assert_eq!(found, Err(offset), "{name}: {bytes:?}");
        // The same wherever the pieces end.
        for end in 0..bytes.len() {
            let mut decoder = encoding.decoder();
            let mut text = String::new();
            let (mut one, mut other) = bytes.split_at(end);
            let found = decoder
                .decode(&mut one, false, &mut text)
                .and_then(|()| decoder.decode(&mut other, true, &mut text))
                .map_err(|illegal| illegal.offset);
            assert_eq!(found, Err(offset), "{name}: {bytes:?} in two at {end}");
        }
    }
}

/// What follows illegal bytes can be read: quotation marks are not eaten.
#[test]
fn reading_goes_on() {
    for (name, bytes, right) in [
        ("Shift_JIS", &b"\"\x81\"\x83\x5c"[..], "\"?\"ソ"),
        ("EUC-KR", b"\xc8\"a", "?\"a"),
        ("gb18030", b"\x84\x31\"\xc4\xe3", "??\"你"),
        ("cp874", b"\xdb\"\xdc", "?\"?"),
        ("UTF-8", b"\xc3\"\xc3\xa4\xff", "?\"ä?"),
    ] {
        let mut decoder = encoding(name).decoder();
        let text = read_on(&mut decoder, bytes);
        // How many characters an illegal sequence stands for is the Standard's business.
        let folded = |text: &str| {
            text.replace("??", "?")
                .replace("1?", "?")
                .replace("?1", "?")
        };
        assert_eq!(folded(&text), folded(right), "{name}");
    }
}

fn read_on(decoder: &mut Decoder, mut bytes: &[u8]) -> String {
    let mut text = String::new();
    while decoder.decode(&mut bytes, true, &mut text).is_err() {
        text.push('?');
    }
    text
}

#[test]
fn names() {
    for (name, right) in [
        ("utf-8", "UTF-8"),
        ("UTF8", "UTF-8"),
        ("windows-1252", "windows-1252"),
        ("latin1", "windows-1252"),
        ("shift_jis", "Shift_JIS"),
        ("iso-2022-jp", "ISO-2022-JP"),
        ("gb2312", "GBK"),
        ("437", "cp437"),
        ("cp437", "cp437"),
        ("IBM437", "cp437"),
        ("858", "cp858"),
        ("IBM00858", "cp858"),
        ("866", "IBM866"),
        ("cp866", "IBM866"),
        ("874", "cp874"),
        ("dos-874", "windows-874"),
    ] {
        let found = Encoding::named(name).map(|encoding| encoding.to_string());
        assert_eq!(found.as_deref(), Some(right), "{name}");
    }
    for name in [
        "",
        " utf-8",
        "utf-8\n",
        "utf-16",
        "utf-16le",
        "utf-16be",
        "replacement",
        "iso-2022-kr",
        "hz-gb-2312",
        "cp",
        "cp999",
        "+437",
        "0437",
        "cpcp437",
        "ibm 437",
        "ebcdic",
    ] {
        assert_eq!(Encoding::named(name), None, "{name}");
    }
}

fn any_encoding() -> impl Strategy<Value = &'static str> {
    prop::sample::select([&WHATWG[..], &OEM[..]].concat())
}

/// Text of what encodings have and of what they lack.
fn any_text() -> impl Strategy<Value = String> {
    let pieces = prop::sample::select(vec![
        "a",
        "\"",
        "\\",
        "\u{1}",
        "\u{7f}",
        "ä",
        "€",
        "¥",
        "‾",
        "−",
        "ｱ",
        "日本",
        "ソ",
        "Привет",
        "ก",
        "עברית",
        "한국",
        "你好",
        "\u{e78d}",
        "\u{f7ff}",
        "\u{1f4de}",
        "\u{feff}",
        "\u{fffd}",
    ]);
    prop_oneof![
        ".{0,12}",
        prop::collection::vec(pieces, 0..8).prop_map(|pieces| pieces.concat()),
    ]
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<i64>().prop_map(Value::from),
        any_text().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::vec((any_text(), inner), 0..6)
                .prop_map(|pairs| Value::Object(pairs.into_iter().collect())),
        ]
    })
}

proptest! {
    /// Any JSON comes back from any encoding, in whatever pieces it comes.
    #[test]
    fn random_json(name in any_encoding(), json in any_json(), size in 1_usize..9) {
        let encoding = encoding(name);
        // Two texts in a row: each begins where the one before has ended.
        let mut bytes = encoded(encoding, &json.to_string());
        bytes.push(b'\n');
        encoding.encode_json(&json.to_string(), &mut bytes);
        let whole = encoding.decode(&bytes).expect(name);
        for line in whole.split('\n') {
            prop_assert_eq!(&serde_json::from_str::<Value>(line).expect(line), &json);
        }
        let mut decoder = encoding.decoder();
        let mut text = String::new();
        for mut piece in bytes.chunks(size) {
            decoder.decode(&mut piece, false, &mut text).expect(name);
        }
        decoder.decode(&mut &b""[..], true, &mut text).expect(name);
        prop_assert_eq!(text, whole);
    }
}
