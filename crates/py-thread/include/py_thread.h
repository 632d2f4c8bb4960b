/* CPython's threads by C's names, as py-thread exports them.
 *
 * A program links a static library whose Rust crate says `py_thread::export_c_api!();`. What each
 * function does, and what it asks of its caller, is in the documentation of `py_thread::c_api`. The
 * locks of CPython's thread.c, PyThread_type_lock, are py-sync's.
 *
 * Next to CPython's own headers, include this one after them: it then declares what is not
 * CPython's, and leaves the rest to them.
 */
#ifndef PY_THREAD_H
#define PY_THREAD_H

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The functions of a runtime. Each may be null: see `py_thread::c_api::PyThread_Runtime`. */
typedef struct {
    size_t size; /* sizeof(PyThread_Runtime) */
    size_t *(*stack_size)(void);
} PyThread_Runtime;

/* 0, or -1 if a runtime is installed already, or this header is not the library's. */
int PyThread_Install(const PyThread_Runtime *runtime);

/* How threads are made here: what PyThread_GetInfo puts into an object. */
typedef struct {
    const char *name;
    const char *lock;  /* or null */
    char version[256]; /* or empty */
} PyThread_Description;

void PyThread_Describe(PyThread_Description *out);

#ifndef Py_PYTHON_H

#ifndef _Py_NO_RETURN
#if defined(__GNUC__) || defined(__clang__)
#define _Py_NO_RETURN __attribute__((__noreturn__))
#else
#define _Py_NO_RETURN
#endif
#endif

typedef unsigned long long PyThread_ident_t;
typedef uintptr_t PyThread_handle_t;
typedef void PyThread_func_t(void *arg);

#define PYTHREAD_INVALID_THREAD_ID ((unsigned long)-1)

/* The longest timeout in microseconds. */
extern const long long PY_TIMEOUT_MAX;

void PyThread_init_thread(void);

/* 0 or -1; each handle is to be joined or detached once. */
int PyThread_start_joinable_thread(PyThread_func_t *func, void *arg, PyThread_ident_t *ident,
                                   PyThread_handle_t *handle);
int PyThread_join_thread(PyThread_handle_t handle);
int PyThread_detach_thread(PyThread_handle_t handle);
unsigned long PyThread_start_new_thread(PyThread_func_t *func, void *arg);
void _Py_NO_RETURN PyThread_exit_thread(void);
void _Py_NO_RETURN PyThread_hang_thread(void);

PyThread_ident_t PyThread_get_thread_ident_ex(void);
unsigned long PyThread_get_thread_ident(void);
unsigned long PyThread_get_thread_native_id(void);

/* In bytes; 0 is the system's. */
size_t PyThread_get_stacksize(void);
int PyThread_set_stacksize(size_t size);

/* A pointer per thread. All zero is a key that is not created. */
typedef struct {
    int _is_initialized;
    pthread_key_t _key;
} Py_tss_t;

#define Py_tss_NEEDS_INIT {0}

Py_tss_t *PyThread_tss_alloc(void);
void PyThread_tss_free(Py_tss_t *key);
int PyThread_tss_is_created(Py_tss_t *key);
int PyThread_tss_create(Py_tss_t *key);
void PyThread_tss_delete(Py_tss_t *key);
int PyThread_tss_set(Py_tss_t *key, void *value);
void *PyThread_tss_get(Py_tss_t *key);

/* The same before 3.7, where the system's keys are ints. */
int PyThread_create_key(void);
void PyThread_delete_key(int key);
int PyThread_set_key_value(int key, void *value);
void *PyThread_get_key_value(int key);
void PyThread_delete_key_value(int key);
void PyThread_ReInitTLS(void);

typedef pthread_cond_t PyCOND_T;

/* A condition variable, and its clock so many microseconds from now. */
int _PyThread_cond_init(PyCOND_T *cond);
void _PyThread_cond_after(long long us, struct timespec *abs);

#endif /* Py_PYTHON_H */

#ifdef __cplusplus
}
#endif
#endif /* PY_THREAD_H */
