use benches::frontend::{file::Desk, input::*, peers::Peers, table::Table};
fn main() {
    let paths: Vec<_> = std::env::args().skip(1).map(Into::into).collect();
    let input = Input::find(&paths, Walk::Library);
    let table = Table::new(Peers { keys: (0, 0) }, input.files.len());
    let mut desk = Desk::new(&table, (3, 14).into(), false);
    let (mut t, mut n, mut b) = (0, 0, 0);
    for (i, f) in input.files.iter().enumerate() {
        match desk.file(&f.path, i as u32) {
            Ok(x) => {
                t += x.landed.tokens;
                n += x.landed.nodes;
                b += x.bytes;
                for note in x.notes { println!("{}: {note}", f.path.display()); }
            }
            Err(e) => println!("{}: {e}", f.path.display()),
        }
    }
    for (p, e) in &input.problems { println!("{}: {e}", p.display()); }
    println!("{} files {t} tokens {n} nodes {b} bytes {:?} {:?}", input.files.len(), desk.phases, desk.turns);
}
