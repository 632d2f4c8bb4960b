/* Calls every symbol of py_hashsecret.h, and compares what comes out with CPython's. With the argument
 * `layout` it prints the layout of the table instead. */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <math.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "py_hashsecret.h"

#define CHECK(what)                                                              \
    do {                                                                         \
        if (!(what)) {                                                           \
            fprintf(stderr, "%s, line %d: %s\n", __func__, __LINE__, #what);     \
            abort();                                                             \
        }                                                                        \
    } while (0)

/* The runtime: a thread that is attached, and exceptions that are remembered. */
static int attached = 1, detaches, checks, raises_at;
static int error = -1, error_number;
static char error_message[100];

static void *begin_allow_threads(void)
{
    CHECK(attached);
    attached = 0;
    detaches++;
    return &attached;
}

static void end_allow_threads(void *thread)
{
    CHECK(thread == &attached && !attached);
    attached = 1;
}

static int check_signals(void)
{
    CHECK(attached);
    return ++checks == raises_at ? -1 : 0;
}

static void set_error(int kind, int number, const char *message)
{
    CHECK(attached && error == -1);
    error = kind;
    error_number = number;
    snprintf(error_message, sizeof(error_message), "%s", message);
}

static const PyHashSecret_Runtime runtime = {
    .size = sizeof(PyHashSecret_Runtime),
    .begin_allow_threads = begin_allow_threads,
    .end_allow_threads = end_allow_threads,
    .check_signals = check_signals,
    .set_error = set_error,
};

static int is_random(const unsigned char *bytes, size_t size)
{
    size_t zeros = 0;
    for (size_t i = 0; i < size; i++) {
        zeros += bytes[i] == 0;
    }
    return zeros < size / 64 + 8;
}

static void install(void)
{
    unsigned char bytes[64] = {0};
    CHECK(_PyOS_URandom(bytes, sizeof(bytes)) == 0 && is_random(bytes, sizeof(bytes)));
    CHECK(_PyOS_URandom(bytes, -1) == -1 && detaches == 0);
    PyHashSecret_Runtime of_another_header = runtime;
    of_another_header.size++;
    CHECK(PyHashSecret_Install(&of_another_header) == -1);
    CHECK(PyHashSecret_Install(NULL) == -1);
    CHECK(PyHashSecret_Install(&runtime) == 0);
    CHECK(PyHashSecret_Install(&runtime) == -1);
}

/* Runs `f` in a child of its own, which has no secret yet. */
static void in_child(void (*f)(int), int arg)
{
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        f(arg);
        _exit(0);
    }
    int status;
    CHECK(waitpid(child, &status, 0) == child);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void seeded(int seed)
{
    static const unsigned char zero[24];
    static const unsigned char of_1[4] = {0x29, 0x23, 0xbe, 0x84};
    CHECK(memcmp(_Py_HashSecret.uc, zero, 24) == 0);
    CHECK(PyHashSecret_Init(1, (unsigned long)seed) == 0);
    CHECK((memcmp(_Py_HashSecret.uc, zero, 24) == 0) == (seed == 0));
    if (seed == 1) {
        CHECK(memcmp(_Py_HashSecret.uc, of_1, 4) == 0);
    }
    if (seed == 42) {
        /* PYTHONHASHSEED=42: hash(b"abc"), and of nothing at all. */
        CHECK(_Py_HashBytes("abc", 3) == (Py_hash_t)3869580338025362921);
        CHECK(Py_HashBuffer("abc", 3) == (Py_hash_t)3869580338025362921);
    }
    CHECK(_Py_HashBytes(NULL, 0) == 0 && Py_HashBuffer("", 0) == 0);
    unsigned char before[24];
    memcpy(before, _Py_HashSecret.uc, 24);
    CHECK(PyHashSecret_Init(1, 7) == 0 && PyHashSecret_Init(0, 0) == 0);
    CHECK(memcmp(_Py_HashSecret.uc, before, 24) == 0);
}

static void random_secret(int unused)
{
    (void)unused;
    CHECK(PyHashSecret_Init(0, 7) == 0);
    CHECK(is_random(_Py_HashSecret.uc, 24));
}

/* The secret is read at each hash, as C's is: tests of CPython's write to it. */
static void hashes(void)
{
    const PyHash_FuncDef *func = PyHash_GetFuncDef();
    CHECK(strcmp(func->name, "siphash13") == 0);
    CHECK(func->hash_bits == 64 && func->seed_bits == 128);
    CHECK(PyHash_GetFuncDef() == func);
    CHECK(PyHashSecret_Init(1, 1) == 0);
    Py_hash_t of_1 = Py_HashBuffer("spam", 4);
    CHECK(func->hash("spam", 4) == of_1 && func->hash("", 0) != 0);
    _Py_HashSecret.siphash.k0++;
    CHECK(Py_HashBuffer("spam", 4) != of_1);
    _Py_HashSecret.siphash.k0--;
    CHECK(Py_HashBuffer("spam", 4) == of_1);

    uint64_t keyed = _Py_KeyedHash(1, "abc", 3);
    unsigned char bytes[8];
    for (int i = 0; i < 8; i++) {
        bytes[i] = (unsigned char)(keyed >> (8 * i));
    }
    CHECK(memcmp(bytes, "\xaf\xbd\x63\xb5\x40\xc5\x06\x49", 8) == 0);
    CHECK(_Py_KeyedHash(0, NULL, 0) != 0);

    int object;
    CHECK(_Py_HashDouble(&object, 3.0) == 3 && _Py_HashDouble(&object, -1.0) == -2);
    CHECK(_Py_HashDouble(&object, HUGE_VAL) == 314159);
    CHECK(_Py_HashDouble(&object, -HUGE_VAL) == -314159);
    CHECK(_Py_HashDouble(&object, nan("")) == PyObject_GenericHash(&object));
    CHECK(PyObject_GenericHash(&object) == Py_HashPointer(&object));
    CHECK(Py_HashPointer((void *)0x1230) == 0x123);
    CHECK(Py_HashPointer((void *)UINTPTR_MAX) == -2);
}

static void on_alarm(int signal) { (void)signal; }

static void any_length(void)
{
    enum { SIZE = 20 << 20 };
    unsigned char *bytes = malloc(SIZE);
    CHECK(bytes != NULL);
    int sizes[] = {0, 1, 255, 256, 257, 5000, SIZE};
    /* Signals all along: what they cut short goes on. */
    struct sigaction action = {.sa_handler = on_alarm};
    CHECK(sigaction(SIGALRM, &action, NULL) == 0);
    struct itimerval often = {{0, 500}, {0, 500}}, never = {{0, 0}, {0, 0}};
    CHECK(setitimer(ITIMER_REAL, &often, NULL) == 0);
    for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
        memset(bytes, 0, (size_t)sizes[i]);
        CHECK(_PyOS_URandom(bytes, sizes[i]) == 0);
        CHECK(is_random(bytes, (size_t)sizes[i]));
        memset(bytes, 0, (size_t)sizes[i]);
        CHECK(_PyOS_URandomNonblock(bytes, sizes[i]) == 0);
        CHECK(is_random(bytes, (size_t)sizes[i]));
    }
    CHECK(setitimer(ITIMER_REAL, &never, NULL) == 0);
    free(bytes);
    CHECK(attached && detaches >= 12 && error == -1);
    CHECK(_PyOS_URandom(NULL, -1) == -1 && error == PyHashSecret_VALUE_ERROR);
    CHECK(strcmp(error_message, "negative argument not allowed") == 0);
    error = -1;
}

