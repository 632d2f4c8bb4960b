//! Robot tanks on a field, each a small program in a toy VM, stepped by the ticker:
//! `cargo xtask swarm`.
//!
//! Each round every tank gets a slice, on as many threads as asked for. A tank sees the field of the
//! round before; what it wants is done when all have had their slice, in the order of their numbers.
//! So the result is the same on any number of threads.

mod field;
mod program;
mod shipped;
mod svg;
mod tank;
mod view;

use field::Field;
use program::Program;
use py_thread::micro::{Scheduler, Swarm};
use std::cell::RefCell;
use std::io::IsTerminal;
use std::path::PathBuf;
use std::process::ExitCode;
use std::rc::Rc;
use std::sync::{Arc, Mutex};
use tank::{Shared, Tank, World};

const HELP: &str = "\
Robot tanks on a field, each a small program stepped by the ticker.

cargo xtask swarm [PROGRAM..] [options]
  PROGRAM          plain text files; without one, those that ship with the example
  --agents N       how many tanks (300)
  --threads N      on how many threads (2); the result is the same
  --rounds N       how many rounds (300)
  --seed N         another battle (0)
  --interval N     instructions in a slice (100)
  --headless       print the result only
  --record FILE    draw the final field and the tracks, as SVG

A program has an instruction a line, after its label `L:` if it has one; `;` begins a comment.
  set R V   add R V   mod R V   rand R V   jump L   jlt R V L (if R < V)
  move   turn V   fire   scan R (distance of who is ahead, or 0)
  sleep V   read R (blocks: the length of this program's file)
R is r0 to r7, V a register or a number, L a label.
";

struct Options {
    programs: Vec<PathBuf>,
    agents: usize,
    threads: usize,
    rounds: u64,
    seed: u64,
    interval: u32,
    headless: bool,
    record: Option<PathBuf>,
}

fn options() -> Result<Option<Options>, lexopt::Error> {
    use lexopt::prelude::*;
    let mut options = Options {
        programs: Vec::new(),
        agents: 300,
        threads: 2,
        rounds: 300,
        seed: 0,
        interval: 100,
        headless: false,
        record: None,
    };
    let mut parser = lexopt::Parser::from_env();
    while let Some(arg) = parser.next()? {
        match arg {
            Long("agents") => options.agents = parser.value()?.parse()?,
            Long("threads") => options.threads = parser.value()?.parse()?,
            Long("rounds") => options.rounds = parser.value()?.parse()?,
            Long("seed") => options.seed = parser.value()?.parse()?,
            Long("interval") => options.interval = parser.value()?.parse()?,
            Long("headless") => options.headless = true,
            Long("record") => options.record = Some(parser.value()?.into()),
            Long("help") | Short('h') => return Ok(None),
            Value(path) => options.programs.push(path.into()),
            other => return Err(other.unexpected()),
        }
    }
    if options.agents == 0 || options.agents > 10_000_000 {
        return Err("--agents takes 1 to 10000000".into());
    }
    if options.threads == 0 || options.threads > 1024 {
        return Err("--threads takes 1 to 1024".into());
    }
    Ok(Some(options))
}

/// The programs without a mistake. A program with one is reported and left out.
fn programs(paths: &[PathBuf]) -> (Vec<Arc<Program>>, bool) {
    let mut good = Vec::new();
    let mut all_good = true;
    for path in paths {
        let parsed = match std::fs::read_to_string(path) {
            Ok(text) => program::parse(path, &text).map_err(|fault| fault.to_string()),
            Err(error) => Err(format!("{}: {error}", path.display())),
        };
        match parsed {
            Ok(program) => good.push(Arc::new(program)),
            Err(why) => {
                eprintln!("swarm: {why}");
                all_good = false;
            }
        }
    }
    (good, all_good)
}

/// The threads, each with every n-th tank.
fn start(
    options: &Options,
    programs: &[Arc<Program>],
    field: &Arc<Field>,
) -> Result<Swarm<Tank>, py_thread::StartError> {
    let (programs, first) = (programs.to_vec(), Arc::clone(field));
    let (agents, threads, seed) = (options.agents, options.threads, options.seed);
    let interval = options.interval;
    Swarm::start(threads, move |shard| {
        let world: Shared = Rc::new(RefCell::new(World {
            field: Arc::clone(&first),
            actions: Vec::new(),
        }));
        WORLD.set(Some(Rc::clone(&world)));
        let mut scheduler = Scheduler::new().interval(interval).deterministic(5);
        for number in (shard..agents).step_by(threads) {
            let program = Arc::clone(&programs[number % programs.len()]);
            let id = scheduler.spawn(Tank::new(number, program, seed, Rc::clone(&world)));
            scheduler.detach(id);
        }
        scheduler
    })
}

std::thread_local! {
    /// What the tanks of this thread share.
    static WORLD: RefCell<Option<Shared>> = const { RefCell::new(None) };
}

/// One round of all: what the tanks want, in the order of their numbers.
fn round(swarm: &Swarm<Tank>, field: &Arc<Field>) -> Vec<(usize, field::Action)> {
    let field = Mutex::new(Arc::clone(field));
    let actions = swarm.each(move |_, scheduler| {
        let world = WORLD
            .with_borrow(Clone::clone)
            .expect("made with the scheduler");
        world.borrow_mut().field = Arc::clone(&field.lock().expect("nobody panics with it"));
        scheduler.round();
        let mut world = world.borrow_mut();
        std::mem::take(&mut world.actions)
    });
    let mut actions: Vec<_> = actions.into_iter().flatten().collect();
    actions.sort_by_key(|(tank, _)| *tank);
    actions
}

fn run(options: &Options) -> Result<bool, String> {
    let mut shipped = None;
    let paths = match &options.programs[..] {
        [] => shipped
            .insert(shipped::Folder::new().map_err(|e| format!("the programs' folder: {e}"))?)
            .paths(),
        given => given.to_vec(),
    };
    let (programs, all_good) = programs(&paths);
    if programs.is_empty() {
        return Err("no program is left to play".to_owned());
    }
    let names: Vec<String> = programs.iter().map(|p| p.name.clone()).collect();
    let mut field = Arc::new(Field::new(options.agents, options.seed));
    let swarm = start(options, &programs, &field).map_err(|e| e.to_string())?;
    let is_seen = !options.headless && std::io::stdout().is_terminal();
    let view = if is_seen {
        Some(view::View::open().map_err(|e| e.to_string())?)
    } else {
        None
    };
    let tracked = if options.record.is_some() {
        svg::TRACKED.min(options.agents)
    } else {
        0
    };
    let mut tracks = vec![Vec::new(); tracked];
    for n in 1..=options.rounds {
        for (track, body) in tracks.iter_mut().zip(&field.bodies) {
            track.push((body.x, body.y));
        }
        let actions = round(&swarm, &field);
        Arc::make_mut(&mut field).apply(&actions);
        if let Some(view) = &view
            && !view.draw(&field, n, &names).map_err(|e| e.to_string())?
        {
            break;
        }
    }
    drop(view);
    if let Some(path) = &options.record {
        std::fs::write(path, svg::picture(&field, names.len(), &tracks))
            .map_err(|e| format!("{}: {e}", path.display()))?;
    }
    print(&field, &names);
    Ok(all_good)
}

fn print(field: &Field, names: &[String]) {
    println!(
        "{:<12} {:>8} {:>8} {:>8}",
        "program", "tanks", "alive", "hits"
    );
    for (kind, name) in names.iter().enumerate() {
        let bodies = || field.bodies.iter().skip(kind).step_by(names.len());
        let alive = bodies().filter(|b| b.health > 0).count();
        let hits: u32 = bodies().map(|b| b.hits).sum();
        println!("{name:<12} {:>8} {alive:>8} {hits:>8}", bodies().count());
    }
    println!(
        "field {0} x {0}, checksum {1:016x}",
        field.side,
        field.checksum()
    );
}

fn main() -> ExitCode {
    match options() {
        Ok(None) => {
            print!("{HELP}");
            ExitCode::SUCCESS
        }
        Ok(Some(options)) => match run(&options) {
            Ok(true) => ExitCode::SUCCESS,
            Ok(false) => ExitCode::FAILURE,
            Err(why) => {
                eprintln!("swarm: {why}");
                ExitCode::FAILURE
            }
        },
        Err(why) => {
            eprintln!("swarm: {why}\nTry --help.");
            ExitCode::from(2)
        }
    }
}
