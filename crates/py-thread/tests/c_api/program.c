/* Calls every symbol of py_thread.h. With the argument `layout` it prints the layouts instead. */
#define _GNU_SOURCE
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "py_thread.h"

#define CHECK(what)                                                              \
    do {                                                                         \
        if (!(what)) {                                                           \
            fprintf(stderr, "%s, line %d: %s\n", __func__, __LINE__, #what);     \
            abort();                                                             \
        }                                                                        \
    } while (0)

/* The runtime: threads with an interpreter have its stack size. */
static _Thread_local int has_interpreter;
static size_t of_interpreter;

static size_t *stack_size(void) { return has_interpreter ? &of_interpreter : NULL; }

static const PyThread_Runtime runtime = {
    .size = sizeof(PyThread_Runtime),
    .stack_size = stack_size,
};

/* What a thread says of itself. */
typedef struct {
    PyThread_ident_t ident;
    unsigned long native;
    size_t stack;
    int deep;
} Self;

static size_t own_stack(void)
{
    pthread_attr_t attributes;
    size_t size;
    CHECK(pthread_getattr_np(pthread_self(), &attributes) == 0);
    CHECK(pthread_attr_getstacksize(&attributes, &size) == 0);
    pthread_attr_destroy(&attributes);
    return size;
}

static void say(void *arg)
{
    Self *self = arg;
    self->ident = PyThread_get_thread_ident_ex();
    self->native = PyThread_get_thread_native_id();
    self->stack = own_stack();
}

static Self said(void)
{
    Self self = {0};
    PyThread_ident_t ident = 0;
    PyThread_handle_t handle = 0;
    CHECK(PyThread_start_joinable_thread(say, &self, &ident, &handle) == 0);
    CHECK(PyThread_join_thread(handle) == 0);
    CHECK(self.ident == ident && ident != 0);
    return self;
}

static void idents(void)
{
    Self self = said();
    CHECK(PyThread_get_thread_ident_ex() == (PyThread_ident_t)pthread_self());
    CHECK(PyThread_get_thread_ident() == (unsigned long)pthread_self());
    CHECK(PyThread_get_thread_native_id() == (unsigned long)syscall(SYS_gettid));
    CHECK(self.ident != PyThread_get_thread_ident_ex());
    CHECK(self.native != PyThread_get_thread_native_id());
    CHECK(PY_TIMEOUT_MAX == LLONG_MAX / 1000);
}

static void stack_sizes(void)
{
    /* Without a runtime the process has one. */
    CHECK(PyThread_get_stacksize() == 0);
    CHECK(PyThread_set_stacksize(1 << 20) == 0 && PyThread_get_stacksize() == 1 << 20);
    CHECK(PyThread_set_stacksize(32767) == -1 && PyThread_get_stacksize() == 1 << 20);
    size_t stack = said().stack;
    CHECK(stack >= 1 << 20 && stack < 2 << 20);
    CHECK(PyThread_set_stacksize(0) == 0 && PyThread_get_stacksize() == 0);
    CHECK(said().stack > 2 << 20);

    PyThread_Runtime of_another_header = runtime;
    of_another_header.size++;
    CHECK(PyThread_Install(&of_another_header) == -1);
    CHECK(PyThread_Install(NULL) == -1);
    CHECK(PyThread_Install(&runtime) == 0);
    CHECK(PyThread_Install(&runtime) == -1);

    /* With one, the interpreter has it; a thread without an interpreter starts plain threads. */
    CHECK(PyThread_set_stacksize(1 << 20) == -1 && PyThread_get_stacksize() == 0);
    has_interpreter = 1;
    CHECK(PyThread_set_stacksize(1 << 20) == 0 && of_interpreter == 1 << 20);
    CHECK(PyThread_set_stacksize(1) == -1 && PyThread_get_stacksize() == 1 << 20);
    stack = said().stack;
    CHECK(stack >= 1 << 20 && stack < 2 << 20);
    has_interpreter = 0;
    CHECK(said().stack > 2 << 20);
    has_interpreter = 1;
    CHECK(PyThread_set_stacksize(0) == 0 && of_interpreter == 0);
}

static atomic_int gone;
static pthread_key_t at_exit;

static void left(void *arg)
{
    (void)arg;
    atomic_fetch_add(&gone, 1);
}

static void leave(void *arg)
{
    CHECK(pthread_setspecific(at_exit, arg) == 0);
    if (arg == &gone) {
        PyThread_exit_thread();
    }
}

static void inner(void *arg)
{
    volatile char frame[1000];
    frame[0] = 1;
    leave(arg);
    CHECK(arg != &gone && frame[0] == 1);
}

static void ends(void)
{
    CHECK(pthread_key_create(&at_exit, left) == 0);
    /* One that ends from inside, and one that returns. */
    PyThread_ident_t ident;
    PyThread_handle_t handle;
    CHECK(PyThread_start_joinable_thread(inner, &gone, &ident, &handle) == 0);
    CHECK(PyThread_join_thread(handle) == 0 && gone == 1);
    CHECK(PyThread_start_joinable_thread(inner, &handle, &ident, &handle) == 0);
    CHECK(PyThread_join_thread(handle) == 0 && gone == 2);
    /* Detached before and after, and started so. */
    CHECK(PyThread_start_joinable_thread(inner, &gone, &ident, &handle) == 0);
    CHECK(PyThread_detach_thread(handle) == 0);
    CHECK(PyThread_start_new_thread(inner, &gone) != PYTHREAD_INVALID_THREAD_ID);
    while (gone < 4) {
        usleep(100);
    }
}

static void no_threads(void)
{
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        struct rlimit limit = {.rlim_cur = 64 << 20, .rlim_max = 64 << 20};
        CHECK(setrlimit(RLIMIT_AS, &limit) == 0);
        CHECK(PyThread_set_stacksize(1 << 30) == 0);
        PyThread_ident_t ident;
        PyThread_handle_t handle;
        CHECK(PyThread_start_joinable_thread(say, NULL, &ident, &handle) == -1);
        CHECK(PyThread_start_new_thread(say, NULL) == PYTHREAD_INVALID_THREAD_ID);
        _exit(0);
    }
    int status;
    CHECK(waitpid(child, &status, 0) == child && status == 0);
}

