/* What py-sync wants to know of the CPython that it is linked into. Compiled with its headers. */
#include "Python.h"
#include "pycore_pystate.h"

#include "py_sync.h"

static void *
current_thread(void)
{
    return _PyThreadState_GET();
}

static uintptr_t *
section_slot(void *thread)
{
    return &((PyThreadState *)thread)->critical_section;
}

#ifdef Py_GIL_DISABLED
static uint8_t *
object_mutex(void *object)
{
    return &((PyObject *)object)->ob_mutex._bits;
}
#endif

static void *
detach(void)
{
    PyThreadState *tstate = _PyThreadState_GET();
    if (tstate == NULL
        || _Py_atomic_load_int_relaxed(&tstate->state) != _Py_THREAD_ATTACHED) {
        return NULL;
    }
    PyEval_ReleaseThread(tstate);
    return tstate;
}

static void
attach(void *thread)
{
    PyEval_AcquireThread(thread);
}

static void
fatal_error(const char *function, const char *message)
{
    _Py_FatalErrorFunc(function, message);
}

static const PySync_Runtime runtime = {
    .size = sizeof(PySync_Runtime),
    .end_checks_null = PY_VERSION_HEX >= 0x030E0000,
    .current_thread = current_thread,
    .section_slot = section_slot,
#ifdef Py_GIL_DISABLED
    .object_mutex = object_mutex,
#endif
    .detach = detach,
    .attach = attach,
    .make_pending_calls = Py_MakePendingCalls,
    .thread_ident = PyThread_get_thread_ident_ex,
    .fatal_error = fatal_error,
};

/* Before main: nobody else calls it, and no thread has been started. */
__attribute__((constructor)) static void
install(void)
{
    if (PySync_Install(&runtime) != 0) {
        Py_FatalError("a runtime is installed already");
    }
}
