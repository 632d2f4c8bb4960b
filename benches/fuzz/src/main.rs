//! Under `cargo xtask fuzz` this is libFuzzer, on the target that `FUZZ_TARGET` names. Else it runs one
//! target on files: `cargo run -p fuzz -- TARGET FILE..` runs again what libFuzzer has found.
#![cfg_attr(fuzzing, no_main)]

#[cfg(fuzzing)]
mod under_libfuzzer {
    use fuzz::Target;
    use std::sync::OnceLock;

    libfuzzer_sys::fuzz_target!(|data: &[u8]| {
        static TARGET: OnceLock<&Target> = OnceLock::new();
        let named = || {
            let name = std::env::var("FUZZ_TARGET").expect("FUZZ_TARGET names a target");
            // After libFuzzer's own hook, which ends the process at every panic.
            fuzz::hush();
            fuzz::target(&name).expect("FUZZ_TARGET names a target that exists")
        };
        (TARGET.get_or_init(named).run)(data);
    });
}

#[cfg(not(fuzzing))]
fn main() -> std::process::ExitCode {
    let mut args = std::env::args_os().skip(1);
    let name = args.next().unwrap_or_default();
    let Some(target) = fuzz::target(&name.to_string_lossy()) else {
        let names = fuzz::TARGETS.map(|t| t.name).join(", ");
        eprintln!("fuzz: no target {name:?}; there are {names}");
        return std::process::ExitCode::from(2);
    };
    fuzz::hush();
    for path in args {
        match std::fs::read(&path) {
            Ok(data) => (target.run)(&data),
            Err(e) => {
                eprintln!("fuzz: {}: {e}", path.display());
                return std::process::ExitCode::FAILURE;
            }
        }
        println!("{}: ok", path.display());
    }
    std::process::ExitCode::SUCCESS
}
