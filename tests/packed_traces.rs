//! Traces that are compressed or in UTF-16: read as the plain file, and refused with the rule if they are cut, damaged, or
//! grow without bound.

use std::io::Write as _;
use std::time::{Duration, Instant};

use flate2::Compression;
use flate2::write::GzEncoder;
use ruzstd::encoding::{CompressionLevel, compress_to_vec};
use serde_json::Value;

use crate::middleware::{middleware, report};
use crate::support::{Ended, Folder};

/// Describes the file `t`.
fn describe(folder: &Folder) -> Ended {
    folder.run("middleware", "describe t").end()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    compress_to_vec(bytes, CompressionLevel::Fastest)
}

#[test]
fn cut_and_damaged_files_are_named() {
    let text = "arrival_ns,size\n".to_owned()
        + &(0..3_000u64).map(|row| format!("{},{}\n", row * 977, row * row % 1_013)).collect::<String>();
    for (name, whole) in [("gzip", gzip(text.as_bytes())), ("zstd", zstd(text.as_bytes()))] {
        describe(&Folder::with("t", &whole)).exited(0);
        for part in 1..20 {
            let cut = whole.len() * part / 20;
            let ended = describe(&Folder::with("t", &whole[..cut])).exited(3);
            ended.says(&format!("error: t: the {name} data is cut short"));
            let mut damaged = whole.clone();
            damaged[cut] ^= 0x55;
            let ended = describe(&Folder::with("t", &damaged)).exited(3);
            // Before the damage is found, rows may be wrong by it.
            let error = ended.errors();
            assert!(error.starts_with("error: t:"), "{error}");
        }
        let behind = [whole.as_slice(), b"x"].concat();
        describe(&Folder::with("t", behind)).exited(3).says(&format!("error: t: the {name} data is "));
    }
    let utf16: Vec<u8> = "\u{feff}arrival_ns\n1\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    describe(&Folder::with("t", &utf16[..utf16.len() - 1]))
        .exited(3)
        .says("error: t: the UTF-16 text ends within a character");
}

#[test]
fn a_packed_or_piped_trace_gives_the_figures_of_the_plain_file() {
    let folder = Folder::new();
    folder.run("tracegen", "--samples 20000 --out t.csv").succeeds();
    let plain = folder.read("t.csv");
    let utf16: Vec<u8> = "\u{feff}"
        .encode_utf16()
        .chain(String::from_utf8(plain.clone()).unwrap().encode_utf16())
        .flat_map(u16::to_be_bytes)
        .collect();
    let expected = report(&folder, "--trace t.csv");
    for (name, bytes) in [("gzip", gzip(&plain)), ("zstd", zstd(&plain)), ("UTF-16", utf16), ("plain", plain)] {
        std::fs::write(folder.path("p"), &bytes).unwrap();
        let of_file = report(&folder, "--trace p");
        let of_pipe = middleware(&folder, "run --json --trace -").stdin(bytes).succeeds().json();
        for (how, read) in [("file", of_file), ("pipe", of_pipe)] {
            for part in ["workers", "run", "notes", "settings"] {
                assert_eq!(read[part].to_string(), expected[part].to_string(), "{name}, {how}: {part}");
            }
            // The digest is of the text, so that it does not depend on how that is compressed.
            if name != "UTF-16" {
                let digest = |report: &Value| report["trace"]["files"][0]["blake3"].clone();
                assert_eq!(digest(&read), digest(&expected), "{name}, {how}");
            }
        }
    }
}

/// A Zstandard frame with a window of 2^(10 + `exponent`) bytes, and these blocks: header and body.
fn frame(exponent: u8, blocks: impl Iterator<Item = (u32, Vec<u8>)>) -> Vec<u8> {
    let mut frame = vec![0x28, 0xb5, 0x2f, 0xfd, 0, exponent << 3];
    for (header, body) in blocks {
        frame.extend_from_slice(&header.to_le_bytes()[..3]);
        frame.extend(body);
    }
    frame
}

const KIB_128: u32 = 128 << 10;

/// A block of 128 KiB of `byte`: 4 bytes.
fn repeated(byte: u8) -> (u32, Vec<u8>) {
    (KIB_128 << 3 | 1 << 1, vec![byte])
}

/// A compressed block of 65,000 copies of 131,074 bytes each.
fn copies() -> (u32, Vec<u8>) {
    const COPIES: u16 = 65_000;
    // No literals; the number of copies; one code each for all lengths of literals (0), offsets (0) and copies (52).
    let mut body = vec![0, 0xff];
    body.extend((COPIES - 0x7f00).to_le_bytes());
    body.extend([0x54, 0, 0, 52]);
    // 16 more bits of the length of each copy, and the bit that ends the stream.
    body.extend(vec![0xff; 2 * usize::from(COPIES)]);
    body.push(1);
    ((body.len() as u32) << 3 | 2 << 1 | 1, body)
}

#[test]
fn a_bomb_is_refused_at_once_in_bounded_memory() {
    let mut gzip = gzip(&vec![0; 16 << 20]).repeat(64);
    let raw = (16 << 3, b"arrival_ns\n1\n2\n3".to_vec());
    let too_long = ": the line is longer than 65536 bytes";
    let zstd = |byte: u8, exponent: u8| frame(exponent, std::iter::repeat_n(repeated(byte), 8_192));
    let bombs = [
        (gzip.clone(), format!("t:1{too_long}")),
        (zstd(0, 10), format!("t:1{too_long}")),
        (zstd(b'x', 17), format!("t:1{too_long}")),
        (zstd(b'x', 18), "t: the zstd data needs a window of 256 MiB, above the limit of 128 MiB".to_owned()),
        (frame(13, [raw, copies()].into_iter()), "t: the zstd data is damaged: ".to_owned()),
        // Nothing but line breaks.
        (frame(10, std::iter::repeat_n(repeated(b'\n'), 8_192)), "t: the zstd data is cut short".to_owned()),
    ];
    for (bomb, error) in bombs {
        let folder = Folder::with("t", bomb);
        let began = Instant::now();
        // A process of this much address space has no room for the gigabyte.
        let line = "ulimit -v 700000; middleware describe t";
        folder.shell(line).exits(3).says(&format!("error: {error}"));
        assert!(began.elapsed() < Duration::from_secs(20), "{error}: {:?}", began.elapsed());
    }
    // A gigabyte in one row is skipped if rows are.
    let mut rows = self::gzip(b"arrival_ns\n1\n");
    rows.append(&mut gzip);
    rows.extend(self::gzip(b"\n2\n"));
    let folder = Folder::with("t", rows);
    let line = "ulimit -v 700000; middleware describe t --skip-bad-rows";
    folder.shell(line).exits(0).prints("1 rows were skipped").prints("requests          2 in 1 ns");
}