static void hang(void *arg)
{
    atomic_store((atomic_int *)arg, 1);
    PyThread_hang_thread();
}

static void hangs(void)
{
    /* A thread that hangs does not keep the process from its end. */
    atomic_int hung = 0;
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        CHECK(PyThread_start_new_thread(hang, &hung) != PYTHREAD_INVALID_THREAD_ID);
        while (!hung) {
            usleep(100);
        }
        _exit(7);
    }
    int status;
    CHECK(waitpid(child, &status, 0) == child && WEXITSTATUS(status) == 7);
}

static Py_tss_t key = Py_tss_NEEDS_INIT;
static int old_key;

static void other_thread(void *arg)
{
    CHECK(PyThread_tss_get(&key) == NULL && PyThread_get_key_value(old_key) == NULL);
    CHECK(PyThread_tss_set(&key, arg) == 0 && PyThread_tss_get(&key) == arg);
    CHECK(PyThread_set_key_value(old_key, arg) == 0);
    CHECK(PyThread_get_key_value(old_key) == arg);
}

static void storage(void)
{
    CHECK(!PyThread_tss_is_created(&key));
    CHECK(PyThread_tss_create(&key) == 0 && PyThread_tss_is_created(&key));
    pthread_key_t system = key._key;
    CHECK(PyThread_tss_create(&key) == 0 && key._key == system);
    CHECK(PyThread_tss_get(&key) == NULL);
    CHECK(PyThread_tss_set(&key, &system) == 0 && PyThread_tss_get(&key) == &system);
    CHECK(pthread_getspecific(system) == &system);

    old_key = PyThread_create_key();
    CHECK(old_key >= 0 && PyThread_get_key_value(old_key) == NULL);
    CHECK(PyThread_set_key_value(old_key, &system) == 0);
    CHECK(PyThread_get_key_value(old_key) == &system);

    PyThread_ident_t ident;
    PyThread_handle_t handle;
    CHECK(PyThread_start_joinable_thread(other_thread, &handle, &ident, &handle) == 0);
    CHECK(PyThread_join_thread(handle) == 0);
    PyThread_ReInitTLS();
    CHECK(PyThread_tss_get(&key) == &system && PyThread_get_key_value(old_key) == &system);

    PyThread_delete_key_value(old_key);
    CHECK(PyThread_get_key_value(old_key) == NULL);
    PyThread_delete_key(old_key);
    PyThread_tss_delete(&key);
    CHECK(!PyThread_tss_is_created(&key));
    PyThread_tss_delete(&key);

    Py_tss_t *own = PyThread_tss_alloc();
    CHECK(own != NULL && !PyThread_tss_is_created(own) && PyThread_tss_create(own) == 0);
    PyThread_tss_free(own);
    PyThread_tss_free(NULL);

    /* Until the system has no more. */
    Py_tss_t all[PTHREAD_KEYS_MAX + 1] = {Py_tss_NEEDS_INIT};
    int n = 0;
    while (n <= PTHREAD_KEYS_MAX && PyThread_tss_create(&all[n]) == 0) {
        n++;
    }
    CHECK(n > 0 && n <= PTHREAD_KEYS_MAX && !PyThread_tss_is_created(&all[n]));
    CHECK(PyThread_create_key() == -1);
    while (n-- > 0) {
        PyThread_tss_delete(&all[n]);
    }
}

