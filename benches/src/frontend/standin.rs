//! Until the crates land.
use std::sync::{Condvar, Mutex};
use std::time::Duration;
#[derive(Default)]
pub struct Event(Mutex<bool>, Condvar);
impl Event {
    pub fn new() -> Event {
        Event::default()
    }
    pub fn notify(&self) {
        *self.0.lock().unwrap() = true;
        self.1.notify_all();
    }
    pub fn wait(&self) {
        drop(self.1.wait_while(self.0.lock().unwrap(), |s| !*s).unwrap());
    }
    pub fn wait_timed(&self, t: Option<Duration>, _detach: bool) -> bool {
        let g = self.0.lock().unwrap();
        *self.1.wait_timeout_while(g, t.unwrap(), |s| !*s).unwrap().0
    }
}
pub struct SeqCell<T>(Mutex<T>);
impl<T: Copy> SeqCell<T> {
    pub fn new(t: T) -> Self {
        SeqCell(Mutex::new(t))
    }
    pub fn load(&self) -> T {
        *self.0.lock().unwrap()
    }
    pub fn store(&self, t: T) {
        *self.0.lock().unwrap() = t;
    }
}
pub fn with_critical_section<R>(m: &py_sync::Mutex, f: impl FnOnce() -> R) -> R {
    let _a = m.lock_guard();
    f()
}
pub fn with_critical_section2<R>(
    a: &py_sync::Mutex,
    b: &py_sync::Mutex,
    f: impl FnOnce() -> R,
) -> R {
    let (a, b) = if std::ptr::from_ref(a) < std::ptr::from_ref(b) {
        (a, b)
    } else {
        (b, a)
    };
    let _a = a.lock_guard();
    let _b = b.lock_guard();
    f()
}
