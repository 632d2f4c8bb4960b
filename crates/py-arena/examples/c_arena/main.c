/* A front end in C over py-arena by CPython's names: sums are parsed into nodes that live in an arena,
 * over a heap that counts, and the names in them are objects with counted references. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "py_arena.h"

/* An object of the runtime: a name, with counted references. */
typedef struct {
    int references;
    char text[16];
} Name;

/* A node: a sum of two, or a name. */
typedef struct Node {
    struct Node *left, *right;
    Name *name;
} Node;

static size_t held, blocks;
static int names;

/* The heap: the system's, with a count. */
static void *counted_malloc(size_t size)
{
    size_t *memory = malloc(size + 2 * sizeof(size_t));
    if (memory == NULL) {
        return NULL;
    }
    memory[0] = size;
    held += size;
    /* A block, with its header. */
    blocks += size / 64 == 8192 / 64;
    return memory + 2;
}

static void counted_free(void *memory)
{
    held -= ((size_t *)memory)[-2];
    free((size_t *)memory - 2);
}

static void decref(void *object)
{
    Name *name = object;
    if (--name->references == 0) {
        names--;
        free(name);
    }
}

static void no_memory(void) { fprintf(stderr, "MemoryError\n"); }

static const PyArena_Runtime runtime = {
    .size = sizeof(PyArena_Runtime),
    .malloc = counted_malloc,
    .free = counted_free,
    .decref = decref,
    .no_memory = no_memory,
};

/* A name that the arena owns. */
static Name *name(PyArena *arena, const char **text)
{
    Name *name = calloc(1, sizeof(Name));
    if (name == NULL) {
        return NULL;
    }
    name->references = 1;
    names++;
    for (size_t n = 0; isalpha((unsigned char)**text) && n + 1 < sizeof(name->text); n++) {
        name->text[n] = *(*text)++;
    }
    if (_PyArena_AddPyObject(arena, name) < 0) {
        decref(name);
        return NULL;
    }
    return name;
}

/* sum: name ('+' sum)?. Nobody frees a node: the arena does. */
static Node *sum(PyArena *arena, const char *text)
{
    Node *node = _PyArena_Malloc(arena, sizeof(Node));
    if (node == NULL) {
        return NULL;
    }
    memset(node, 0, sizeof(*node));
    node->name = name(arena, &text);
    if (node->name == NULL || *text != '+') {
        return node->name != NULL ? node : NULL;
    }
    Node *both = _PyArena_Malloc(arena, sizeof(Node));
    Node *right = sum(arena, text + 1);
    if (both == NULL || right == NULL) {
        return NULL;
    }
    *both = (Node){.left = node, .right = right};
    return both;
}

static int leaves(const Node *node)
{
    return node->name != NULL ? 1 : leaves(node->left) + leaves(node->right);
}

int main(void)
{
    if (PyArena_Install(&runtime) != 0) {
        fprintf(stderr, "the header and the library do not go together\n");
        return 1;
    }
    char text[4000] = "spam";
    for (int i = 1; i < 500; i++) {
        strcat(text, i % 2 ? "+eggs" : "+spam");
    }
    PyArena *arena = _PyArena_New();
    Node *tree = arena != NULL ? sum(arena, text) : NULL;
    if (tree == NULL) {
        return 1;
    }
    printf("%d leaves, %d names, %zu blocks\n", leaves(tree), names, blocks);
    _PyArena_Free(arena);
    printf("%zu bytes held, %d names\n", held, names);
    return 0;
}
