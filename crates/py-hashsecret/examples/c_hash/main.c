/* Counts words in C, in a table whose order is that of Python's hash: `c_hash SEED WORD..` puts each
 * word where hash(word.encode()) says, under PYTHONHASHSEED=SEED; SEED may be `random`. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "py_hashsecret.h"

enum { SLOTS = 1024 };

static struct {
    const char *word;
    int count;
} table[SLOTS];

int main(int argc, char **argv)
{
    if (argc < 2 || argc > SLOTS / 2) {
        fprintf(stderr, "usage: %s SEED WORD..\n", argv[0]);
        return 2;
    }
    int seeded = strcmp(argv[1], "random") != 0;
    if (PyHashSecret_Init(seeded, seeded ? strtoul(argv[1], NULL, 10) : 0) != 0) {
        fprintf(stderr, "failed to get random numbers to initialize Python\n");
        return 1;
    }
    for (int i = 2; i < argc; i++) {
        size_t slot = (size_t)Py_HashBuffer(argv[i], (Py_ssize_t)strlen(argv[i])) % SLOTS;
        while (table[slot].word != NULL && strcmp(table[slot].word, argv[i]) != 0) {
            slot = (slot + 1) % SLOTS;
        }
        table[slot].word = argv[i];
        table[slot].count++;
    }
    for (size_t slot = 0; slot < SLOTS; slot++) {
        if (table[slot].word != NULL) {
            printf("%s %d\n", table[slot].word, table[slot].count);
        }
    }
    return 0;
}
