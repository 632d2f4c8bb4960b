/* Threads in C by CPython's names: each puts its number where its key says, waits in a frame of its own
 * and gives the sum of all back; one ends from inside. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "py_thread.h"

enum { THREADS = 8 };

static Py_tss_t number = Py_tss_NEEDS_INIT;
static long sums[THREADS];

/* Whoever asks in this thread gets this thread's number. */
static long own_number(void) { return (long)(intptr_t)PyThread_tss_get(&number); }

static void work(void *arg)
{
    long *sum = arg;
    if (PyThread_tss_set(&number, (void *)(intptr_t)(sum - sums + 1)) != 0) {
        abort();
    }
    *sum = own_number();
    if (own_number() % 2 == 0) {
        PyThread_exit_thread();
    }
}

int main(void)
{
    PyThread_init_thread();
    if (PyThread_tss_create(&number) != 0 || PyThread_set_stacksize(1 << 20) != 0) {
        return 1;
    }
    PyThread_handle_t handles[THREADS];
    for (int i = 0; i < THREADS; i++) {
        PyThread_ident_t ident;
        if (PyThread_start_joinable_thread(work, &sums[i], &ident, &handles[i]) != 0) {
            fprintf(stderr, "can't start new thread\n");
            return 1;
        }
    }
    long sum = 0;
    for (int i = 0; i < THREADS; i++) {
        if (PyThread_join_thread(handles[i]) != 0) {
            return 1;
        }
        sum += sums[i];
    }
    PyThread_tss_delete(&number);
    printf("%d threads, %ld in all\n", THREADS, sum);
    return 0;
}
