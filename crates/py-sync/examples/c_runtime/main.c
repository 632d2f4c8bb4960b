/* A runtime in C: thread states, one interpreter lock, and objects with a one-byte mutex each, over
 * py-sync by CPython's names. Two threads move amounts between two accounts in opposite order. */
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "py_sync.h"

/* What CPython calls PyThreadState: here a number, whether it is attached, its innermost section. */
typedef struct {
    unsigned long long ident;
    int attached;
    uintptr_t critical_section;
} Thread;

/* An object: its mutex is one byte of its header. */
typedef struct {
    PyMutex mutex;
    long amount;
} Account;

static _Thread_local Thread *self;

/* Attached threads read-lock the world; who stops it locks it for writing. */
static _PyRWMutex world;

static void *current_thread(void) { return self; }
static uintptr_t *section_slot(void *thread) { return &((Thread *)thread)->critical_section; }
static uint8_t *object_mutex(void *object) { return &((Account *)object)->mutex._bits; }
static unsigned long long thread_ident(void) { return self->ident; }

static void attach(void *thread)
{
    Thread *t = thread;
    _PyRWMutex_RLock(&world);
    t->attached = 1;
    _PyCriticalSection_Resume(t);
}

/* Around every sleep of py-sync, and around blocking calls of the runtime's own. */
static void *detach(void)
{
    if (self == NULL || !self->attached) {
        return NULL;
    }
    _PyCriticalSection_SuspendAll(self);
    self->attached = 0;
    _PyRWMutex_RUnlock(&world);
    return self;
}

static const PySync_Runtime runtime = {
    .size = sizeof(PySync_Runtime),
    .end_checks_null = 1,
    .current_thread = current_thread,
    .section_slot = section_slot,
    .object_mutex = object_mutex,
    .detach = detach,
    .attach = attach,
    .thread_ident = thread_ident,
};

enum { ROUNDS = 20000 };
static Account accounts[2] = {{.amount = 1000000}, {.amount = 1000000}};
static PyEvent start;

/* Callable with or without the accounts' sections held: the inner one then takes no lock. */
static void add(Account *account, long amount)
{
    PyCriticalSection c;
    PyCriticalSection_Begin(&c, account);
    account->amount += amount;
    PyCriticalSection_End(&c);
}

static void *mover(void *arg)
{
    int from = (int)(intptr_t)arg;
    Thread state = {.ident = 2 + from};
    self = &state;
    attach(self);
    PyEvent_Wait(&start);
    for (int i = 0; i < ROUNDS; i++) {
        PyCriticalSection2 c;
        PyCriticalSection2_Begin(&c, &accounts[from], &accounts[1 - from]);
        accounts[from].amount -= 1 + from;
        add(&accounts[1 - from], 1 + from);
        PyCriticalSection2_End(&c);
    }
    detach();
    return NULL;
}

int main(void)
{
    Thread state = {.ident = 1};
    self = &state;
    if (PySync_Install(&runtime) != 0) {
        fprintf(stderr, "the header and the library do not go together\n");
        return 1;
    }
    pthread_t threads[2];
    for (int i = 0; i < 2; i++) {
        if (pthread_create(&threads[i], NULL, mover, (void *)(intptr_t)i) != 0) {
            abort();
        }
    }
    _PyEvent_Notify(&start);
    for (int i = 0; i < 2; i++) {
        pthread_join(threads[i], NULL);
    }
    long moved = (long)ROUNDS * (2 - 1);
    printf("%ld and %ld\n", accounts[0].amount, accounts[1].amount);
    return accounts[0].amount == 1000000 + moved && accounts[1].amount == 1000000 - moved ? 0 : 1;
}
