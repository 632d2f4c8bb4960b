//! What the real `python3` says, against our errors.

use py_thread::{Builder, Handle, NAME_MAX, Seconds, Timeout};
use std::process::Command;

/// Runs a script with `PYTHON_ORACLE`, and gives what it printed; says so where there is none.
pub(crate) fn ask(script: &str) -> Option<String> {
    let Some(python) = std::env::var_os("PYTHON_ORACLE") else {
        println!("skipped: PYTHON_ORACLE is not set");
        return None;
    };
    let output = Command::new(python).args(["-I", "-c", script]).output();
    let output = output.expect("PYTHON_ORACLE names an executable");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    Some(String::from_utf8(output.stdout).expect("text"))
}

const HANDLES: &str = r"
import _thread, time
def words(f):
    try:
        f()
    except RuntimeError as e:
        print(e)
unstarted = _thread._ThreadHandle()
words(unstarted.join)
words(unstarted._set_done)
done = _thread.start_joinable_thread(lambda: None)
done.join()
words(lambda: _thread.start_joinable_thread(lambda: None, handle=done))
box = []
def join_self():
    while not box:
        time.sleep(0.001)
    words(box[0].join)
box.append(_thread.start_joinable_thread(join_self))
box[0].join()
_thread.stack_size(1 << 46)
failed = _thread._ThreadHandle()
words(lambda: _thread.start_joinable_thread(lambda: None, handle=failed))
print(failed.is_done(), failed.ident)
words(failed.join)
words(lambda: _thread.start_joinable_thread(lambda: None, handle=failed))
";

#[test]
fn handles_speak_python_s_words() {
    let Some(theirs) = ask(HANDLES) else { return };
    let mut ours = Vec::new();
    let unstarted = Handle::unstarted();
    ours.push(unstarted.join().unwrap_err().to_string());
    ours.push(unstarted.set_done().unwrap_err().to_string());
    let done = py_thread::start(|| ()).unwrap();
    done.join().unwrap();
    ours.push(done.start(Builder::new(), || ()).unwrap_err().to_string());
    let (tx, rx) = std::sync::mpsc::channel();
    let join_self = move || {
        let error = Handle::current().unwrap().join().unwrap_err();
        tx.send(error.to_string()).unwrap();
    };
    py_thread::start(join_self).unwrap().join().unwrap();
    ours.push(rx.recv().unwrap());
    let failed = Handle::unstarted();
    let huge = Builder::new().stack_size(1 << (usize::BITS - 18));
    ours.push(failed.start(huge, || ()).unwrap_err().to_string());
    let (done, ident) = (failed.is_done(), failed.ident().map_or(0, |i| i.get()));
    ours.push(format!("{} {ident}", if done { "True" } else { "False" }));
    assert!(failed.join().is_ok());
    ours.push(failed.start(Builder::new(), || ()).unwrap_err().to_string());
    assert_eq!(ours, theirs.lines().collect::<Vec<_>>());
}

const ACQUIRE: &str = r"
import _thread, struct
lock = _thread.allocate_lock()
x = 0x9E3779B97F4A7C15
def random():
    global x
    x ^= x >> 12
    x = (x ^ x << 25) & (1 << 64) - 1
    x ^= x >> 27
    return x * 0x2545F4914F6CDD1D & (1 << 64) - 1
def show(blocking, kind, bits, timeout):
    try:
        lock.acquire(blocking, timeout)
        lock.release()
        result = ''
    except (ValueError, OverflowError) as e:
        result = type(e).__name__ + ': ' + str(e)
    print(int(blocking), kind, bits, result, sep='\t')
special = [-1.0, -0.9999999999, -1.0000000001, 0.0, -0.0, 1.5, 1e-10, -1e-10, 1e100,
           9223372036.0, 9223372037.0, float('inf'), float('nan'), -2.0, -100.0]
floats = special + [struct.unpack('d', struct.pack('Q', random()))[0] for _ in range(3000)]
floats += [(random() % 4000 - 2000) / 1000 for _ in range(1000)]
for v in floats:
    bits = struct.unpack('Q', struct.pack('d', v))[0]
    show(True, 'f', bits, v)
    show(False, 'f', bits, v)
for v in [-100, -2, -1, 0, 1, 9223372036, 9223372037, 2**63 - 1, -2**63]:
    show(True, 'i', v, v)
    show(False, 'i', v, v)
";

#[test]
fn lock_acquire_reads_its_timeout_alike() {
    let Some(theirs) = ask(ACQUIRE) else { return };
    let mut lines = 0;
    for line in theirs.lines() {
        let fields: Vec<_> = line.split('\t').collect();
        let [blocking, kind, number, words] = fields[..] else {
            panic!("{line}");
        };
        let seconds = match kind {
            "f" => Seconds::Float(f64::from_bits(number.parse().unwrap())),
            _ => Seconds::Int(number.parse().unwrap()),
        };
        let ours = match Timeout::parse_acquire(blocking == "1", Some(seconds)) {
            Ok(_) => String::new(),
            Err(e) if e.is_overflow() => format!("OverflowError: {e}"),
            Err(e) => format!("ValueError: {e}"),
        };
        assert_eq!(
            ours,
            super::in_words_of_314(words),
            "{seconds:?} {blocking}"
        );
        lines += 1;
    }
    assert!(lines > 8000);
}

#[test]
fn names_are_as_long_as_python_s() {
    let script = "import _thread; print(getattr(_thread, '_NAME_MAXLEN', ''))";
    let Some(theirs) = ask(script) else { return };
    // 3.13 has no names.
    if !theirs.trim().is_empty() {
        assert_eq!(theirs.trim(), NAME_MAX.to_string());
    }
}
