/* Calls every symbol of py_sync.h, and checks what it does to the bytes. The argument is the runtime's
 * end_checks_null, or `gil` for a library whose sections take no locks; `layout` prints the layouts
 * instead. */
#define _GNU_SOURCE /* pthread_tryjoin_np */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "py_sync.h"

#define CHECK(what)                                                              \
    do {                                                                         \
        if (!(what)) {                                                           \
            fprintf(stderr, "%s, line %d: %s\n", __func__, __LINE__, #what);     \
            abort();                                                             \
        }                                                                        \
    } while (0)

static const PyTime_t MS = 1000000;

/* The runtime: a thread state is this struct. */
typedef struct {
    uintptr_t sections;
    int attached, detaches, attaches, pending_calls, break_next;
    unsigned long long ident;
} Thread;

typedef struct {
    char header[3];
    PyMutex mutex;
} Object;

static _Thread_local Thread *self;
static int stopped;

static void *current_thread(void) { return self; }
static uintptr_t *section_slot(void *thread) { return &((Thread *)thread)->sections; }
static uint8_t *object_mutex(void *object) { return &((Object *)object)->mutex._bits; }
static int world_stopped(void) { return stopped; }
static unsigned long long thread_ident(void) { return self->ident; }

static void *detach(void)
{
    if (self == NULL || !self->attached) {
        return NULL;
    }
    _PyCriticalSection_SuspendAll(self);
    self->attached = 0;
    self->detaches++;
    return self;
}

static void attach(void *thread)
{
    CHECK(thread == self);
    self->attached = 1;
    self->attaches++;
    _PyCriticalSection_Resume(self);
}

static int make_pending_calls(void)
{
    CHECK(self->attached);
    self->pending_calls++;
    return self->break_next ? -1 : 0;
}

static void fatal_error(const char *function, const char *message)
{
    fprintf(stderr, "%s: %s\n", function, message);
    _exit(77);
}

static PySync_Runtime runtime = {
    .size = sizeof(PySync_Runtime),
    .current_thread = current_thread,
    .section_slot = section_slot,
    .object_mutex = object_mutex,
    .detach = detach,
    .attach = attach,
    .make_pending_calls = make_pending_calls,
    .world_stopped = world_stopped,
    .thread_ident = thread_ident,
    .fatal_error = fatal_error,
};

/* Runs `f(arg)` in an attached thread of its own. */
typedef struct {
    void (*f)(void *);
    void *arg;
    unsigned long long ident;
    pthread_t thread;
} Run;

static void *run(void *arg)
{
    Run *r = arg;
    Thread state = {.attached = 1, .ident = r->ident};
    self = &state;
    r->f(r->arg);
    CHECK(state.attached && state.sections == 0);
    return NULL;
}

static void start(Run *r, void (*f)(void *), void *arg)
{
    static unsigned long long idents = 1;
    *r = (Run){.f = f, .arg = arg, .ident = ++idents};
    CHECK(pthread_create(&r->thread, NULL, run, r) == 0);
}

static void join(Run *r) { CHECK(pthread_join(r->thread, NULL) == 0); }

/* Waits until the byte is `value`: for the other thread, however slow. */
static void await(uint8_t *byte, uint8_t value)
{
    while (__atomic_load_n(byte, __ATOMIC_SEQ_CST) != value) {
        usleep(200);
    }
}

/* What ends the process says the words and exits with 77. */
static void dies(void (*f)(void), const char *words)
{
    int fds[2], status;
    char said[200] = {0};
    CHECK(pipe(fds) == 0);
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        dup2(fds[1], 2);
        f();
        _exit(0);
    }
    CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status));
    CHECK(WEXITSTATUS(status) == 77);
    CHECK(read(fds[0], said, sizeof said - 1) > 0);
    CHECK(strcmp(said, words) == 0);
    close(fds[0]);
    close(fds[1]);
}

/* Signals reach the main thread while it waits, until it says that they may stop. */
static volatile int storming;

static void on_signal(int signal) { (void)signal; }

static void storm(void *main_thread)
{
    while (storming) {
        pthread_kill(*(pthread_t *)main_thread, SIGUSR1);
        usleep(1000);
    }
}

/* --- lock.c --- */

static PyMutex shared;