/* From now on the kernel answers getrandom with this error. */
static int answer_with(int number)
{
    struct sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getrandom, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (unsigned)number),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {.len = 4, .filter = filter};
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0
           && prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

static void kernel_says(int number)
{
    unsigned char bytes[300] = {0};
    if (!answer_with(number)) {
        fprintf(stderr, "skipped: this kernel takes no seccomp filter\n");
        return;
    }
    raises_at = 3;
    int status = _PyOS_URandomNonblock(bytes, sizeof(bytes));
    switch (number) {
    case EINTR:
        /* The third of the handlers that run raises. */
        CHECK(status == -1 && error == -1 && checks == 3);
        break;
    case ENOSYS:
    case EPERM:
        CHECK(status == 0 && is_random(bytes, sizeof(bytes)));
        CHECK(PyHashSecret_Init(0, 0) == 0 && is_random(_Py_HashSecret.uc, 24));
        break;
    case EAGAIN:
        /* Early in boot: a seed is made all the same, os.urandom without a wait is an error. */
        CHECK(status == -1 && error == PyHashSecret_OS_ERROR && error_number == EAGAIN);
        CHECK(PyHashSecret_Init(0, 0) == 0 && is_random(_Py_HashSecret.uc, 24));
        break;
    default:
        CHECK(status == -1 && error == PyHashSecret_OS_ERROR && error_number == number);
        CHECK(PyHashSecret_Init(0, 0) == -1);
        /* Not made: it can be made still. */
        CHECK(PyHashSecret_Init(1, 1) == 0 && _Py_HashSecret.uc[0] == 0x29);
    }
    CHECK(attached);
}

#define PRINT_OFFSET(field) printf("%s %zu\n", #field, offsetof(PyHashSecret_Runtime, field))

static int layout(void)
{
    PRINT_OFFSET(size);
    PRINT_OFFSET(begin_allow_threads);
    PRINT_OFFSET(end_allow_threads);
    PRINT_OFFSET(check_signals);
    PRINT_OFFSET(set_error);
    printf("PyHashSecret_Runtime %zu\n", sizeof(PyHashSecret_Runtime));
    printf("_Py_HashSecret_t %zu\n", sizeof(_Py_HashSecret_t));
    return 0;
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "layout") == 0) {
        return layout();
    }
    install();
    in_child(seeded, 0);
    in_child(seeded, 1);
    in_child(seeded, 42);
    in_child(random_secret, 0);
    in_child(kernel_says, EINTR);
    in_child(kernel_says, ENOSYS);
    in_child(kernel_says, EPERM);
    in_child(kernel_says, EAGAIN);
    in_child(kernel_says, EIO);
    hashes();
    any_length();
    _PyHash_Fini();
    _Py_HashRandomization_Fini();
    return 0;
}