static void conditions(void)
{
    PyCOND_T cond;
    pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
    struct timespec before, deadline, after;
    CHECK(_PyThread_cond_init(&cond) == 0);
    CHECK(pthread_mutex_lock(&mutex) == 0);
    CHECK(clock_gettime(CLOCK_MONOTONIC, &before) == 0);
    _PyThread_cond_after(20000, &deadline);
    CHECK(pthread_cond_timedwait(&cond, &mutex, &deadline) == ETIMEDOUT);
    CHECK(clock_gettime(CLOCK_MONOTONIC, &after) == 0);
    long long ns = (after.tv_sec - before.tv_sec) * 1000000000LL + after.tv_nsec - before.tv_nsec;
    CHECK(ns >= 20000000);
    /* Any number gives a time: past ones are over, far ones far away. */
    _PyThread_cond_after(-1500000, &deadline);
    CHECK(deadline.tv_nsec >= 0 && deadline.tv_nsec < 1000000000);
    CHECK(pthread_cond_timedwait(&cond, &mutex, &deadline) == ETIMEDOUT);
    _PyThread_cond_after(LLONG_MAX, &deadline);
    if (sizeof deadline.tv_sec == 8) {
        CHECK(deadline.tv_sec > after.tv_sec + 9000000000);
    }
    CHECK(deadline.tv_sec > after.tv_sec && deadline.tv_nsec < 1000000000);
    _PyThread_cond_after(0, &deadline);
    CHECK(deadline.tv_sec - after.tv_sec < 3600);
    CHECK(pthread_mutex_unlock(&mutex) == 0 && pthread_cond_destroy(&cond) == 0);
}

static void description(void)
{
    PyThread_Description d;
    memset(&d, 0xff, sizeof(d));
    PyThread_Describe(&d);
    CHECK(strcmp(d.name, "pthread") == 0 && strcmp(d.lock, "semaphore") == 0);
    char version[256] = "";
#ifdef _CS_GNU_LIBPTHREAD_VERSION
    confstr(_CS_GNU_LIBPTHREAD_VERSION, version, sizeof(version));
#endif
    CHECK(strcmp(d.version, version) == 0);
}

static int layout(void)
{
    printf("size %zu\n", offsetof(PyThread_Runtime, size));
    printf("stack_size %zu\n", offsetof(PyThread_Runtime, stack_size));
    printf("PyThread_Runtime %zu\n", sizeof(PyThread_Runtime));
    printf("PyThread_Description %zu\n", sizeof(PyThread_Description));
    printf("Py_tss_t %zu\n", sizeof(Py_tss_t));
    return 0;
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "layout") == 0) {
        return layout();
    }
    PyThread_init_thread();
    PyThread_init_thread();
    idents();
    stack_sizes();
    ends();
    no_threads();
    hangs();
    storage();
    conditions();
    description();
    return 0;
}