static void lock_shared(void *unused)
{
    (void)unused;
    PyMutex_Lock(&shared);
    PyMutex_Unlock(&shared);
    CHECK(self->detaches >= 1 && self->attaches == self->detaches);
}

static void unlock_free(void) { PyMutex_Unlock(&shared); }

static void mutex(void)
{
    PyMutex m = {0};
    PyMutex_Lock(&m);
    CHECK(m._bits == 1 && PyMutex_IsLocked(&m));
    CHECK(_PyMutex_LockTimed(&m, 0, _PY_LOCK_DETACH) == PY_LOCK_FAILURE);
    CHECK(_PyMutex_LockTimed(&m, 2 * MS, _PY_LOCK_DETACH) == PY_LOCK_FAILURE);
    CHECK(m._bits == 3);
    PyMutex_Unlock(&m);
    CHECK(m._bits == 0 && !PyMutex_IsLocked(&m));
    CHECK(_PyMutex_TryUnlock(&m) == -1);
    CHECK(_PyMutex_LockTimed(&m, -1, _Py_LOCK_DONT_DETACH) == PY_LOCK_ACQUIRED);
    CHECK(_PyMutex_TryUnlock(&m) == 0);
    dies(unlock_free, "PyMutex_Unlock: unlocking mutex that is not locked\n");

    Run r;
    PyMutex_Lock(&shared);
    start(&r, lock_shared, NULL);
    await(&shared._bits, 3);
    PyMutex_Unlock(&shared);
    join(&r);
    CHECK(shared._bits == 0);
}

static _PyRawMutex raw;
static long raw_count;

static void raw_lock(_PyRawMutex *m)
{
    uintptr_t free = 0;
    if (!__atomic_compare_exchange_n(&m->v, &free, 1, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)) {
        _PyRawMutex_LockSlow(m);
    }
}

static void raw_unlock(_PyRawMutex *m)
{
    uintptr_t locked = 1;
    if (!__atomic_compare_exchange_n(&m->v, &locked, 0, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)) {
        _PyRawMutex_UnlockSlow(m);
    }
}

static void raw_adds(void *unused)
{
    (void)unused;
    for (int i = 0; i < 20000; i++) {
        raw_lock(&raw);
        raw_count++;
        raw_unlock(&raw);
    }
}

static void raw_unlock_free(void) { _PyRawMutex_UnlockSlow(&raw); }

static void raw_mutex(void)
{
    Run r[3];
    for (int i = 0; i < 3; i++) {
        start(&r[i], raw_adds, NULL);
    }
    for (int i = 0; i < 3; i++) {
        join(&r[i]);
    }
    CHECK(raw_count == 60000 && raw.v == 0);
    _PyRawMutex_LockSlow(&raw);
    CHECK(raw.v == 1);
    _PyRawMutex_UnlockSlow(&raw);
    dies(raw_unlock_free, "_PyRawMutex_UnlockSlow: unlocking mutex that is not locked\n");
}

static PyEvent happened;

static void wait_for_it(void *unused)
{
    (void)unused;
    PyEvent_Wait(&happened);
    CHECK(_PyEvent_IsSet(&happened) && self->detaches == self->attaches);
}

static void event(void)
{
    Run r;
    CHECK(PyEvent_WaitTimed(&happened, 0, 1) == 0 && happened.v == 2);
    CHECK(PyEvent_WaitTimed(&happened, 2 * MS, 0) == 0 && !_PyEvent_IsSet(&happened));
    start(&r, wait_for_it, NULL);
    _PyEvent_Notify(&happened);
    join(&r);
    CHECK(happened.v == 1 && PyEvent_WaitTimed(&happened, -1, 1) == 1);
    _PyEvent_Notify(&happened);
}

static int thrice(void *arg) { return ++*(int *)arg < 3 ? -1 : 0; }
static int wrong(void *arg) { (void)arg; return 7; }

static void once_with_wrong_result(void)
{
    _PyOnceFlag flag = {0};
    _PyOnceFlag_CallOnceSlow(&flag, wrong, NULL);
}

