//! The programs that ship with the example. They are in the binary, so that it runs anywhere; and
//! since one of them reads its own file, they lie in a folder of their own while it runs.

use std::io;
use std::path::PathBuf;

const PROGRAMS: [(&str, &str); 4] = [
    ("hunter.tank", include_str!("../programs/hunter.tank")),
    ("circler.tank", include_str!("../programs/circler.tank")),
    ("sleeper.tank", include_str!("../programs/sleeper.tank")),
    ("reader.tank", include_str!("../programs/reader.tank")),
];

/// The folder, which goes when this is dropped.
pub struct Folder(PathBuf);

impl Folder {
    /// Writes the programs down in the system's folder for temporary files, in a new folder of its
    /// own: what lies there already may be anybody's.
    pub fn new() -> io::Result<Folder> {
        let (place, process) = (std::env::temp_dir(), std::process::id());
        let mut tries = 0;
        let folder = loop {
            let path = place.join(format!("swarm-{process}-{tries}"));
            match std::fs::create_dir(&path) {
                Ok(()) => break Folder(path),
                Err(e) if e.kind() == io::ErrorKind::AlreadyExists && tries < 100 => tries += 1,
                Err(error) => return Err(error),
            }
        };
        for (name, text) in PROGRAMS {
            std::fs::write(folder.0.join(name), text)?;
        }
        Ok(folder)
    }

    pub fn paths(&self) -> Vec<PathBuf> {
        PROGRAMS.map(|(name, _)| self.0.join(name)).into()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What cannot be removed is left for the system to sweep.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
