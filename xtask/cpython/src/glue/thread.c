/* What py-thread wants to know of the CPython that it is linked into, and the functions of thread.c that
 * make or read objects. Compiled with its headers. */
#include "Python.h"
#include "pycore_interp.h"
#include "pycore_pylifecycle.h"
#include "pycore_pystate.h"
#include "pycore_pythread.h"
#include "pycore_structseq.h"
#include "pycore_time.h"

#include "py_thread.h"

static size_t *
stack_size(void)
{
    PyThreadState *tstate = _PyThreadState_GET();
    return tstate != NULL ? &tstate->interp->threads.stacksize : NULL;
}

static const PyThread_Runtime runtime = {
    .size = sizeof(PyThread_Runtime),
    .stack_size = stack_size,
};

__attribute__((constructor)) static void
install(void)
{
    if (PyThread_Install(&runtime) != 0) {
        Py_FatalError("a thread runtime is installed already");
    }
}

static PyTypeObject info_type;

static PyStructSequence_Field info_fields[] = {
    {"name", "which threads these are"},
    {"lock", "how locks are made, or None"},
    {"version", "the thread library and its version, or None"},
    {NULL, NULL},
};

static PyStructSequence_Desc info_desc = {
    .name = "sys.thread_info",
    .doc = "sys.thread_info\n\nHow threads and locks are made.",
    .fields = info_fields,
    .n_in_sequence = 3,
};

static PyObject *
text_or_none(const char *text)
{
    return text == NULL || *text == '\0' ? Py_NewRef(Py_None) : PyUnicode_DecodeFSDefault(text);
}

PyObject *
PyThread_GetInfo(void)
{
    if (_PyStructSequence_InitBuiltin(_PyInterpreterState_GET(), &info_type, &info_desc) < 0) {
        return NULL;
    }
    PyObject *info = PyStructSequence_New(&info_type);
    if (info == NULL) {
        return NULL;
    }
    PyThread_Description description;
    PyThread_Describe(&description);
    const char *texts[3] = {description.name, description.lock, description.version};
    for (int i = 0; i < 3; i++) {
        PyObject *text = text_or_none(texts[i]);
        if (text == NULL) {
            Py_DECREF(info);
            return NULL;
        }
        PyStructSequence_SetItem(info, i, text);
    }
    return info;
}

void
_PyThread_FiniType(PyInterpreterState *interp)
{
    _PyStructSequence_FiniBuiltin(interp, &info_type);
}

int
PyThread_ParseTimeoutArg(PyObject *arg, int blocking, PY_TIMEOUT_T *timeout)
{
    int is_given = arg != NULL && arg != Py_None;
    PyTime_t parsed = blocking ? PyThread_UNSET_TIMEOUT : 0;
    const char *wrong = NULL;
    PyObject *type = PyExc_ValueError;
    if (is_given && !blocking) {
        wrong = "can't specify a timeout for a non-blocking call";
    } else if (is_given) {
        if (_PyTime_FromSecondsObject(&parsed, arg, _PyTime_ROUND_TIMEOUT) < 0) {
            return -1;
        }
        if (parsed < 0) {
            wrong = "timeout value must be a non-negative number";
        } else if (_PyTime_AsMicroseconds(parsed, _PyTime_ROUND_TIMEOUT) > PY_TIMEOUT_MAX) {
            type = PyExc_OverflowError;
            wrong = "timeout value is too large";
        }
    }
    if (wrong != NULL) {
        PyErr_SetString(type, wrong);
        return -1;
    }
    *timeout = parsed;
    return 0;
}