static void once_flag(void)
{
    _PyOnceFlag flag = {0};
    int calls = 0;
    CHECK(_PyOnceFlag_CallOnceSlow(&flag, thrice, &calls) == -1 && flag.v == 0);
    CHECK(_PyOnceFlag_CallOnceSlow(&flag, thrice, &calls) == -1);
    CHECK(_PyOnceFlag_CallOnceSlow(&flag, thrice, &calls) == 0 && flag.v == 4);
    CHECK(_PyOnceFlag_CallOnceSlow(&flag, thrice, &calls) == 0 && calls == 3);
    dies(once_with_wrong_result, "unlock_once: invalid result from _PyOnceFlag_CallOnce\n");
}

static _PyRecursiveMutex recursive;

static void not_mine(void *unused)
{
    (void)unused;
    CHECK(!_PyRecursiveMutex_IsLockedByCurrentThread(&recursive));
    CHECK(_PyRecursiveMutex_TryUnlock(&recursive) == -1);
    CHECK(_PyRecursiveMutex_LockTimed(&recursive, MS, _PY_LOCK_DETACH) == PY_LOCK_FAILURE);
}

static void unlock_not_mine(void) { _PyRecursiveMutex_Unlock(&recursive); }

static void recursive_mutex(void)
{
    Run r;
    _PyRecursiveMutex_Lock(&recursive);
    CHECK(recursive.mutex._bits == 1 && recursive.thread == 1 && recursive.level == 0);
    CHECK(_PyRecursiveMutex_LockTimed(&recursive, 0, 0) == PY_LOCK_ACQUIRED);
    CHECK(recursive.level == 1 && _PyRecursiveMutex_IsLockedByCurrentThread(&recursive));
    start(&r, not_mine, NULL);
    join(&r);
    _PyRecursiveMutex_Unlock(&recursive);
    CHECK(_PyRecursiveMutex_TryUnlock(&recursive) == 0 && recursive.thread == 0);
    dies(unlock_not_mine, "_PyRecursiveMutex_Unlock: unlocking a recursive mutex that is not owned "
                          "by the current thread\n");
}

static _PyRWMutex rw;

static void rw_unlock_free(void) { _PyRWMutex_Unlock(&rw); }
static void rw_runlock_free(void) { _PyRWMutex_RUnlock(&rw); }

static void write_it(void *written)
{
    _PyRWMutex_Lock(&rw);
    *(int *)written = 1;
    _PyRWMutex_Unlock(&rw);
}

static void rw_mutex(void)
{
    Run r;
    int written = 0;
    _PyRWMutex_RLock(&rw);
    _PyRWMutex_RLock(&rw);
    CHECK(rw.bits == 8);
    start(&r, write_it, &written);
    while (__atomic_load_n(&rw.bits, __ATOMIC_SEQ_CST) != 10) {
        usleep(200);
    }
    CHECK(!written);
    _PyRWMutex_RUnlock(&rw);
    _PyRWMutex_RUnlock(&rw);
    join(&r);
    _PyRWMutex_Lock(&rw);
    CHECK(written && rw.bits == 1);
    _PyRWMutex_Unlock(&rw);
    CHECK(rw.bits == 0);
    dies(rw_unlock_free, "_PyRWMutex_Unlock: lock was not write-locked\n");
    dies(rw_runlock_free, "_PyRWMutex_RUnlock: lock was not read-locked\n");
}

static void seq_lock(void)
{
    _PySeqLock s = {0};
    uint32_t begun = _PySeqLock_BeginRead(&s);
    _PySeqLock_LockWrite(&s);
    CHECK(s.sequence == 1);
    _PySeqLock_AbandonWrite(&s);
    CHECK(_PySeqLock_EndRead(&s, begun) == 1);
    _PySeqLock_LockWrite(&s);
    _PySeqLock_UnlockWrite(&s);
    CHECK(s.sequence == 2 && _PySeqLock_EndRead(&s, begun) == 0);
    CHECK(_PySeqLock_AfterFork(&s) == 0);
    _PySeqLock_LockWrite(&s);
    CHECK(_PySeqLock_AfterFork(&s) == 1 && s.sequence == 0);
}

/* --- parking_lot.c --- */

static uint8_t key;
static int argument;

static void park_it(void *unused)
{
    (void)unused;
    uint8_t expected = 1;
    CHECK(_PyParkingLot_Park(&key, &expected, 1, -1, &argument, 1) == Py_PARK_OK);
    CHECK(self->detaches == 1 && self->attaches == 1);
}

typedef struct {
    int calls, found, has_more;
} Seen;

