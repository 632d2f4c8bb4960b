//! A service that answers with the shard of a key, as a Python service does: `hash(key) % shards`,
//! under the same `PYTHONHASHSEED`. Each of the two can read what the other has stored.
//!
//! ```text
//! export PYTHONHASHSEED=42
//! printf 'spam\neggs\n' | cargo run -q -p py-hashsecret --example shard -- 16
//! cargo run -q -p py-hashsecret --example shard -- 16 127.0.0.1:7000   # the same over TCP
//! python3 -c 'print(hash("spam") % 16, hash("eggs") % 16)'             # prints the same
//! ```
//! Each line is a key, and each answer is one line. A key that is not text (WTF-8) is answered with
//! an error.

use py_hashsecret::{HashSecret, HashSeed, Wtf8Error, init};
use std::error::Error;
use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::net::TcpListener;
use std::num::NonZeroU32;
use std::process::ExitCode;

/// The shards of one service, and the secret that it shares with the Python one.
#[derive(Clone, Copy, Debug)]
pub struct Shards {
    count: NonZeroU32,
    secret: HashSecret,
}

impl Shards {
    /// This many shards under this secret.
    pub fn new(count: NonZeroU32, secret: HashSecret) -> Shards {
        Shards { count, secret }
    }

    /// The shard of a key, which is the text of a Python `str`.
    ///
    /// Half of all hashes are negative. Python's `%` takes the sign of the divisor, and Rust's `%`
    /// that of the dividend, so this uses `rem_euclid`.
    ///
    /// # Errors
    /// [`Wtf8Error`] if the key is not text.
    pub fn of(&self, key: &[u8]) -> Result<i64, Wtf8Error> {
        let hash = self.secret.hash_wtf8(key)? as i64;
        Ok(hash.rem_euclid(self.count.get().into()))
    }

    /// Answers each line with its shard, until there are no more.
    ///
    /// # Errors
    /// Those of reading and writing.
    pub fn serve(&self, keys: impl io::Read, answers: impl Write) -> io::Result<()> {
        let (mut keys, mut answers) = (BufReader::new(keys), BufWriter::new(answers));
        let mut line = Vec::new();
        while keys.read_until(b'\n', &mut line)? > 0 {
            match self.of(line.strip_suffix(b"\n").unwrap_or(&line)) {
                Ok(shard) => writeln!(answers, "{shard}")?,
                Err(error) => writeln!(answers, "error: {error}")?,
            }
            // Flush before the next read blocks: the client may wait for this answer.
            if keys.buffer().is_empty() {
                answers.flush()?;
            }
            line.clear();
        }
        answers.flush()
    }

    fn listen(self, address: &str) -> io::Result<()> {
        let listener = TcpListener::bind(address)?;
        println!("listening on {}", listener.local_addr()?);
        loop {
            let (stream, peer) = listener.accept()?;
            std::thread::spawn(move || {
                if let Err(error) = self.serve(&stream, &stream) {
                    eprintln!("{peer}: {error}");
                }
            });
        }
    }
}

/// The number of shards and the address, or what is wrong with them.
fn arguments() -> Result<(NonZeroU32, Option<String>), String> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (count, address) = match &arguments[..] {
        [count] => (count, None),
        [count, address] => (count, Some(address.clone())),
        _ => return Err("usage: shard SHARDS [ADDRESS:PORT]".to_owned()),
    };
    let count = count.parse::<NonZeroU32>();
    let count = count.map_err(|error| format!("{}: {error}", arguments[0]))?;
    Ok((count, address))
}

fn run() -> Result<(), Box<dyn Error>> {
    let (count, address) = arguments()?;
    if HashSeed::from_env()? == HashSeed::Random {
        return Err(
            "PYTHONHASHSEED is not set to a number, so each process hashes as it likes \
                    and no two would agree on a shard"
                .into(),
        );
    }
    let shards = Shards::new(count, init()?);
    match address {
        Some(address) => shards.listen(&address)?,
        None => shards.serve(io::stdin().lock(), io::stdout().lock())?,
    }
    Ok(())
}

/// Serves until the keys end, or reports in one line what is wrong.
pub fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("shard: {error}");
            ExitCode::FAILURE
        }
    }
}
