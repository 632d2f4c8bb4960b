/* What py-arena wants to know of the CPython that it is linked into. Compiled with its headers. */
#include "Python.h"

#include "py_arena.h"

static void
decref(void *object)
{
    Py_DECREF((PyObject *)object);
}

static void
no_memory(void)
{
    PyErr_NoMemory();
}

static const PyArena_Runtime runtime = {
    .size = sizeof(PyArena_Runtime),
    .malloc = PyMem_Malloc,
    .free = PyMem_Free,
    .decref = decref,
    .no_memory = no_memory,
};

/* Before main: there is no arena yet. */
__attribute__((constructor)) static void
install(void)
{
    if (PyArena_Install(&runtime) != 0) {
        Py_FatalError("an arena runtime is installed already");
    }
}
