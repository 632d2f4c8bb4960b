/* What py-hashsecret wants to know of the CPython that it is linked into, and the one function of
 * CPython's that takes and gives structures of its own. Compiled with its headers. */
#include "Python.h"
#include "pycore_initconfig.h"
#include "pycore_pylifecycle.h"

#include "py_hashsecret.h"

static void *
begin_allow_threads(void)
{
    return PyEval_SaveThread();
}

static void
end_allow_threads(void *thread)
{
    PyEval_RestoreThread(thread);
}

static void
set_error(int error, int errno_, const char *message)
{
    switch (error) {
    case PyHashSecret_OS_ERROR:
        errno = errno_;
        PyErr_SetFromErrno(PyExc_OSError);
        break;
    case PyHashSecret_VALUE_ERROR:
        PyErr_SetString(PyExc_ValueError, message);
        break;
    case PyHashSecret_NOT_IMPLEMENTED:
        PyErr_SetString(PyExc_NotImplementedError, message);
        break;
    default:
        PyErr_SetString(PyExc_RuntimeError, message);
    }
}

static const PyHashSecret_Runtime runtime = {
    .size = sizeof(PyHashSecret_Runtime),
    .begin_allow_threads = begin_allow_threads,
    .end_allow_threads = end_allow_threads,
    .check_signals = PyErr_CheckSignals,
    .set_error = set_error,
};

PyStatus
_Py_HashRandomization_Init(const PyConfig *config)
{
    if (PyHashSecret_Init(config->use_hash_seed, config->hash_seed) != 0) {
        return _PyStatus_ERR("failed to get random numbers to initialize Python");
    }
    return _PyStatus_OK();
}

__attribute__((constructor)) static void
install(void)
{
    if (PyHashSecret_Install(&runtime) != 0) {
        Py_FatalError("a hash secret's runtime is installed already");
    }
}
