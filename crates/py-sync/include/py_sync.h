/* CPython's locks, parking lot and critical sections by C's names, as py-sync exports them.
 *
 * A program links a static library whose Rust crate says `py_sync::export_c_api!();`, and calls
 * PySync_Install once, before it starts a thread. What each function does, and what it asks of its
 * caller, is in the documentation of `py_sync::c_api`; all zero bytes are a new lock.
 *
 * Next to CPython's own headers, include this one after them: it then declares what is not
 * CPython's, PySync_Runtime and PySync_Install, and leaves the rest to them.
 */
#ifndef PY_SYNC_H
#define PY_SYNC_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The functions of a runtime. Each may be null: see `py_sync::c_api::PySync_Runtime`. */
typedef struct {
    size_t size; /* sizeof(PySync_Runtime) */
    int end_checks_null;
    void *(*current_thread)(void);
    uintptr_t *(*section_slot)(void *thread);
    uint8_t *(*object_mutex)(void *object);
    void *(*detach)(void);
    void (*attach)(void *thread);
    int (*make_pending_calls)(void);
    int (*world_stopped)(void);
    unsigned long long (*thread_ident)(void);
    void (*fatal_error)(const char *function, const char *message);
} PySync_Runtime;

/* 0, or -1 if a runtime is installed already, or this header is not the library's. */
int PySync_Install(const PySync_Runtime *runtime);

#ifndef Py_PYTHON_H

typedef int64_t PyTime_t; /* nanoseconds; a timeout below 0 is for ever */

/* One byte: 0 unlocked, 1 locked, 2 added while threads are parked. */
typedef struct {
    uint8_t _bits;
} PyMutex;

enum { PY_LOCK_FAILURE = 0, PY_LOCK_ACQUIRED = 1, PY_LOCK_INTR = 2 };
enum {
    _Py_LOCK_DONT_DETACH = 0,
    _PY_LOCK_DETACH = 1,
    _PY_LOCK_HANDLE_SIGNALS = 2,
    _PY_FAIL_IF_INTERRUPTED = 4
};

void PyMutex_Lock(PyMutex *m);
void PyMutex_Unlock(PyMutex *m);
int PyMutex_IsLocked(PyMutex *m);
int _PyMutex_LockTimed(PyMutex *m, PyTime_t timeout_ns, int flags);
int _PyMutex_TryUnlock(PyMutex *m);

/* One word: 0 unlocked, 1 locked, else what only these functions read. */
typedef struct {
    uintptr_t v;
} _PyRawMutex;

void _PyRawMutex_LockSlow(_PyRawMutex *m);
void _PyRawMutex_UnlockSlow(_PyRawMutex *m);

/* One byte: 1 set, 0 not set, 2 not set and threads are parked. */
typedef struct {
    uint8_t v;
} PyEvent;

int _PyEvent_IsSet(PyEvent *evt);
void _PyEvent_Notify(PyEvent *evt);
void PyEvent_Wait(PyEvent *evt);
int PyEvent_WaitTimed(PyEvent *evt, PyTime_t timeout_ns, int detach);

/* One byte: 4 done. */
typedef struct {
    uint8_t v;
} _PyOnceFlag;

typedef int _Py_once_fn_t(void *arg);
int _PyOnceFlag_CallOnceSlow(_PyOnceFlag *flag, _Py_once_fn_t *fn, void *arg);

typedef struct {
    PyMutex mutex;
    /* An atomic word, so aligned to 8 on 32-bit x86 too, where CPython's is aligned to 4. */
    _Alignas(8) unsigned long long thread;
    size_t level;
} _PyRecursiveMutex;

int _PyRecursiveMutex_IsLockedByCurrentThread(_PyRecursiveMutex *m);
void _PyRecursiveMutex_Lock(_PyRecursiveMutex *m);
int _PyRecursiveMutex_LockTimed(_PyRecursiveMutex *m, PyTime_t timeout_ns, int flags);
void _PyRecursiveMutex_Unlock(_PyRecursiveMutex *m);
int _PyRecursiveMutex_TryUnlock(_PyRecursiveMutex *m);

