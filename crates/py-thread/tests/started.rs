//! What a thread has while it runs, and what it is from its end on.

use py_thread::{Builder, Handle, Runtime, Timeout, WorkerCache, start};
use std::cell::RefCell;
use std::sync::mpsc::{Sender, channel};
use std::time::Duration;

#[test]
fn an_outcome_tells_a_panic_from_a_return() {
    assert!(start(|| ()).unwrap().join().unwrap().is_returned());
    let panicked = start(|| panic!("planned")).unwrap().join().unwrap();
    assert!(!panicked.is_returned() && panicked.panic().is_some());
}

#[test]
#[cfg(all(target_os = "linux", not(miri)))]
fn a_thread_has_the_name_of_its_builder() {
    let (tx, rx) = channel();
    let named = Builder::new().name("compiler");
    let handle = named.start(move || tx.send(py_thread::current_name()).unwrap());
    assert_eq!(rx.recv().unwrap().as_deref(), Some("compiler"));
    handle.unwrap().join().unwrap();
}

/// On a worker it would have the worker's stack.
#[test]
fn a_thread_with_a_stack_size_is_no_worker() {
    let cache = WorkerCache::new(4);
    let large = Builder::new().stack_size(1 << 20);
    cache.start_with(large, || ()).unwrap().join().unwrap();
    assert_eq!(cache.idle(), 0);
}

/// Between the default of Linux, 8 MiB, and the smallest.
#[test]
#[cfg(all(target_os = "linux", not(miri)))]
fn a_thread_has_the_stack_of_its_registry() {
    let (threads, (tx, rx)) = (py_thread::Threads::new(), channel());
    threads.set_stack_size(2 << 20).unwrap();
    let handle = threads.start(move || tx.send(real_stack_size()).unwrap());
    let real = rx.recv().unwrap();
    assert!((1 << 20..4 << 20).contains(&real), "{real}");
    handle.unwrap().join().unwrap();
}

#[cfg(all(target_os = "linux", not(miri)))]
fn real_stack_size() -> usize {
    let (mut address, mut size) = (std::ptr::null_mut(), 0);
    // SAFETY: a place for the attributes of this thread, which are destroyed below, and for the answer.
    unsafe {
        let mut attributes: libc::pthread_attr_t = std::mem::zeroed();
        let got = libc::pthread_getattr_np(libc::pthread_self(), &mut attributes);
        assert_eq!(got, 0);
        libc::pthread_attr_getstack(&attributes, &mut address, &mut size);
        libc::pthread_attr_destroy(&mut attributes);
    }
    size
}

std::thread_local! {
    static LAST: RefCell<Option<Last>> = const { RefCell::new(None) };
}

/// Runs in a thread-local destructor of its thread.
struct Last(Option<Box<dyn FnOnce() + Send>>);

impl Drop for Last {
    fn drop(&mut self) {
        if let Some(f) = self.0.take() {
            f();
        }
    }
}

/// Has `f` run after the calling thread's function has returned.
fn at_the_end(f: impl FnOnce() + Send + 'static) {
    LAST.with(|last| *last.borrow_mut() = Some(Last(Some(Box::new(f)))));
}

#[test]
fn a_thread_whose_function_has_returned_has_no_handle() {
    let (tx, rx) = channel();
    let handle = start(move || {
        let inside = Handle::current().is_some();
        at_the_end(move || tx.send((inside, Handle::current().is_some())).unwrap());
    });
    assert_eq!(rx.recv().unwrap(), (true, false));
    handle.unwrap().join().unwrap();
}

/// It says when it is about to ask the system.
struct Tells(Sender<()>);

impl Runtime for Tells {
    fn detach<R>(&self, wait: impl FnOnce() -> R) -> R {
        // Nobody listens after the first time.
        let _ = self.0.send(());
        wait()
    }
}

/// In a destructor the thread asks whether it is done. Its joiner, which waits for it in the system's
/// join, must not be waited for.
#[test]
fn a_thread_that_is_being_joined_may_ask_whether_it_is_done() {
    let (tell, told) = channel();
    let handle = start(move || {
        let me = Handle::current().unwrap();
        at_the_end(move || {
            // Once for the sleep until the end, if it came to that, and once for the join.
            while told.recv_timeout(Duration::from_millis(20)).is_ok() {}
            assert!(me.is_done());
        });
    });
    let outcome = handle.unwrap().join_with(Timeout::FOREVER, &Tells(tell));
    assert!(outcome.unwrap().unwrap().is_returned());
}
