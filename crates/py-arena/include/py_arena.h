/* CPython's arena by C's names, as py-arena exports it.
 *
 * A program links a static library whose Rust crate says `py_arena::export_c_api!();`, and calls
 * PyArena_Install once, before it makes an arena, if memory and objects are its own. What each
 * function does, and what it asks of its caller, is in the documentation of `py_arena::c_api`.
 *
 * Next to CPython's own headers, include this one after them: it then declares what is not
 * CPython's, PyArena_Runtime and PyArena_Install, and leaves the rest to them.
 */
#ifndef PY_ARENA_H
#define PY_ARENA_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The functions of a runtime. Each may be null: see `py_arena::c_api::PyArena_Runtime`. */
typedef struct {
    size_t size; /* sizeof(PyArena_Runtime) */
    void *(*malloc)(size_t size);
    void (*free)(void *memory);
    void (*decref)(void *object);
    void (*no_memory)(void);
} PyArena_Runtime;

/* 0, or -1 if a runtime is installed already, this header is not the library's, or one of malloc and
 * free is null. */
int PyArena_Install(const PyArena_Runtime *runtime);

#ifndef Py_PYTHON_H

typedef struct _arena PyArena;

/* Null, and no_memory is called, if there is no memory; so in all of these. */
PyArena *_PyArena_New(void);
void _PyArena_Free(PyArena *arena);

/* Aligned to 8, until the arena is freed. */
void *_PyArena_Malloc(PyArena *arena, size_t size);

/* 0, and the arena has the caller's reference to obj; or -1, and the caller still has it. */
int _PyArena_AddPyObject(PyArena *arena, void *obj);

#endif /* Py_PYTHON_H */

#ifdef __cplusplus
}
#endif
#endif /* PY_ARENA_H */
