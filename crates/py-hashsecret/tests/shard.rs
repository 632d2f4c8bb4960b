//! The example `shard` beside a Python service: both put every key into the same shard.
//!
//! `PYTHON_ORACLE` names the python.
#![cfg(all(not(loom), not(miri), feature = "std", target_pointer_width = "64"))]

#[allow(dead_code, unreachable_pub, reason = "an example has a main")]
#[path = "../examples/shard.rs"]
mod shard;

use py_hashsecret::HashSecret;
use shard::Shards;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::num::NonZeroU32;
use std::process::{Command, Stdio};

/// What the Python service does. Its keys are lines of UTF-8 in which lone surrogates may be.
const SERVICE: &str = r#"
import sys
shards = int(sys.argv[1])
for line in sys.stdin.buffer:
    key = line.removesuffix(b"\n").decode("utf-8", "surrogatepass")
    print(hash(key) % shards)
"#;

fn keys() -> Vec<Vec<u8>> {
    let mut keys: Vec<Vec<u8>> = (0..3000)
        .map(|n| format!("user:{n}").into_bytes())
        .collect();
    keys.extend((0..1000).map(|n| format!("größe {n} 日本語 🦀").into_bytes()));
    keys.extend([b"".to_vec(), b"\xed\xa0\x80 alone".to_vec(), b"\r".to_vec()]);
    keys
}

fn lines(keys: &[Vec<u8>]) -> Vec<u8> {
    keys.iter()
        .flat_map(|key| [key, &b"\n"[..]].concat())
        .collect()
}

#[test]
fn every_key_is_in_the_shard_where_python_looks_for_it() {
    let Some(python) = std::env::var_os("PYTHON_ORACLE") else {
        println!("skipped: PYTHON_ORACLE is not set");
        return;
    };
    let keys = lines(&keys());
    for seed in [0, 1, 42, 4_294_967_295] {
        for count in [1, 2, 7, 16, 1000] {
            let mut service = Command::new(&python)
                .args(["-S", "-c", SERVICE, &count.to_string()])
                .env("PYTHONHASHSEED", seed.to_string())
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .spawn()
                .expect("PYTHON_ORACLE runs");
            let mut stdin = service.stdin.take().unwrap();
            let questions = keys.clone();
            let writer = std::thread::spawn(move || stdin.write_all(&questions));
            let theirs = service.wait_with_output().unwrap();
            writer.join().unwrap().unwrap();
            assert!(theirs.status.success());
            let shards = Shards::new(NonZeroU32::new(count).unwrap(), HashSecret::from_seed(seed));
            let mut ours = Vec::new();
            shards.serve(&keys[..], &mut ours).unwrap();
            assert_eq!(
                String::from_utf8(ours).unwrap(),
                String::from_utf8(theirs.stdout).unwrap(),
                "seed {seed}, {count} shards"
            );
        }
    }
}

#[test]
fn shards_are_never_negative_and_all_are_used() {
    let shards = Shards::new(NonZeroU32::new(7).unwrap(), HashSecret::from_seed(42));
    let mut used = [0; 7];
    let mut negative = 0;
    for key in keys() {
        used[shards.of(&key).unwrap() as usize] += 1;
        negative += u32::from(HashSecret::from_seed(42).hash_wtf8(&key).unwrap() < 0);
    }
    assert!(negative > 1000);
    assert!(used.iter().all(|&n| n > 400), "{used:?}");
}

#[test]
fn a_line_that_is_no_text_is_told_and_the_next_one_served() {
    let shards = Shards::new(NonZeroU32::MIN, HashSecret::from_seed(42));
    let mut answers = Vec::new();
    shards.serve(&b"caf\xe9\nspam"[..], &mut answers).unwrap();
    let answers = String::from_utf8(answers).unwrap();
    assert_eq!(answers, "error: invalid WTF-8 from byte 3 on\n0\n");
}

#[test]
fn an_answer_comes_before_the_next_question() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let shards = Shards::new(NonZeroU32::new(16).unwrap(), HashSecret::from_seed(42));
    let service = std::thread::spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        shards.serve(&stream, &stream).unwrap();
    });
    let mut client = TcpStream::connect(address).unwrap();
    let mut answers = BufReader::new(client.try_clone().unwrap());
    for key in ["spam", "eggs"] {
        client.write_all(format!("{key}\n").as_bytes()).unwrap();
        let mut answer = String::new();
        answers.read_line(&mut answer).unwrap();
        let shard = shards.of(key.as_bytes()).unwrap();
        assert_eq!(answer, format!("{shard}\n"));
    }
    client.shutdown(std::net::Shutdown::Write).unwrap();
    service.join().unwrap();
}