static void see(void *arg, void *park_arg, int has_more)
{
    Seen *seen = arg;
    seen->calls++;
    CHECK(park_arg == NULL || park_arg == &argument);
    seen->found += park_arg != NULL;
    seen->has_more = has_more;
}

static void parking_lot(void)
{
    uint16_t two = 7;
    uint32_t four = 7;
    uint64_t eight = 7, no = 8;
    CHECK(_PyParkingLot_Park(&two, &no, 2, -1, NULL, 0) == Py_PARK_AGAIN);
    CHECK(_PyParkingLot_Park(&four, &no, 4, -1, NULL, 0) == Py_PARK_AGAIN);
    CHECK(_PyParkingLot_Park(&eight, &no, 8, -1, NULL, 0) == Py_PARK_AGAIN);
    CHECK(_PyParkingLot_Park(&two, &two, 2, 0, NULL, 0) == Py_PARK_TIMEOUT);
    CHECK(_PyParkingLot_Park(&four, &four, 4, MS, NULL, 1) == Py_PARK_TIMEOUT);
    CHECK(_PyParkingLot_Park(&eight, &eight, 8, 0, NULL, 0) == Py_PARK_TIMEOUT);

    Run r[3];
    Seen seen = {0};
    key = 1;
    for (int i = 0; i < 3; i++) {
        start(&r[i], park_it, NULL);
    }
    /* Two by name, what is left all at once. */
    while (seen.found < 2) {
        _PyParkingLot_Unpark(&key, see, &seen);
    }
    for (int i = 0; i < 3; i++) {
        while (pthread_tryjoin_np(r[i].thread, NULL) != 0) {
            _PyParkingLot_UnparkAll(&key);
        }
    }
    _PyParkingLot_Unpark(&key, see, &seen);
    CHECK(seen.found == 2 && seen.has_more == 0);
}

static _PySemaphore sema;

static void wake_twice(void *unused)
{
    (void)unused;
    _PySemaphore_Wakeup(&sema);
    _PySemaphore_Wakeup(&sema);
}

static void semaphore(void)
{
    Run r;
    _PySemaphore_Init(&sema);
    CHECK(_PySemaphore_Wait(&sema, 0, 0) == Py_PARK_TIMEOUT);
    CHECK(_PySemaphore_Wait(&sema, MS, 1) == Py_PARK_TIMEOUT);
    _PySemaphore_Wakeup(&sema);
    CHECK(_PySemaphore_Wait(&sema, -1, 1) == Py_PARK_OK);
    start(&r, wake_twice, NULL);
    CHECK(_PySemaphore_Wait(&sema, -1, 1) == Py_PARK_OK);
    CHECK(_PySemaphore_Wait(&sema, -1, 0) == Py_PARK_OK);
    join(&r);
    CHECK(_PySemaphore_Wait(&sema, 0, 0) == Py_PARK_TIMEOUT);
    _PySemaphore_Destroy(&sema);
}

/* A signal ends a wait, and only the flag has anything run. */
static void signals(void)
{
    Run r;
    pthread_t main_thread = pthread_self();
    PyMutex m = {0};
    PyEvent e = {0};
    uint8_t one = 1;
    storming = 1;
    start(&r, storm, &main_thread);
    PyMutex_Lock(&m);
    self->pending_calls = 0;
    CHECK(PyEvent_WaitTimed(&e, -1, 1) == 0);
    CHECK(_PyParkingLot_Park(&one, &one, 1, -1, NULL, 1) == Py_PARK_INTR);
    _PySemaphore_Init(&sema);
    CHECK(_PySemaphore_Wait(&sema, -1, 1) == Py_PARK_INTR);
    CHECK(_PyMutex_LockTimed(&m, -1, _PY_FAIL_IF_INTERRUPTED) == PY_LOCK_INTR);
    CHECK(_PyMutex_LockTimed(&m, 20 * MS, _PY_LOCK_DETACH) == PY_LOCK_FAILURE);
    CHECK(self->pending_calls == 0);
    int flags = _PY_LOCK_DETACH | _PY_LOCK_HANDLE_SIGNALS;
    while (self->pending_calls == 0) {
        CHECK(_PyMutex_LockTimed(&m, 20 * MS, flags) == PY_LOCK_FAILURE);
    }
    self->break_next = 1;
    CHECK(_PyMutex_LockTimed(&m, -1, flags) == PY_LOCK_INTR);
    self->break_next = 0;
    PyMutex_Unlock(&m);
    storming = 0;
    join(&r);
}