/* One word: 1 a writer, 4 for each reader, 2 added while threads are parked. */
typedef struct {
    uintptr_t bits;
} _PyRWMutex;

void _PyRWMutex_RLock(_PyRWMutex *rwmutex);
void _PyRWMutex_RUnlock(_PyRWMutex *rwmutex);
void _PyRWMutex_Lock(_PyRWMutex *rwmutex);
void _PyRWMutex_Unlock(_PyRWMutex *rwmutex);

/* Odd while a thread writes. */
typedef struct {
    uint32_t sequence;
} _PySeqLock;

void _PySeqLock_LockWrite(_PySeqLock *seqlock);
void _PySeqLock_UnlockWrite(_PySeqLock *seqlock);
void _PySeqLock_AbandonWrite(_PySeqLock *seqlock);
uint32_t _PySeqLock_BeginRead(_PySeqLock *seqlock);
int _PySeqLock_EndRead(_PySeqLock *seqlock, uint32_t previous);
int _PySeqLock_AfterFork(_PySeqLock *seqlock);

enum { Py_PARK_OK = 0, Py_PARK_AGAIN = -1, Py_PARK_TIMEOUT = -2, Py_PARK_INTR = -3 };

typedef void _Py_unpark_fn_t(void *arg, void *park_arg, int has_more_waiters);

int _PyParkingLot_Park(const void *address, const void *expected, size_t address_size,
                       PyTime_t timeout_ns, void *park_arg, int detach);
void _PyParkingLot_Unpark(const void *address, _Py_unpark_fn_t *fn, void *arg);
void _PyParkingLot_UnparkAll(const void *address);
void _PyParkingLot_AfterFork(void);

typedef struct {
    uintptr_t v;
} _PySemaphore;

void _PySemaphore_Init(_PySemaphore *sema);
void _PySemaphore_Destroy(_PySemaphore *sema);
int _PySemaphore_Wait(_PySemaphore *sema, PyTime_t timeout_ns, int detach);
void _PySemaphore_Wakeup(_PySemaphore *sema);

/* The locks of thread.c. Any thread may release one; below 0 microseconds are for ever. */
typedef void *PyThread_type_lock;

PyThread_type_lock PyThread_allocate_lock(void);
void PyThread_free_lock(PyThread_type_lock lock);
int PyThread_acquire_lock(PyThread_type_lock lock, int waitflag);
int PyThread_acquire_lock_timed(PyThread_type_lock lock, long long microseconds, int intr_flag);
int PyThread_acquire_lock_timed_with_retries(PyThread_type_lock lock, PyTime_t timeout_ns);
void PyThread_release_lock(PyThread_type_lock lock);
int _PyThread_at_fork_reinit(PyThread_type_lock *lock);

/* On the C stack, from its begin to its end. */
typedef struct {
    uintptr_t _cs_prev;
    PyMutex *_cs_mutex;
} PyCriticalSection;

typedef struct {
    PyCriticalSection _cs_base;
    PyMutex *_cs_mutex2;
} PyCriticalSection2;

void PyCriticalSection_Begin(PyCriticalSection *c, void *op);
void PyCriticalSection_BeginMutex(PyCriticalSection *c, PyMutex *m);
void PyCriticalSection_End(PyCriticalSection *c);
void PyCriticalSection2_Begin(PyCriticalSection2 *c, void *a, void *b);
void PyCriticalSection2_BeginMutex(PyCriticalSection2 *c, PyMutex *m1, PyMutex *m2);
void PyCriticalSection2_End(PyCriticalSection2 *c);
void _PyCriticalSection_BeginSlow(PyCriticalSection *c, PyMutex *m);
void _PyCriticalSection2_BeginSlow(PyCriticalSection2 *c, PyMutex *m1, PyMutex *m2,
                                   int is_m1_locked);
void _PyCriticalSection_SuspendAll(void *tstate);
void _PyCriticalSection_Resume(void *tstate);

#endif /* Py_PYTHON_H */

#ifdef __cplusplus
}
#endif
#endif /* PY_SYNC_H */
