//! The field: where the tanks are, and what their actions do.

/// Where a tank is, and how it is.
#[derive(Clone, Copy, Debug)]
pub struct Body {
    pub x: i32,
    pub y: i32,
    /// 0 north, 1 east, 2 south, 3 west.
    pub heading: i32,
    pub health: i32,
    pub hits: u32,
}

#[derive(Clone, Copy, Debug)]
pub enum Action {
    Move,
    Turn(i64),
    Fire,
}

/// How far a tank sees and shoots.
const RANGE: i32 = 8;

#[derive(Clone, Debug)]
pub struct Field {
    pub side: i32,
    pub bodies: Vec<Body>,
    /// Who is in a cell: its number and one, or 0.
    cells: Vec<u32>,
}

/// SplitMix64: the same numbers everywhere.
pub fn random(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let z = (*state ^ (*state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

impl Field {
    /// A field with room enough, and the tanks at random places.
    pub fn new(agents: usize, seed: u64) -> Field {
        let side = ((agents * 6) as f64).sqrt().ceil().max(16.0) as i32;
        let mut field = Field {
            side,
            bodies: Vec::with_capacity(agents),
            cells: vec![0; (side * side) as usize],
        };
        let mut state = seed;
        while field.bodies.len() < agents {
            let n = random(&mut state);
            let (x, y) = ((n % side as u64) as i32, (n >> 32) as i32 & 0x7FFF_FFFF);
            let y = y % side;
            if field.at(x, y).is_none() {
                let at = field.cell(x, y);
                field.bodies.push(Body {
                    x,
                    y,
                    heading: (random(&mut state) % 4) as i32,
                    health: 3,
                    hits: 0,
                });
                field.cells[at] = field.bodies.len() as u32;
            }
        }
        field
    }

    fn cell(&self, x: i32, y: i32) -> usize {
        (y.rem_euclid(self.side) * self.side + x.rem_euclid(self.side)) as usize
    }

    /// Who is there. The field's edges meet.
    pub fn at(&self, x: i32, y: i32) -> Option<usize> {
        (self.cells[self.cell(x, y)] as usize).checked_sub(1)
    }

    /// The first tank ahead, and its distance.
    pub fn ahead(&self, tank: usize) -> Option<(usize, i32)> {
        let body = &self.bodies[tank];
        let (dx, dy) = direction(body.heading);
        (1..=RANGE).find_map(|d| Some((self.at(body.x + d * dx, body.y + d * dy)?, d)))
    }

    /// Does what the tanks want, in the order of their numbers.
    pub fn apply(&mut self, actions: &[(usize, Action)]) {
        for &(tank, action) in actions {
            let body = self.bodies[tank];
            if body.health <= 0 {
                continue;
            }
            match action {
                Action::Turn(n) => {
                    self.bodies[tank].heading = (i64::from(body.heading) + n).rem_euclid(4) as i32;
                }
                Action::Fire => {
                    if let Some((other, _)) = self.ahead(tank) {
                        self.bodies[tank].hits += 1;
                        let hit = &mut self.bodies[other];
                        hit.health -= 1;
                        if hit.health == 0 {
                            let (x, y) = (hit.x, hit.y);
                            let at = self.cell(x, y);
                            self.cells[at] = 0;
                        }
                    }
                }
                Action::Move => {
                    let (dx, dy) = direction(body.heading);
                    let x = (body.x + dx).rem_euclid(self.side);
                    let y = (body.y + dy).rem_euclid(self.side);
                    if self.at(x, y).is_none() {
                        let (from, to) = (self.cell(body.x, body.y), self.cell(x, y));
                        self.cells[from] = 0;
                        self.cells[to] = tank as u32 + 1;
                        (self.bodies[tank].x, self.bodies[tank].y) = (x, y);
                    }
                }
            }
        }
    }

    /// A number for the whole field (FNV-1a), to compare runs by.
    pub fn checksum(&self) -> u64 {
        let words = self.bodies.iter().flat_map(|b| {
            [
                b.x as u32,
                b.y as u32,
                b.heading as u32,
                b.health as u32,
                b.hits,
            ]
        });
        words
            .flat_map(u32::to_le_bytes)
            .fold(0xCBF2_9CE4_8422_2325, |h, byte| {
                (h ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3)
            })
    }
}

fn direction(heading: i32) -> (i32, i32) {
    match heading {
        0 => (0, -1),
        1 => (1, 0),
        2 => (0, 1),
        _ => (-1, 0),
    }
}