/* The locks of thread.c. */
static void release(void *lock) { PyThread_release_lock(lock); }

static void thread_locks(void)
{
    Run r;
    pthread_t main_thread = pthread_self();
    PyThread_type_lock lock = PyThread_allocate_lock();
    CHECK(lock != NULL);
    CHECK(PyThread_acquire_lock(lock, 0) == 1 && PyThread_acquire_lock(lock, 0) == 0);
    CHECK(PyThread_acquire_lock_timed(lock, 0, 1) == PY_LOCK_FAILURE);
    CHECK(PyThread_acquire_lock_timed(lock, 2000, 0) == PY_LOCK_FAILURE);
    CHECK(PyThread_acquire_lock_timed_with_retries(lock, 0) == PY_LOCK_FAILURE);
    /* Any thread releases it; who waits without a detach stays attached. */
    int detaches = self->detaches;
    start(&r, release, lock);
    CHECK(PyThread_acquire_lock(lock, 1) == 1);
    join(&r);
    CHECK(self->detaches == detaches);
    CHECK(PyThread_acquire_lock_timed_with_retries(lock, 2 * MS) == PY_LOCK_FAILURE);
    CHECK(self->detaches == detaches + 1);

    storming = 1;
    start(&r, storm, &main_thread);
    CHECK(PyThread_acquire_lock_timed(lock, -1, 1) == PY_LOCK_INTR);
    self->pending_calls = 0;
    CHECK(PyThread_acquire_lock_timed(lock, 20000, 0) == PY_LOCK_FAILURE);
    CHECK(self->pending_calls == 0);
    while (self->pending_calls == 0) {
        CHECK(PyThread_acquire_lock_timed_with_retries(lock, 20 * MS) == PY_LOCK_FAILURE);
    }
    self->break_next = 1;
    CHECK(PyThread_acquire_lock_timed_with_retries(lock, -1) == PY_LOCK_INTR);
    self->break_next = 0;
    storming = 0;
    join(&r);

    int status;
    pid_t child = fork();
    if (child == 0) {
        PyThread_type_lock same = lock, null = NULL;
        CHECK(PyThread_acquire_lock(lock, 0) == 0);
        CHECK(_PyThread_at_fork_reinit(&lock) == 0 && lock == same);
        CHECK(PyThread_acquire_lock(lock, 0) == 1);
        CHECK(_PyThread_at_fork_reinit(&null) == 0 && PyThread_acquire_lock(null, 0) == 1);
        PyThread_release_lock(null);
        PyThread_free_lock(null);
        PyThread_free_lock(lock);
        PyThread_free_lock(NULL);
        _exit(0);
    }
    CHECK(waitpid(child, &status, 0) == child && status == 0);
    PyThread_release_lock(lock);
    CHECK(PyThread_acquire_lock(lock, 0) == 1);
    PyThread_free_lock(lock);
}

static void fork_it(void)
{
    Run r;
    int status;
    PyMutex_Lock(&shared);
    start(&r, lock_shared, NULL);
    await(&shared._bits, 3);
    pid_t child = fork();
    if (child == 0) {
        _PyParkingLot_AfterFork();
        PyMutex_Unlock(&shared);
        _exit(shared._bits);
    }
    CHECK(waitpid(child, &status, 0) == child && status == 0);
    PyMutex_Unlock(&shared);
    join(&r);
}

/* --- critical_section.c --- */

static Object a, b;

static void enter_a(void *unused)
{
    (void)unused;
    PyCriticalSection c;
    PyCriticalSection_Begin(&c, &a);
    CHECK(c._cs_mutex == &a.mutex && self->sections == (uintptr_t)&c);
    PyCriticalSection_End(&c);
}

static void enter_both(void *unused)
{
    (void)unused;
    for (int i = 0; i < 2000; i++) {
        PyCriticalSection2 c;
        PyCriticalSection outer;
        PyCriticalSection_BeginMutex(&outer, &b.mutex);
        if (i % 2) {
            PyCriticalSection2_Begin(&c, &a, &b);
        } else {
            PyCriticalSection2_BeginMutex(&c, &b.mutex, &a.mutex);
        }
        CHECK(self->sections == 0 || a.mutex._bits % 2 == 1);
        PyCriticalSection2_End(&c);
        PyCriticalSection_End(&outer);
    }
}

