/* Calls every symbol of py_arena.h, and compares what it hands out with a model of CPython's arena.
 * With the argument `layout` it prints the layout of the table instead. */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "py_arena.h"

#define CHECK(what)                                                              \
    do {                                                                         \
        if (!(what)) {                                                           \
            fprintf(stderr, "%s, line %d: %s\n", __func__, __LINE__, #what);     \
            abort();                                                             \
        }                                                                        \
    } while (0)

/* The head of a block, in CPython and here, as the runtime's malloc sees it. */
/* A block is aligned to 16. Where malloc aligns to less, 16 more are asked for. */
enum { HEAD = 4 * sizeof(size_t), BLOCK = 8192, MORE = sizeof(size_t) < 8 ? 16 : 0 };

/* The heap: remembers the last request and what it gave, and refuses from the n-th on. */
static char *payload(char *memory)
{
    return memory + MORE - (MORE ? (uintptr_t)memory % 16 : 0) + HEAD;
}

static size_t last_size, held, live;
static char *last;
static long left = -1;
static int errors;

static void *logged_malloc(size_t size)
{
    if (left == 0) {
        return NULL;
    }
    left -= left > 0;
    size_t *memory = malloc(size + 2 * sizeof(size_t));
    CHECK(memory != NULL);
    memory[0] = size;
    last_size = size;
    last = (char *)(memory + 2);
    held += size;
    live++;
    return last;
}

static void logged_free(void *memory)
{
    held -= ((size_t *)memory)[-2];
    live--;
    free((size_t *)memory - 2);
}

static void no_memory(void) { errors++; }

/* Objects are small numbers; the order in which they lose their references. */
static uintptr_t released[1000];
static size_t releases;

static void decref(void *object) { released[releases++] = (uintptr_t)object; }

static const PyArena_Runtime runtime = {
    .size = sizeof(PyArena_Runtime),
    .malloc = logged_malloc,
    .free = logged_free,
    .decref = decref,
    .no_memory = no_memory,
};

static size_t random_size(void)
{
    static uint64_t state = 42;
    state = state * 6364136223846793005u + 1442695040888963407u;
    size_t n = state >> 40;
    switch (n % 16) {
    case 0:
        return n % 20000;
    case 1:
        return BLOCK - 16 + n % 32;
    case 2:
        return 0;
    default:
        return n % 100;
    }
}

static void without_a_runtime(void)
{
    PyArena *arena = _PyArena_New();
    CHECK(arena != NULL);
    char *a = _PyArena_Malloc(arena, 5), *b = _PyArena_Malloc(arena, 1);
    CHECK(b == a + 8);
    memset(a, 1, 5);
    CHECK(_PyArena_AddPyObject(arena, a) == 0);
    CHECK(_PyArena_Malloc(arena, SIZE_MAX) == NULL);
    _PyArena_Free(arena);
    CHECK(live == 0 && releases == 0 && errors == 0);
}

static void install(void)
{
    PyArena_Runtime other = runtime;
    other.size--;
    CHECK(PyArena_Install(&other) == -1);
    other = runtime;
    other.free = NULL;
    CHECK(PyArena_Install(&other) == -1);
    CHECK(PyArena_Install(NULL) == -1);
    CHECK(PyArena_Install(&runtime) == 0);
    CHECK(PyArena_Install(&runtime) == -1);
}

/* The blocks, their sizes and each offset are C's. */
static void offsets(void)
{
    PyArena *arena = _PyArena_New();
    CHECK(arena != NULL && live == 2 && last_size == BLOCK + HEAD + MORE);
    size_t size = BLOCK, offset = 0, count = live;
    char *block = payload(last);
    for (int i = 0; i < 100000; i++) {
        size_t asked = random_size(), rounded = (asked + 7) & ~(size_t)7;
        char *memory = _PyArena_Malloc(arena, asked);
        if (offset + rounded > size) {
            size = rounded < BLOCK ? BLOCK : rounded;
            CHECK(live == ++count && last_size == size + HEAD + MORE);
            block = payload(last);
            offset = 0;
        }
        CHECK(live == count && memory == block + offset);
        memset(memory, i, asked);
        offset += rounded;
    }
    _PyArena_Free(arena);
    CHECK(live == 0 && held == 0 && errors == 0);
}

static void objects(void)
{
    PyArena *arena = _PyArena_New();
    char *first = _PyArena_Malloc(arena, 8);
    for (uintptr_t i = 1; i <= 1000; i++) {
        CHECK(_PyArena_AddPyObject(arena, (void *)i) == 0);
    }
    /* They move no offset. */
    CHECK(_PyArena_Malloc(arena, 8) == first + 8);
    CHECK(releases == 0);
    _PyArena_Free(arena);
    CHECK(releases == 1000 && live == 0 && held == 0);
    for (uintptr_t i = 0; i < 1000; i++) {
        CHECK(released[i] == 1000 - i);
    }
    releases = 0;
}

static void out_of_memory(void)
{
    PyArena *arena = NULL;
    for (left = 0; (arena = _PyArena_New()) == NULL; left = errors) {
        CHECK(live == 0 && held == 0);
    }
    CHECK(errors == 2 && live == 2);
    left = 0;
    char *first = _PyArena_Malloc(arena, 8000);
    CHECK(first != NULL);
    CHECK(_PyArena_Malloc(arena, 200) == NULL && errors == 3);
    CHECK(_PyArena_Malloc(arena, SIZE_MAX) == NULL && errors == 4);
    CHECK(_PyArena_Malloc(arena, SIZE_MAX - 7) == NULL && errors == 5);
    CHECK(_PyArena_Malloc(arena, 192) == first + 8000);
    CHECK(_PyArena_AddPyObject(arena, first) == -1 && errors == 6 && releases == 0);
    left = -1;
    CHECK(_PyArena_AddPyObject(arena, first) == 0 && releases == 0);
    _PyArena_Free(arena);
    CHECK(releases == 1 && released[0] == (uintptr_t)first && live == 0 && held == 0);
}

#define PRINT_OFFSET(field) printf("%s %zu\n", #field, offsetof(PyArena_Runtime, field))

static int layout(void)
{
    PRINT_OFFSET(size);
    PRINT_OFFSET(malloc);
    PRINT_OFFSET(free);
    PRINT_OFFSET(decref);
    PRINT_OFFSET(no_memory);
    printf("PyArena_Runtime %zu\n", sizeof(PyArena_Runtime));
    return 0;
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "layout") == 0) {
        return layout();
    }
    without_a_runtime();
    install();
    offsets();
    objects();
    out_of_memory();
    return 0;
}
