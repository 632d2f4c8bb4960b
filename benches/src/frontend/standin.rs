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
    pub fn read(&self) -> T {
        *self.0.lock().unwrap()
    }
    pub fn write(&self, t: T) {
        *self.0.lock().unwrap() = t;
    }
}
#[derive(Default)]
pub struct RwMutex(parking_lot_13::RwLock<()>);
impl RwMutex {
    pub fn new() -> RwMutex {
        RwMutex::default()
    }
    pub fn read_guard(&self) -> parking_lot_13::RwLockReadGuard<'_, ()> {
        self.0.read()
    }
    pub fn try_read_guard(&self) -> Option<parking_lot_13::RwLockReadGuard<'_, ()>> {
        self.0.try_read()
    }
    pub fn write_guard(&self) -> parking_lot_13::RwLockWriteGuard<'_, ()> {
        self.0.write()
    }
    pub fn try_write_guard(&self) -> Option<parking_lot_13::RwLockWriteGuard<'_, ()>> {
        self.0.try_write()
    }
}
pub struct OnceFlag(std::sync::Once);
impl OnceFlag {
    pub fn new() -> OnceFlag {
        OnceFlag(std::sync::Once::new())
    }
    pub fn is_done(&self) -> bool {
        self.0.is_completed()
    }
    pub fn call<E>(&self, f: impl FnOnce() -> Result<(), E>) -> Result<(), E> {
        self.0.call_once(|| drop(f()));
        Ok(())
    }
}