static void sections(void)
{
    PyCriticalSection c;
    PyCriticalSection2 c2;
    PyCriticalSection_BeginMutex(&c, &a.mutex);
    CHECK(a.mutex._bits == 1 && c._cs_prev == 0 && self->sections == (uintptr_t)&c);
    _PyCriticalSection_SuspendAll(self);
    CHECK(a.mutex._bits == 0 && self->sections == ((uintptr_t)&c | 1));
    CHECK(c._cs_mutex == &a.mutex);
    _PyCriticalSection_SuspendAll(self);
    _PyCriticalSection_Resume(self);
    CHECK(a.mutex._bits == 1 && self->sections == (uintptr_t)&c);
    /* A pair inside takes the outer one's lock over, and gives it back. */
    PyCriticalSection2_Begin(&c2, &b, &a);
    CHECK(a.mutex._bits == 1 && b.mutex._bits == 1);
    CHECK(self->sections == ((uintptr_t)&c2 | 2));
    CHECK(c2._cs_base._cs_prev == ((uintptr_t)&c | 1));
    CHECK(c2._cs_base._cs_mutex < c2._cs_mutex2);
    _PyCriticalSection_SuspendAll(self);
    CHECK(a.mutex._bits == 0 && b.mutex._bits == 0 && self->sections == ((uintptr_t)&c2 | 3));
    _PyCriticalSection_Resume(self);
    PyCriticalSection2_End(&c2);
    CHECK(a.mutex._bits == 1 && b.mutex._bits == 0 && self->sections == (uintptr_t)&c);
    PyCriticalSection_End(&c);
    CHECK(a.mutex._bits == 0 && self->sections == 0);
    PyCriticalSection2_Begin(&c2, &a, &a);
    CHECK(c2._cs_mutex2 == NULL && self->sections == (uintptr_t)&c2 && a.mutex._bits == 1);
    PyCriticalSection2_End(&c2);
    CHECK(a.mutex._bits == 0);
}

static void slow_sections(void)
{
    Run r[3];
    PyCriticalSection c;
    PyCriticalSection2 c2;
    /* As C's inlined begins call them: the first mutex is held already, or none is. */
    PyMutex *first = &a.mutex < &b.mutex ? &a.mutex : &b.mutex;
    PyMutex *second = &a.mutex < &b.mutex ? &b.mutex : &a.mutex;
    PyMutex_Lock(first);
    _PyCriticalSection2_BeginSlow(&c2, first, second, 1);
    CHECK(a.mutex._bits == 1 && b.mutex._bits == 1);
    PyCriticalSection2_End(&c2);
    _PyCriticalSection_BeginSlow(&c, &a.mutex);
    CHECK(c._cs_mutex == &a.mutex && a.mutex._bits == 1);
    /* Another thread waits for it; a sleep of ours lets it in. */
    start(&r[0], enter_a, NULL);
    await(&a.mutex._bits, 3);
    PyEvent e = {0};
    while (pthread_tryjoin_np(r[0].thread, NULL) != 0) {
        CHECK(PyEvent_WaitTimed(&e, MS, 1) == 0);
    }
    CHECK(a.mutex._bits % 2 == 1 && self->sections == (uintptr_t)&c);
    PyCriticalSection_End(&c);
    for (int i = 0; i < 3; i++) {
        start(&r[i], enter_both, NULL);
    }
    for (int i = 0; i < 3; i++) {
        join(&r[i]);
    }
    CHECK(a.mutex._bits == 0 && b.mutex._bits == 0);
}

static void sections_without_a_lock(void)
{
    PyCriticalSection outer, inner;
    PyCriticalSection_Begin(&outer, &a);
    PyCriticalSection_Begin(&inner, &a);
    if (runtime.end_checks_null) {
        CHECK(inner._cs_mutex == NULL && self->sections == (uintptr_t)&outer);
    } else {
        CHECK(inner._cs_mutex == &a.mutex && self->sections == (uintptr_t)&inner);
        CHECK(inner._cs_prev == ((uintptr_t)&outer | 1));
    }
    CHECK(a.mutex._bits == 1);
    PyCriticalSection_End(&inner);
    CHECK(a.mutex._bits == 1 && self->sections == (uintptr_t)&outer);
    PyCriticalSection_End(&outer);
    if (runtime.end_checks_null) {
        PyCriticalSection2 pair;
        PyMutex_Lock(&a.mutex);
        stopped = 1;
        PyCriticalSection2_Begin(&pair, &a, &b);
        CHECK(pair._cs_base._cs_mutex == NULL && self->sections == 0 && b.mutex._bits == 0);
        PyCriticalSection2_End(&pair);
        stopped = 0;
        PyMutex_Unlock(&a.mutex);
    }
}

/* In a library for a runtime with a GIL. */
static void sections_that_do_nothing(void)
{
    PyCriticalSection c;
    PyCriticalSection2 c2;
    PyMutex_Lock(&a.mutex);
    PyCriticalSection_Begin(&c, &a);
    PyCriticalSection_BeginMutex(&c, &a.mutex);
    PyCriticalSection2_Begin(&c2, &a, &b);
    PyCriticalSection2_BeginMutex(&c2, &a.mutex, &b.mutex);
    _PyCriticalSection_BeginSlow(&c, &a.mutex);
    _PyCriticalSection2_BeginSlow(&c2, &a.mutex, &b.mutex, 0);
    CHECK(self->sections == 0 && a.mutex._bits == 1 && b.mutex._bits == 0);
    PyCriticalSection2_End(&c2);
    PyCriticalSection_End(&c);
    CHECK(self->sections == 0 && a.mutex._bits == 1);
    PyMutex_Unlock(&a.mutex);
}

#define PRINT_OFFSET(field) printf("%s %zu\n", #field, offsetof(PySync_Runtime, field))
#define PRINT_SIZE(type) printf("%s %zu\n", #type, sizeof(type))

static int layout(void)
{
    PyCriticalSection c;
    PyCriticalSection_BeginMutex(&c, &a.mutex);
    printf("sections lock %d\n", a.mutex._bits);
    PyCriticalSection_End(&c);
    PRINT_OFFSET(size);
    PRINT_OFFSET(end_checks_null);
    PRINT_OFFSET(current_thread);
    PRINT_OFFSET(section_slot);
    PRINT_OFFSET(object_mutex);
    PRINT_OFFSET(detach);
    PRINT_OFFSET(attach);
    PRINT_OFFSET(make_pending_calls);
    PRINT_OFFSET(world_stopped);
    PRINT_OFFSET(thread_ident);
    PRINT_OFFSET(fatal_error);
    PRINT_SIZE(PySync_Runtime);
    PRINT_SIZE(PyMutex);
    PRINT_SIZE(_PyRawMutex);
    PRINT_SIZE(PyEvent);
    PRINT_SIZE(_PyOnceFlag);
    PRINT_SIZE(_PyRecursiveMutex);
    PRINT_SIZE(_PyRWMutex);
    PRINT_SIZE(_PySeqLock);
    PRINT_SIZE(_PySemaphore);
    PRINT_SIZE(PyCriticalSection);
    PRINT_SIZE(PyCriticalSection2);
    return 0;
}

int main(int argc, char **argv)
{
    CHECK(argc == 2);
    if (strcmp(argv[1], "layout") == 0) {
        return layout();
    }
    int gil = strcmp(argv[1], "gil") == 0;
    runtime.end_checks_null = atoi(argv[1]);
    PySync_Runtime of_another_header = runtime;
    of_another_header.size -= sizeof(void *);
    CHECK(PySync_Install(&of_another_header) == -1);
    CHECK(PySync_Install(&runtime) == 0);
    CHECK(PySync_Install(&runtime) == -1);
    struct sigaction action = {.sa_handler = on_signal};
    CHECK(sigaction(SIGUSR1, &action, NULL) == 0);
    Thread state = {.attached = 1, .ident = 1};
    self = &state;
    mutex();
    raw_mutex();
    event();
    once_flag();
    recursive_mutex();
    rw_mutex();
    seq_lock();
    parking_lot();
    semaphore();
    signals();
    thread_locks();
    fork_it();
    if (gil) {
        sections_that_do_nothing();
    } else {
        sections();
        slow_sections();
        sections_without_a_lock();
    }
    CHECK(state.attached && state.sections == 0 && state.detaches == state.attaches);
    return 0;
}
